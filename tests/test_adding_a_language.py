"""A language is one folder: with it in place mails, pages and settings speak it; nothing else is touched."""

from __future__ import annotations

import inspect
import os
import shutil
import subprocess
import sys
from pathlib import Path

import polib
import pytest
from django.conf import settings

from newsletter.core.delivery.cadence import OFFERED, Cadence, Rhythm
from newsletter.languages import INTERFACE_LANGUAGES, module_of
from newsletter.mail.words import Words, words_for

PACKAGE = Path(settings.PACKAGE_DIR)
ASK = """
import django
django.setup()
from django.conf import settings
from django.utils import translation
from newsletter.audience.mailed_links import MailedLink, Place
from newsletter.languages import INTERFACE_LANGUAGES, interface_language, normal, starter_names
from newsletter.mail.words import words_for
from newsletter.subscribers.preferences import Preferences
from newsletter.transactional.texts import confirmation

assert dict(settings.LANGUAGES)["fr"] == "français", settings.LANGUAGES
assert INTERFACE_LANGUAGES == ("en", "fr", "zh-hans"), INTERFACE_LANGUAGES
assert (interface_language("fr"), normal("fr_FR")) == ("fr", "fr")
assert Preferences.checked(language="FR").language == "fr"
assert words_for("fr").labels["save"] == "Garder"
assert words_for("de").labels["save"] == "Save"
assert starter_names("topics", "video-generation")["fr"] == "Génération vidéo"
assert "fr" not in starter_names("topics", "image-generation")
confirm = confirmation(language="fr", link=MailedLink(Place.CONFIRM, "x"))
assert confirm.subject == "Veuillez confirmer", confirm.subject
with translation.override("fr"):
    from newsletter.core.delivery.cadence import Cadence
    from newsletter.web.schedules import in_words
    assert in_words(Cadence.parse("daily")) == "chaque jour"
    from django.utils import formats
    assert formats.get_format("DATE_FORMAT") == "d/m/Y"
"""


def test_a_folder_is_all_it_takes(tmp_path: Path) -> None:
    copy = tmp_path / "newsletter"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(settings.TEMPLATE_DIR, copy / "templates", dirs_exist_ok=True)
    french = copy / "languages" / "fr"
    messages = french / "LC_MESSAGES"
    messages.mkdir(parents=True)
    (french / "__init__.py").write_text('ALIASES = ("fr-fr",)\n', encoding="utf-8")
    english = (PACKAGE / "languages" / "en" / "mail.py").read_text(encoding="utf-8")
    (french / "mail.py").write_text(english.replace('"Save"', '"Garder"'), encoding="utf-8")
    cadences = (PACKAGE / "languages" / "en" / "cadences.py").read_text(encoding="utf-8")
    (french / "cadences.py").write_text(cadences.replace('"every day"', '"chaque jour"'), encoding="utf-8")
    (french / "formats.py").write_text('DATE_FORMAT = "d/m/Y"\n', encoding="utf-8")
    topics = '[topics]\nvideo-generation = "Génération vidéo"\n[groups]\n'
    (french / "starter_topics.toml").write_text(topics, encoding="utf-8")
    catalogue = polib.POFile()
    catalogue.metadata = {"Content-Type": "text/plain; charset=UTF-8"}
    asked = "Please confirm: new arXiv papers by mail"
    catalogue.append(polib.POEntry(msgid=asked, msgstr="Veuillez confirmer"))
    catalogue.save_as_mofile(str(messages / "django.mo"))

    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "newsletter.settings",
        "NEWSLETTER_DATA_DIR": str(tmp_path / "data"),
    }
    asking = [sys.executable, "-c", ASK]
    done = subprocess.run(asking, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("code", INTERFACE_LANGUAGES)
def test_a_languages_words_have_every_method_of_the_mail(code: str) -> None:
    words = module_of(code, "mail").MailWords
    asked = [
        (name, each) for name, each in vars(Words).items() if inspect.isfunction(each) and name[0] != "_"
    ]
    assert len(asked) > 20
    for name, each in asked:
        own = inspect.signature(getattr(words, name))
        assert list(own.parameters) == list(inspect.signature(each).parameters), name
        assert [kind.kind for kind in own.parameters.values()] == [
            kind.kind for kind in inspect.signature(each).parameters.values()
        ]
    assert set(words.labels) == set(words_for("en").labels)


@pytest.mark.parametrize("code", INTERFACE_LANGUAGES)
def test_a_language_has_words_for_every_cadence(code: str) -> None:
    in_words = module_of(code, "cadences").in_words
    for is_choice in (False, True):
        said = [in_words(Cadence.parse(text), is_choice=is_choice) for text in OFFERED]
        assert all(said)
        assert len(set(said)) == len(OFFERED)
    assert {Cadence.parse(text).rhythm for text in OFFERED} == {*Rhythm}
