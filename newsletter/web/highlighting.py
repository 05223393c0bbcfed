"""Split a text into segments: highlighted ones, and anchors of quotes.

``core/summaries/normalize.py`` finds quotes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from newsletter.core.summaries.normalize import find_quote, normalize

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment of a text. All segments joined are the text."""

    text: str
    is_highlighted: bool
    anchors: tuple[str, ...] = ()
    """Names of what begins here, for links to it."""
    ends: tuple[int, ...] = ()
    """Numbers of the claims of which a mark ends here."""
    depth: int = 0
    """How many marks it stands in."""


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
    return [
        Segment(text[start:end], is_highlighted=any(left <= start < right for left, right in spans.values()))
        for start, end in _pieces(text, spans.values())
    ]


def numbered(text: str, *, anchors: Mapping[str, Span], marks: Sequence[tuple[int, Span]]) -> list[Segment]:
    """Split ``text`` at the marks, which are highlighted, and at the beginnings of ``anchors``.

    The first mark of claim 2 has the anchor ``m2``. Marks may touch and overlap.
    """
    firsts: dict[str, Span] = {}
    for number, span in marks:
        firsts.setdefault(f"m{number}", span)
    begins = {**anchors, **firsts}
    spans = [*(span for _, span in marks), *((start, start) for start, _ in anchors.values())]
    return [
        Segment(
            text[start:end],
            is_highlighted=any(left <= start < right for _, (left, right) in marks),
            anchors=tuple(name for name, (left, _) in begins.items() if left == start),
            ends=tuple(dict.fromkeys(number for number, (_, right) in marks if right == end)),
            depth=sum(left <= start < right for _, (left, right) in marks),
        )
        for start, end in _pieces(text, spans)
    ]


def _pieces(text: str, spans: Iterable[Span]) -> Iterator[Span]:
    return pairwise(sorted({0, len(text), *(edge for span in spans for edge in span)}))


def highlighted_parts(quote: str, highlights: Iterable[Span]) -> list[Segment]:
    """Return a quote in segments, with the words that carry its claim highlighted."""
    return segments(quote, {str(number): mark for number, mark in enumerate(highlights)})
