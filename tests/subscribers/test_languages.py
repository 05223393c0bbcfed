"""A language that the operator adds: chosen like any other, written by a model, with English around it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from newsletter.audience.mailed_links import MailedLink, Place
from newsletter.config import load_config
from newsletter.core.summaries.summary import DetailLevel
from newsletter.errors import BadInput, ConfigurationError
from newsletter.subscribers.preferences import Preferences
from newsletter.transactional.texts import confirmation
from tests.mail.digests import mail, make_card, make_digest, model_summary


@pytest.fixture
def french(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "CONFIG", settings.CONFIG.model_copy(update={"languages": ("fr", "fa")}))


def test_only_what_is_offered_can_be_chosen(french: None) -> None:  # noqa: ARG001
    assert Preferences.checked(language="FR").language == "fr"
    assert Preferences.checked(language="zh").language == "zh-hans"
    with pytest.raises(BadInput, match="must be one of: en, zh-hans, fr, fa, zh, zh-cn"):
        Preferences.checked(language="de")


def test_without_the_setting_there_are_two() -> None:
    with pytest.raises(BadInput, match="must be one of: en, zh-hans, zh, zh-cn"):
        Preferences.checked(language="fr")


def test_the_setting_takes_codes_once_and_refuses_others(tmp_path: Path) -> None:
    nowhere = tmp_path / "none"
    found = load_config({"NEWSLETTER_LANGUAGES": "fr, pt_BR,FR,zh,en,"}, env_file=nowhere)
    assert found.languages == ("fr", "pt-br")
    with pytest.raises(ConfigurationError, match="NEWSLETTER_LANGUAGES is 'fr,xx', but must be"):
        load_config({"NEWSLETTER_LANGUAGES": "fr,xx"}, env_file=nowhere)


@pytest.mark.django_db
def test_the_sign_up_offers_it_under_its_own_name(client: Client, french: None) -> None:  # noqa: ARG001
    from newsletter.audience.topics import add_topic
    from tests.web.conftest import JOINED

    add_topic("boats", name="Boats", query="cat:cs.RO", now=JOINED)
    page = client.get("/", SERVER_NAME="localhost").content.decode()
    assert re.findall(r'<option value="([\w-]+)" lang="([\w-]+)"[^>]*>([^<]+)', page) == [
        ("en", "en", "English"),
        ("zh-hans", "zh-Hans", "简体中文"),
        ("fr", "fr", "français"),
        ("fa", "fa", "فارسی"),
    ]


def test_a_mail_speaks_english_around_a_french_summary() -> None:
    html, text = mail(make_digest(make_card(language="fr"), language="fr"))
    assert '<html lang="en"' in html.replace("  ", " ") or re.search(r'<html[^>]*lang="en"', html)
    assert re.search(r'<span lang="fr" style="[^"]*">LampNet makes', html)
    assert re.search(r'<li [^>]*><span lang="fr"', html)
    assert "new papers matched" in text
    assert "Read on" in text


def test_persian_runs_from_right_to_left_and_its_quotes_do_not() -> None:
    card = make_card(language="fa", detail=DetailLevel.READING, summary=model_summary(deep=True))
    html, _ = mail(make_digest(card, language="fa"))
    assert re.search(r'<p style="[^"]*direction:rtl[^"]*"><span lang="fa"', html)
    assert not re.search(r'lang="en" style="[^"]*direction:rtl', html)


def test_a_transactional_mail_to_its_subscriber_is_english_down_to_the_dates() -> None:
    link = MailedLink(Place.CONFIRM, "x")
    english = confirmation(language="en", link=link)
    assert confirmation(language="fr", link=link).subject == english.subject
