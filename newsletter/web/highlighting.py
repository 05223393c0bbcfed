"""Where quotes stand in a text: the text in pieces, some marked, some the place a link leads to.

Finding a quote is ``core.folding``'s.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from newsletter.core.summaries.normalize import find_quote, normalize

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a text. All pieces joined are the text."""

    text: str
    is_highlighted: bool
    is_quoted: bool = False
    """It stands in a quote, marked or not."""
    anchors: tuple[str, ...] = ()
    """Names of the quotes that begin here."""


def find_quotes(text: str, quotes: Mapping[str, str]) -> dict[str, Span]:
    """Return where each quote stands in ``text``, by name; one that does not occur is left out."""
    normalized = normalize(text)
    spans = {name: find_quote(quote, source=normalized) for name, quote in quotes.items()}
    return {name: _with_stop(text, span, quote=quotes[name]) for name, span in spans.items() if span}


def _with_stop(text: str, span: Span, *, quote: str) -> Span:
    """Take in the full stop of a quoted sentence, which does not count when quotes are compared."""
    start, end = span
    follows = text[end : end + 1]
    return (start, end + 1) if follows and follows in ".!?" and quote.rstrip().endswith(follows) else span


def segments(text: str, spans: Mapping[str, Span]) -> list[Segment]:
    """Cut ``text`` where a span begins or ends, and mark the spans; they may touch and overlap."""
    return cited(text, quotes=spans, highlights=spans.values())


def cited(text: str, *, quotes: Mapping[str, Span], highlights: Iterable[Span]) -> list[Segment]:
    """Cut ``text`` where one of ``quotes`` or ``highlights`` begins or ends; only the latter are marked."""
    highlights = list(highlights)
    edges = sorted({0, len(text), *(edge for span in (*quotes.values(), *highlights) for edge in span)})
    return [
        Segment(
            text[start:end],
            is_highlighted=any(left <= start < right for left, right in highlights),
            is_quoted=any(left <= start < right for left, right in quotes.values()),
            anchors=tuple(name for name, (left, _) in quotes.items() if left == start),
        )
        for start, end in pairwise(edges)
    ]


def highlighted_parts(quote: str, highlights: Iterable[Span]) -> list[Segment]:
    """Return a quote in pieces, the words that carry its claim marked."""
    return segments(quote, {str(number): mark for number, mark in enumerate(highlights)})
