"""Normalize text for comparison: white space, dashes, quotation marks, ligatures and case do not count.

Finds a quote in a source as a span of the source's own characters. Different words or digits never match.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_DASHES = frozenset("-‐‑‒–—―−﹣－\u00ad")
_QUOTES = dict.fromkeys("'’‘‚‛`´′", "'") | dict.fromkeys('"“”„‟″«»', '"')
_INVISIBLE = frozenset("\u200b\u200c\u200d\u2060\ufeff")
_AROUND_A_QUOTE = " \t\n\"'“”‘’`«»…,;:."


@dataclass(frozen=True, slots=True)
class NormalizedText:
    """Normalized text; ``origins[i]`` is the position of ``text[i]`` in the original."""

    text: str
    origins: tuple[int, ...]


def normalize(text: str) -> NormalizedText:
    """Unify case, ligatures, widths, quotation marks and white space; drop dashes and the space around them.

    Dashes are dropped so that ``multi-view``, ``multi- view`` and ``multiview`` agree. Superscripts stay:
    ``10³`` is not ``103``.
    """
    letters: list[str] = []
    origins: list[int] = []
    after_dash = False
    for position, character in enumerate(text):
        if character in _INVISIBLE:
            continue
        if character in _DASHES:
            if letters and letters[-1] == " ":
                letters.pop()
                origins.pop()
            after_dash = True
            continue
        for normalized in _normalize_character(character):
            if normalized == " " and (after_dash or (letters and letters[-1] == " ")):
                continue
            after_dash = False
            letters.append(normalized)
            origins.append(position)
    return NormalizedText("".join(letters), tuple(origins))


def find_quote(quote: str, *, source: NormalizedText) -> tuple[int, int] | None:
    """Return the span of the original source that matches ``quote``, on whole words, or None.

    Quotation marks, dots and ellipses that a model put around it are ignored if the source lacks them.
    """
    return _find(quote, source=source) or _find(quote.strip(_AROUND_A_QUOTE), source=source)


def _find(quote: str, *, source: NormalizedText) -> tuple[int, int] | None:
    wanted = normalize(quote).text.strip()
    start = source.text.find(wanted) if wanted else -1
    while start >= 0:
        end = start + len(wanted)
        if not _cuts(source, start) and not _cuts(source, end):
            return source.origins[start], source.origins[end - 1] + 1
        start = source.text.find(wanted, start + 1)
    return None


def is_cjk(character: str) -> bool:
    return "\u2e80" <= character <= "\u9fff"


@lru_cache(maxsize=4096)
def _normalize_character(character: str) -> str:
    if character.isspace():
        return " "
    if character in _QUOTES:
        return _QUOTES[character]
    if unicodedata.decomposition(character).startswith(("<super>", "<sub>")):
        return character
    return unicodedata.normalize("NFKC", character).casefold()


def _cuts(source: NormalizedText, position: int) -> bool:
    """Say whether ``position`` stands inside a word or a number: ``5`` is no quote of ``1.5`` or ``500``."""
    if not 0 < position < len(source.text) or source.origins[position] - source.origins[position - 1] > 1:
        return False
    before, after = source.text[position - 1], source.text[position]
    inside_word = before.isalnum() and after.isalnum() and not is_cjk(before) and not is_cjk(after)
    starts_in_decimal = (
        before in ".," and after.isdigit() and source.text[position - 2 : position - 1].isdigit()
    )
    ends_in_decimal = (
        before.isdigit() and after in ".," and source.text[position + 1 : position + 2].isdigit()
    )
    return inside_word or starts_in_decimal or ends_in_decimal
