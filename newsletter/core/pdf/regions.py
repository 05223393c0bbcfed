"""Which part of a page is a figure: what is drawn next to its caption, and the labels around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from newsletter.core.pdf.columns import Placed
from newsletter.core.pdf.floats import FOOTNOTE_SIZE, LEADING, Caption
from newsletter.core.pdf.lines import Box, Line

NEAR = 30.0
"""Points: parts of one figure, and a figure and its caption, are no further apart."""
LEAST_SIDE = 36.0
"""Points: less is a logo, a rule or a bullet."""
AIR = 3.0
MOST_OF_PAGE = 0.9
DENSE = 1.3
"""Letters in a line as wide as they are high: text has about two, a row of an axis' numbers far fewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureRegion:
    caption: Caption
    box: Box


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """The drawings of a page, and its lines by whether a figure may reach over them."""

    drawn: Sequence[Box]
    walls: Sequence[Line]
    labels: Sequence[Line]
    body: float
    across: Box
    """What a figure across the page may take: the text's width, with margins as wide on both sides."""


def figures_of(
    captions: Sequence[Caption], placed: Sequence[Placed], boxes: Sequence[Box], *, page: Box, body: float
) -> list[FigureRegion]:
    """Return where the figure of each caption is: above it, else below."""
    drawn = [box for box in boxes if _is_drawing(box, page=page)]
    in_captions = {id(line) for caption in captions for line in caption.lines}
    walls = [line for line in _walls(placed, drawn, body=body) if id(line) not in in_captions]
    walls += [line for caption in captions for line in caption.lines]
    ids = {id(line) for line in walls}
    margin = min((each.line.box.x0 for each in placed), default=0.0)
    across = Box(margin, page.top, page.x1 - margin, page.bottom)
    around = _Surroundings(
        drawn, walls, [each.line for each in placed if id(each.line) not in ids], body, across
    )
    regions = []
    for caption in captions:
        region = None
        if caption.is_figure:
            region = _grown(caption, around, up=True) or _grown(caption, around, up=False)
        if region and min(region.width, region.height) >= LEAST_SIDE:
            regions.append(FigureRegion(caption=caption, box=region))
    return regions


def _is_drawing(box: Box, *, page: Box) -> bool:
    """Not the page's background, and on the page."""
    covers = box.width >= MOST_OF_PAGE * page.width and box.height >= MOST_OF_PAGE * page.height
    return not covers and box.x1 > 0 and box.x0 < page.x1 and box.bottom > 0 and box.top < page.bottom


def _walls(placed: Sequence[Placed], drawn: Sequence[Box], *, body: float) -> list[Line]:
    """The lines of running text and headings: a figure ends at them."""
    walls: list[Line] = []
    last: Placed | None = None
    for each in placed:
        goes_on = last is not None and _goes_on(each, last)
        if _is_prose(each, body=body) or goes_on or _is_heading(each.line, drawn, body=body):
            walls.append(each.line)
            last = each
        else:
            last = None
    return walls


def _is_prose(placed: Placed, *, body: float) -> bool:
    """A line of running text: as big as the body, most of its column wide, and full of letters."""
    line = placed.line
    begins = line.box.x0 - placed.column.x0 <= 2.5 * line.size
    is_full = begins and line.cells <= 2 and len(line.text) * line.size >= DENSE * line.box.width
    return is_full and line.size >= FOOTNOTE_SIZE * body and line.box.width >= 0.6 * placed.column.width


def _goes_on(placed: Placed, last: Placed) -> bool:
    """A paragraph's last line: it begins at the column's edge, close below the one before."""
    line = placed.line
    is_close = 0 < line.base - last.line.base <= LEADING * last.line.size
    return is_close and placed.side == last.side and abs(line.box.x0 - placed.column.x0) <= line.size


def _is_heading(line: Line, drawn: Sequence[Box], *, body: float) -> bool:
    x, y = _centre(line.box)
    is_marked = line.size > 1.04 * body or (line.is_bold and line.size >= FOOTNOTE_SIZE * body)
    return is_marked and not any(box.holds(x, y) for box in drawn)


