"""The languages that mails and pages speak around the papers: a folder each, found by its name (``zh_Hans``).

A folder holds all there is of a language: ``LC_MESSAGES/django.po``, the sentences that stand alone, of pages
and of mails that a person waits for; ``mail.py``, those of a digest, which are composed; ``cadences.py``, how
often digests come; ``formats.py``, how Django writes dates; ``starter_topics.toml``, what the starter topics
are called. English is what the sources say, so it has the modules only. How a code is written is
``core.digests.languages``'.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.resources import files
from pkgutil import iter_modules
from types import ModuleType

DEFAULT = "en"
_FOLDERS = {each.name.replace("_", "-").lower(): each.name for each in iter_modules(__path__) if each.ispkg}
INTERFACE_LANGUAGES = tuple(sorted(_FOLDERS, key=lambda code: (code != DEFAULT, code)))
"""What mails and pages are written in around the papers; readers of any other language get English."""
ALIASES: Mapping[str, str] = {
    alias: code
    for code in INTERFACE_LANGUAGES
    for alias in getattr(import_module(f"{__name__}.{_FOLDERS[code]}"), "ALIASES", ())
}


def normal(code: str) -> str:
    """Return a code as it is stored: ``zh_CN`` and ``ZH`` are ``zh-hans``, ``pt_BR`` is ``pt-br``."""
    lowered = code.strip().lower().replace("_", "-")
    return ALIASES.get(lowered, lowered)


def interface_language(code: str) -> str:
    """Return the language in which mails and pages speak to a reader of ``code``."""
    return code if code in INTERFACE_LANGUAGES else DEFAULT


def module_of(code: str, name: str) -> ModuleType:
    """Return the module ``name`` of the language that is spoken to a reader of ``code``."""
    return import_module(f"{__name__}.{_FOLDERS[interface_language(code)]}.{name}")


def gettext_noop(sentence: str) -> str:
    """Mark a sentence for the catalogues that others translate when they show it.

    Django's is not imported for it: settings are read before Django starts.
    """
    return sentence


def starter_names(kind: str, key: str) -> dict[str, str]:
    """Return what one of the starter ``topics`` (by slug) or ``groups`` (by name) is called, by language."""
    return {code: tables[kind][key] for code, tables in _starter_names().items() if key in tables[kind]}


@cache
def _starter_names() -> dict[str, dict[str, dict[str, str]]]:
    found = {code: files(__name__) / folder / "starter_topics.toml" for code, folder in _FOLDERS.items()}
    return {
        code: tomllib.loads(file.read_text(encoding="utf-8"))
        for code, file in found.items()
        if file.is_file()
    }
