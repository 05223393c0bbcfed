"""Small numbers in words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from newsletter.core.digests.languages import is_han
from newsletter.core.digests.typography import NO_BREAK

SMALL = (
    gettext_lazy("none"),
    gettext_lazy("one"),
    gettext_lazy("two"),
    gettext_lazy("three"),
    gettext_lazy("four"),
    gettext_lazy("five"),
    gettext_lazy("six"),
    gettext_lazy("seven"),
    gettext_lazy("eight"),
    gettext_lazy("nine"),
    gettext_lazy("ten"),
)
"""Before what is counted: Chinese says 两, not 二."""


def in_words(number: int, language: str) -> str:
    """Return up to ten in words, else in figures: between Han characters with a space at both sides."""
    if 0 <= number < len(SMALL):
        return str(SMALL[number])
    return f"{NO_BREAK}{number}{NO_BREAK}" if is_han(language) else f"{number:,}"