def _grown(caption: Caption, around: _Surroundings, *, up: bool) -> Box | None:
    """Grow from the caption over what is drawn or written near, never across a line of text."""
    room = _room(caption, around, up=up)
    drawn = [cut for box in around.drawn if (cut := _cut(box, room))]
    left = drawn + [line.box for line in around.labels if _is_within(line.box, room)]
    region: Box | None = None
    edge = caption.box
    while near := [box for box in left if _distance(box, edge) <= NEAR]:
        for box in near:
            region = box if region is None else region.union(box)
        left = [box for box in left if box not in near]
        edge = region or edge
    parts = [box for box in drawn if region and _is_within(box, region)]
    if region is None or not parts:
        return None
    return _padded(_trimmed(region, parts, around), room)


def _room(caption: Caption, around: _Surroundings, *, up: bool) -> Box:
    """The part of the caption's column between it and the next text above or below."""
    label, column = caption.box, caption.placed.column
    if caption.placed.side == 0:
        is_centred = abs(_centre(label)[0] - _centre(around.across)[0]) <= 0.1 * around.across.width
        # One that is not in the middle is one of several beside each other.
        column = around.across if is_centred else Box(label.x0 - 8, label.top, label.x1 + 8, label.bottom)
    left, right = min(column.x0, label.x0) - 4, max(column.x1, label.x1) + 4
    beside = [line for line in around.walls if line.box.x1 > left + 8 and line.box.x0 < right - 8]
    if up:
        above = [line.box.bottom for line in beside if line.base < label.top]
        return Box(left, max(above, default=0.0) - 2, right, label.top + 4)
    below = [line.box.top for line in beside if line.box.top > label.bottom - 2]
    return Box(left, label.bottom - 4, right, min(below, default=label.bottom + 10_000) + 2)


def _cut(box: Box, room: Box) -> Box | None:
    """What of a drawing is in the room: a form may say that it is larger than what of it can be seen."""
    if not room.x0 <= (box.x0 + box.x1) / 2 <= room.x1 or not (
        box.top < room.bottom and box.bottom > room.top
    ):
        return None
    cut = Box(
        max(box.x0, room.x0), max(box.top, room.top), min(box.x1, room.x1), min(box.bottom, room.bottom)
    )
    is_most = cut.height >= 0.5 * min(box.height, room.height) and box.bottom <= room.bottom + NEAR
    return cut if is_most and box.top >= room.top - box.height else None


def _is_within(box: Box, room: Box) -> bool:
    return room.holds(*_centre(box))


def _trimmed(region: Box, parts: Sequence[Box], around: _Surroundings) -> Box:
    """The drawings with the labels inside or at their edges; what else the way led over is left out."""
    kept = parts[0]
    for part in parts[1:]:
        kept = kept.union(part)
    left = [line for line in around.labels if _is_within(line.box, region)]
    while near := [line for line in left if _is_label_of(kept, line, body=around.body)]:
        for line in near:
            kept = kept.union(line.box)
        left = [line for line in left if line not in near]
    return kept


def _padded(box: Box, room: Box) -> Box:
    """A little air, as far as there is room: letters and strokes reach over what is said of their places."""
    return Box(
        max(box.x0 - AIR, min(box.x0, room.x0)),
        max(box.top - AIR, min(box.top, room.top)),
        min(box.x1 + AIR, max(box.x1, room.x1)),
        min(box.bottom + AIR, max(box.bottom, room.bottom)),
    )


def _is_label_of(drawing: Box, line: Line, *, body: float) -> bool:
    """Above a drawing what is as big as the body may be the end of the text."""
    box = line.box
    is_beside = box.x1 >= drawing.x0 - 14 and box.x0 <= drawing.x1 + 14
    is_near = box.bottom >= drawing.top - 14 and box.top <= drawing.bottom + NEAR
    is_above = (box.top + box.bottom) / 2 < drawing.top
    return is_beside and is_near and (not is_above or line.size <= FOOTNOTE_SIZE * body)


def _distance(one: Box, other: Box) -> float:
    return max(one.top - other.bottom, other.top - one.bottom, 0.0)


def _centre(box: Box) -> tuple[float, float]:
    return (box.x0 + box.x1) / 2, (box.top + box.bottom) / 2
