"""Every sentence of the pages has its translation, and what is compiled is what is written."""

from __future__ import annotations

import re
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.utils import translation

from newsletter.core.delivery.cadence import OFFERED, Cadence
from newsletter.languages import INTERFACE_LANGUAGES
from newsletter.web.schedules import in_words
from tests.web.messages import used_messages

FOLDERS = sorted(Path(settings.PACKAGE_DIR).glob("languages/*/LC_MESSAGES"))
_PLACEHOLDER = re.compile(r"%\(\w+\)s")


@pytest.fixture(scope="module", params=FOLDERS, ids=lambda folder: folder.parent.name)
def catalogue(request: pytest.FixtureRequest) -> polib.POFile:
    return polib.pofile(str(request.param / "django.po"))


def test_every_language_but_english_has_a_catalogue() -> None:
    names = {folder.parent.name.replace("_", "-").lower() for folder in FOLDERS}
    assert names == {*INTERFACE_LANGUAGES} - {"en"}


def test_every_message_is_translated_and_none_is_left_over(catalogue: polib.POFile) -> None:
    known = {(each.msgid, each.msgid_plural) if each.msgid_plural else each.msgid for each in catalogue}
    assert known == used_messages()
    assert all(each.translated() for each in catalogue)


def test_placeholders_survive_translation(catalogue: polib.POFile) -> None:
    for each in catalogue:
        for said in (each.msgstr, *each.msgstr_plural.values()):
            if said:
                assert set(_PLACEHOLDER.findall(said)) == set(_PLACEHOLDER.findall(each.msgid)), each.msgid


def test_the_compiled_catalogue_is_current(catalogue: polib.POFile) -> None:
    """If this fails: ``newsletter compilemessages``, or ``polib``'s ``save_as_mofile``."""
    file = Path(catalogue.fpath).with_suffix(".mo")
    compiled = {each.msgid: (each.msgstr, each.msgstr_plural) for each in polib.mofile(str(file))}
    assert compiled == {each.msgid: (each.msgstr, each.msgstr_plural) for each in catalogue}


@pytest.mark.parametrize(
    ("cadence", "english", "chinese"),
    [
        ("daily", "every day", "每天"),
        ("weekly:mon,thu", "every Monday and Thursday", "每周一、周四"),
        ("weekly:mon,wed,fri", "every Monday, Wednesday and Friday", "每周一、周三、周五"),
        ("biweekly:tue", "every second Tuesday", "每两周的周二"),
        ("monthly:15", "on the 15th of every month", "每月 15\u00a0日"),
        ("monthly:last", "on the last day of every month", "每月最后一天"),
    ],
)
def test_a_cadence_is_said_in_words(cadence: str, english: str, chinese: str) -> None:
    with translation.override("en"):
        assert in_words(Cadence.parse(cadence)) == english
    with translation.override("zh-hans"):
        assert in_words(Cadence.parse(cadence)) == chinese


def test_the_offered_cadences_are_in_their_canonical_form() -> None:
    assert [str(Cadence.parse(text)) for text in OFFERED] == list(OFFERED)
