"""Language codes: which languages mails and pages have, normal forms, direction of writing."""

from __future__ import annotations

CHROME = ("en", "zh-hans")
"""Languages of mails and pages around the papers; other readers get English."""
ALIASES = {"zh": "zh-hans", "zh-cn": "zh-hans"}
_RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})


def is_checked_in_words(code: str) -> bool:
    """Say whether grounding has tables for ``code``; else only digits and markup are checked."""
    return code == "en" or code.startswith("zh")


def normal(code: str) -> str:
    """Return a code as it is stored: ``zh_CN`` and ``ZH`` are ``zh-hans``, ``pt_BR`` is ``pt-br``."""
    lowered = code.strip().lower().replace("_", "-")
    return ALIASES.get(lowered, lowered)


def chrome_for(code: str) -> str:
    """Return the language of mails and pages for a reader of ``code``."""
    return code if code in CHROME else CHROME[0]


def tag(code: str) -> str:
    """Return the code as HTML wants it (BCP 47): ``zh-Hans``, ``pt-BR``."""
    language, *others = code.split("-")
    return "-".join([language, *(part.title() if len(part) == 4 else part.upper() for part in others)])


def is_right_to_left(code: str) -> bool:
    return code.partition("-")[0] in _RIGHT_TO_LEFT
