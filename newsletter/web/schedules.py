"""The cadences that a form offers, and one in words, in the page's language."""

from __future__ import annotations

from functools import cache, lru_cache

from django.utils import translation
from django.utils.html import format_html_join

from newsletter.core.delivery.cadence import OFFERED, WEEKDAYS, Cadence, period_days
from newsletter.errors import BadInput
from newsletter.languages import module_of


def in_words(cadence: Cadence, *, is_choice: bool = False) -> str:
    words: str = module_of(translation.get_language() or "", "cadences").in_words(
        cadence, is_choice=is_choice
    )
    return words


def choices(current: str) -> list[tuple[str, str]]:
    """Return what a form offers, as (``weekly:mon``, words); a current one that is not among it is first."""
    offered = _offered(translation.get_language() or "")
    if current in OFFERED or not is_cadence(current):
        return list(offered)
    return [(current, in_words(Cadence.parse(current), is_choice=True)), *offered]


@cache
def _offered(language: str) -> list[tuple[str, str]]:  # noqa: ARG001 - of the words
    return [(text, in_words(Cadence.parse(text), is_choice=True)) for text in OFFERED]


@lru_cache(maxsize=1024)
def _options(language: str, current: str) -> str:  # noqa: ARG001 - of the words
    return format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        ((value, " selected" if value == current else "", words) for value, words in choices(current)),
    )


def options(current: str) -> str:
    """Return ``choices`` as the options of a list."""
    return _options(translation.get_language() or "", current)


def slower(current: Cadence) -> list[Cadence]:
    """Return cadences that bring fewer mails than ``current``, on its day of the week where it has one."""
    day = WEEKDAYS[current.weekdays[0] if current.weekdays else 0]
    tried = [Cadence.parse(text) for text in (f"weekly:{day}", f"biweekly:{day}", "monthly:1")]
    return [each for each in tried if period_days(each) > period_days(current)]


def is_cadence(text: str) -> bool:
    try:
        Cadence.parse(text)
    except BadInput:
        return False
    return True
