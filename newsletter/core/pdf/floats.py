"""What stands beside the running text: captions and footnotes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from newsletter.core.pdf.columns import Placed
from newsletter.core.pdf.lines import Box, Line, Span

LEADING = 1.55
"""In sizes of the letters: a larger step between baselines begins something else."""
FOOTNOTE_SIZE = 0.94
"""Of the body's size."""
LABEL = re.compile(
    r"(?P<kind>fig(?:ure|\.)?|tab(?:le|\.)?|algorithm)\s*(?P<number>[A-Z]?\.?\d{1,3}(?:\.\d{1,2})?|[IVX]{1,5})"
    r"\s*(?P<end>[:.|–—-]|$)?\s*",
    re.I,
)
_MARK = re.compile(r"(?:[*∗†‡§¶‖#]+|[⁰¹²³⁴⁵⁶⁷⁸⁹]+|\d{1,2}(?=[A-Zh]))\s*\S")
_AFTER_A_WORD = re.compile(r"(?:[^\W\d_]{2}|[.,;:!?)\]”\"])\s*$")
_FIRST_PAGE_NOTE = re.compile(
    r"\W*(?:preprint|under review|permission to make|copyright|©|proceedings of|correspond|equal contribution"
    r"|manuscript received|accepted (?:at|to|by)|work done|published as|submitted to"
    r"|\d+(?:st|nd|rd|th) conference)",
    re.I,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    is_figure: bool
    number: str
    lines: tuple[Line, ...]
    """From the one with the label on."""
    placed: Placed

    @property
    def box(self) -> Box:
        box = self.lines[0].box
        for line in self.lines[1:]:
            box = box.union(line.box)
        return box


def captions_of(placed: Sequence[Placed], *, body: float) -> list[Caption]:
    """Return the captions of one page, each with the lines that belong to it."""
    found = []
    for index, first in enumerate(placed):
        label = LABEL.match(first.line.text)
        if label and _is_label(first, label, body=body):
            found.append(
                Caption(
                    is_figure=label["kind"].lower().startswith("fig"),
                    number=label["number"],
                    lines=tuple(_block(placed, index)),
                    placed=first,
                )
            )
    return found


def _is_label(placed: Placed, label: re.Match[str], *, body: float) -> bool:
    """A label that a sentence merely begins with has no colon, no bold, no size of its own."""
    first = placed.line.spans[0]
    styled = first.is_bold or first.is_italic or abs(placed.line.size - body) > 0.04 * body
    return label["end"] in {":", "|"} or bool(
        styled and (label["end"] or label.end() < len(placed.line.text))
    )


def _block(placed: Sequence[Placed], start: int) -> list[Line]:
    """The lines below ``start`` in its column that go on at the same pace and size."""
    lines = [placed[start].line]
    for other in placed[start + 1 :]:
        line, last = other.line, lines[-1]
        step = line.base - last.base
        overlaps = min(line.box.x1, last.box.x1) > max(line.box.x0, last.box.x0)
        if other.side != placed[start].side or not overlaps or not 0 < step <= LEADING * last.size:
            break
        if abs(line.size - last.size) > 0.5 or LABEL.match(line.text):
            break
        lines.append(line)
    return lines


def footnotes_of(placed: Sequence[Placed], *, body: float, page: Box, is_first: bool) -> list[Line]:
    """Return the lines of footnotes: small, at the end of a column, from the first one with a mark on."""
    notes: list[Line] = []
    for side in (0, 1, 2):
        column = [each.line for each in placed if each.side == side]
        start = len(column)
        while start and _may_be_note(column[start - 1], body=body, page=page):
            start -= 1
        for index in range(start, len(column)):
            text = column[index].text
            if _MARK.match(text) or (is_first and _FIRST_PAGE_NOTE.match(text)):
                notes += column[index:]
                break
    return notes


def without_marks(placed: Sequence[Placed], notes: Sequence[Line]) -> list[Placed]:
    """Take out the raised numbers that lead to a page's footnotes; powers and units keep theirs."""
    numbers = {span.text.strip() for note in notes for span in note.spans[:1] if span.rise > 0} - {""}
    return [replace(each, line=_unmarked(each.line, numbers)) for each in placed] if numbers else list(placed)


def _unmarked(line: Line, numbers: set[str]) -> Line:
    kept: list[Span] = []
    for span in line.spans:
        is_mark = span.rise > 0 and span.text.strip() in numbers
        if is_mark and kept and _AFTER_A_WORD.search(kept[-1].text):
            kept.append(Span(" " * span.text.endswith(" ")))
        else:
            kept.append(span)
    return replace(line, spans=tuple(kept))


def _may_be_note(line: Line, *, body: float, page: Box) -> bool:
    is_low = line.box.top > page.bottom * 0.45
    return is_low and line.size <= FOOTNOTE_SIZE * body and not LABEL.match(line.text)
