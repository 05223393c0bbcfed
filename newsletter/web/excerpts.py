"""A matched paper in the workshop: title and excerpts, with highlights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from newsletter.adapters.infra.topic_spans import Reasons, Span, explain
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.query import Field, Query
from newsletter.web.highlighting import Segment, segments

EXCERPTS = 2
_BEFORE, _AFTER = 80, 160
"""Characters shown around a match."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    parts: list[Segment]
    is_cut_before: bool
    is_cut_after: bool


@dataclass(frozen=True, slots=True)
class MatchedPaper:
    record: PaperRecord
    title: list[Segment]
    excerpts: list[Excerpt]
    """Of the abstract; or of the comment or journal reference where only they matched."""
    authors: list[list[Segment]]
    """Those whose names matched."""
    categories: list[Segment]


def matched_paper(record: PaperRecord, *, query: Query, most: int = EXCERPTS) -> MatchedPaper:
    """Return a paper with what of it matched, and at most so many excerpts."""
    reasons = explain(query, record=record) or Reasons()
    return MatchedPaper(
        record=record,
        title=_marked(record.title, reasons.of(Field.TITLE)),
        excerpts=list(_excerpts(record, reasons, most=most)),
        authors=[
            _marked(name, spans)
            for number, name in enumerate(record.authors)
            if (spans := reasons.of(Field.AUTHOR, number))
        ],
        categories=[Segment(code, is_highlighted=code in reasons.categories) for code in record.categories],
    )


def _excerpts(record: PaperRecord, reasons: Reasons, *, most: int) -> Iterator[Excerpt]:
    texts = {
        Field.ABSTRACT: record.abstract,
        Field.COMMENT: record.comment,
        Field.JOURNAL: record.journal_ref,
    }
    for name, text in texts.items():
        spans = reasons.of(name)
        if spans:
            windows = list(_windows(text, spans))[:most]
            yield from (_cut_out(text, window, spans=spans) for window in windows)
            return


def _windows(text: str, spans: Sequence[Span]) -> Iterator[Span]:
    """Yield windows around the spans, on whole words; close spans share one."""
    shown = 0
    for start, end in spans:
        if end <= shown:
            continue
        left = max(shown, start - _BEFORE)
        if left > shown:
            left = min(text.find(" ", left) + 1 or left, start)
        elif text[left : left + 1] == " ":  # where the window before it ended
            left += 1
        shown = min(len(text), end + _AFTER)
        if shown < len(text):
            shown = max(text.rfind(" ", end, shown), end)
        yield left, shown


def _cut_out(text: str, window: Span, *, spans: Sequence[Span]) -> Excerpt:
    left, right = window
    inside = [(start - left, min(end, right) - left) for start, end in spans if left <= start < right]
    return Excerpt(
        parts=_marked(text[left:right], inside), is_cut_before=left > 0, is_cut_after=right < len(text)
    )


def _marked(text: str, spans: Sequence[Span]) -> list[Segment]:
    return segments(text, {str(number): span for number, span in enumerate(spans)})
