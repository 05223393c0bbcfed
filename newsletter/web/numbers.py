"""Small numbers in words."""

from __future__ import annotations

from django.utils.translation import pgettext_lazy

from newsletter.core.digests.languages import is_han

SMALL = (
    pgettext_lazy("count", "none"),
    pgettext_lazy("count", "one"),
    pgettext_lazy("count", "two"),
    pgettext_lazy("count", "three"),
    pgettext_lazy("count", "four"),
    pgettext_lazy("count", "five"),
    pgettext_lazy("count", "six"),
    pgettext_lazy("count", "seven"),
    pgettext_lazy("count", "eight"),
    pgettext_lazy("count", "nine"),
    pgettext_lazy("count", "ten"),
)
"""Before what is counted: Chinese says 两, not 二."""


def in_words(number: int, language: str) -> str:
    """Return up to ten in words, else in figures; Chinese groups no thousands."""
    if 0 <= number < len(SMALL):
        return str(SMALL[number])
    return str(number) if is_han(language) else f"{number:,}"
