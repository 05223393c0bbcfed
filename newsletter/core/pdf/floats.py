"""What stands beside the running text: captions with their figures, and footnotes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from newsletter.core.pdf.columns import Placed
from newsletter.core.pdf.lines import Box, Line, Span

NEAR = 30.0
"""Points: parts of one figure, and a figure and its caption, are no further apart."""
LEAST_SIDE = 36.0
"""Points: less is a logo, a rule or a bullet."""
MOST_OF_PAGE = 0.9
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


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureRegion:
    caption: Caption
    box: Box


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


def figures_of(
    captions: Sequence[Caption], placed: Sequence[Placed], boxes: Sequence[Box], *, page: Box, body: float
) -> list[FigureRegion]:
    """Return where the figure of each caption is: what is drawn above it, else below, up to the text."""
    drawn = [box for box in boxes if _is_drawing(box, page=page)]
    in_captions = {id(line) for caption in captions for line in caption.lines}
    walls = [each.line for each in placed if id(each.line) in in_captions or _is_prose(each, body=body)]
    regions = []
    for caption in captions:
        if not caption.is_figure:
            continue
        region = _grown(caption, drawn, walls, up=True) or _grown(caption, drawn, walls, up=False)
        if region and min(region.width, region.height) >= LEAST_SIDE:
            regions.append(FigureRegion(caption=caption, box=_with_labels(region, placed, walls, body=body)))
    return regions


def _is_drawing(box: Box, *, page: Box) -> bool:
    """Not the page's background, and on the page."""
    covers = box.width >= MOST_OF_PAGE * page.width and box.height >= MOST_OF_PAGE * page.height
    return not covers and box.x1 > 0 and box.x0 < page.x1 and box.bottom > 0 and box.top < page.bottom


def _is_prose(placed: Placed, *, body: float) -> bool:
    """A line of running text: as big as the body, and most of its column wide."""
    line = placed.line
    return line.size >= FOOTNOTE_SIZE * body and line.box.width >= 0.6 * placed.column.width


def _grown(caption: Caption, drawn: Sequence[Box], walls: Sequence[Line], *, up: bool) -> Box | None:
    """Grow from the caption over what is drawn near, never across a line of text."""
    label = caption.box
    left, right = caption.placed.column.x0, caption.placed.column.x1
    left, right = min(left, label.x0) - 4, max(right, label.x1) + 4
    limit = _wall(label, walls, left=left, right=right, up=up)
    top, bottom = (limit - 2, label.top + 4) if up else (label.bottom - 4, limit + 2)
    left_over = [
        box
        for box in drawn
        if left <= (box.x0 + box.x1) / 2 <= right and top <= box.top and box.bottom <= bottom
    ]
    region: Box | None = None
    edge = label
    while near := [box for box in left_over if _distance(box, edge) <= NEAR]:
        for box in near:
            region = box if region is None else region.union(box)
        left_over = [box for box in left_over if box not in near]
        edge = region or label
    return region


def _wall(label: Box, walls: Sequence[Line], *, left: float, right: float, up: bool) -> float:
    """Where the nearest text above or below the caption ends or begins."""
    beside = [line for line in walls if line.box.x1 > left + 8 and line.box.x0 < right - 8]
    if up:
        return max((line.box.bottom for line in beside if line.base < label.top), default=0.0)
    return min((line.box.top for line in beside if line.box.top > label.bottom - 2), default=float("inf"))


def _distance(one: Box, other: Box) -> float:
    return max(one.top - other.bottom, other.top - one.bottom, 0.0)


def _with_labels(region: Box, placed: Sequence[Placed], walls: Sequence[Line], *, body: float) -> Box:
    """Take in the labels at a drawing's edges, as axes have them: smaller than a paragraph's last line."""
    keep_out = {id(line) for line in walls}
    reach = Box(region.x0 - 16, region.top - 14, region.x1 + 16, region.bottom + 14)
    for each in placed:
        box = each.line.box
        is_small = each.line.size <= FOOTNOTE_SIZE * body and id(each.line) not in keep_out
        if is_small and reach.holds((box.x0 + box.x1) / 2, (box.top + box.bottom) / 2):
            region = region.union(box)
    return region


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
