"""Split a text into segments: highlighted ones, and anchors of quotes.

``core/summaries/normalize.py`` finds quotes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from newsletter.core.summaries.normalize import find_quote, normalize

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment of a text. All segments joined are the text."""

    text: str
    is_highlighted: bool
    is_quoted: bool = False
    """It is in a quote, highlighted or not."""
    anchors: tuple[str, ...] = ()
    """Names of the quotes that begin here."""


def find_quotes(text: str, quotes: Mapping[str, str]) -> dict[str, Span]:
    """Return the span of each quote in ``text``, by name; missing ones are left out."""
    normalized = normalize(text)
    spans = {name: find_quote(quote, source=normalized) for name, quote in quotes.items()}
    return {name: _with_stop(text, span, quote=quotes[name]) for name, span in spans.items() if span}


def _with_stop(text: str, span: Span, *, quote: str) -> Span:
    """Include the full stop of a quoted sentence, which comparison ignores."""
    start, end = span
    follows = text[end : end + 1]
    return (start, end + 1) if follows and follows in ".!?" and quote.rstrip().endswith(follows) else span


def segments(text: str, spans: Mapping[str, Span]) -> list[Segment]:
    """Split ``text`` at the spans and highlight them; they may touch and overlap."""
    return cited(text, quotes=spans, highlights=spans.values())


def cited(text: str, *, quotes: Mapping[str, Span], highlights: Iterable[Span]) -> list[Segment]:
    """Split ``text`` at ``quotes`` and ``highlights``; only the latter are highlighted."""
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
    """Return a quote in segments, with the words that carry its claim highlighted."""
    return segments(quote, {str(number): mark for number, mark in enumerate(highlights)})
