"""Codes of languages: how each is written."""

from __future__ import annotations

_RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})


def is_checked_in_words(code: str) -> bool:
    """Say whether grounding has tables for ``code``: elsewhere only digits and markup count."""
    return code == "en" or is_han(code)


def is_han(code: str) -> bool:
    """Say whether it is written in Han characters alone: larger, without spaces, thousands not grouped."""
    return code.startswith("zh")


def tag(code: str) -> str:
    """Return the code as HTML wants it (BCP 47): ``zh-Hans``, ``pt-BR``."""
    language, *others = code.split("-")
    return "-".join([language, *(part.title() if len(part) == 4 else part.upper() for part in others)])


def is_right_to_left(code: str) -> bool:
    return code.partition("-")[0] in _RIGHT_TO_LEFT
