"""The lines of a page in the order of reading: furniture taken out, one or two columns told apart."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from newsletter.core.pdf.lines import Box, Line, merged

MARGIN = 0.15
"""The part of a page, above and below, in which running headers and footers stand."""
INNER = 0.09
"""The part in which a number by itself is the page's."""
LINE_NUMBERS = 20
WIDE = 0.3
"""The part of the text's width from which a line tells of columns rather than of cells and labels."""
SHARE = 0.15
"""Of a page's characters in wide lines: as much on each side makes two columns."""
ACROSS = 0.1
"""Of a page's characters: as much may stand across the columns that it shares with other pages."""
_PAGE_NUMBER = re.compile(r"\W*(?:page\s*)?(?:\d{1,4}|[ivxlc]{1,6})(?:\s*(?:of|/)\s*\d{1,4})?\W*", re.I)
_STAMP = re.compile(r"arXiv:\S+v\d+\s*\[[\w.-]+\]\s*\d+ \w+ \d{4}")


@dataclass(frozen=True, slots=True)
class Placed:
    """A line with the column it belongs to."""

    line: Line
    column: Box
    """The column's edges, from its first line to its last."""
    side: int
    """0: across the page, or the only column; 1 left, 2 right."""


def without_furniture(pages: Sequence[Sequence[Line]], heights: Sequence[float]) -> list[list[Line]]:
    """Return the pages without running headers and footers, page numbers and arXiv's stamp."""
    seen: Counter[tuple[str, int]] = Counter()
    for lines, height in zip(pages, heights, strict=True):
        seen.update({key for line in lines if (key := _furniture_key(line, height))})
    kept = []
    for lines, height in zip(pages, heights, strict=True):
        numbers = _line_numbers(lines)
        kept.append([line for line in lines if line not in numbers and not _is_furniture(line, height, seen)])
    return kept


def _line_numbers(lines: Sequence[Line]) -> set[Line]:
    """The numbers beside the lines of a draft: many, one below the other."""
    by_edge: defaultdict[int, set[Line]] = defaultdict(set)
    for line in lines:
        if line.text.isdecimal():
            by_edge[round(line.box.x1 / 4)].add(line)
    return {line for those in by_edge.values() if len(those) >= LINE_NUMBERS for line in those}


def _is_furniture(line: Line, height: float, seen: Counter[tuple[str, int]]) -> bool:
    key = _furniture_key(line, height)
    if key is None:
        return bool(_STAMP.fullmatch(line.text))
    is_number = _PAGE_NUMBER.fullmatch(line.text) and not INNER * height < line.base < (1 - INNER) * height
    return seen[key] > 1 or bool(is_number or _STAMP.fullmatch(line.text))


def _furniture_key(line: Line, height: float) -> tuple[str, int] | None:
    """What a running header has in common on all pages: its words without numbers, and its height."""
    if MARGIN * height < line.base < (1 - MARGIN) * height:
        return None
    return re.sub(r"[\divxlc]+", "#", line.text.casefold()), round(line.base / 4)


def gutters(pages: Sequence[Sequence[Line]]) -> list[float | None]:
    """Return for each page where its two columns meet, or None where it has one.

    A page too short to tell, such as the last one, has the columns of the others if its lines keep to them.
    """
    found = [_gutter(lines) for lines in pages]
    known = [middle for middle in found if middle is not None]
    if 2 * len(known) < len(found) or not known:
        return found
    usual = median(known)
    return [
        usual if middle is None and _keeps_to_columns(lines, usual) else middle
        for lines, middle in zip(pages, found, strict=True)
    ]


def _keeps_to_columns(lines: Sequence[Line], middle: float) -> bool:
    across = sum(len(line.text) for line in lines if _side(line, middle) == 0)
    return across <= ACROSS * sum(len(line.text) for line in lines)


def in_reading_order(lines: Sequence[Line], *, middle: float | None) -> list[Placed]:
    """Return the lines of a page top to bottom, the left column before the right between lines across both.

    ``middle``: where the two columns meet, or None where there is one.
    """
    if not lines:
        return []
    if middle is None:
        column = _edges(lines)
        return [Placed(line, column, 0) for line in _rows(lines)]
    sides: defaultdict[int, list[Line]] = defaultdict(list)
    for line in lines:
        sides[_side(line, middle)].append(line)
    columns = {side: _edges(those) for side, those in sides.items()}
    if sides[1] and sides[2]:
        columns[0] = columns[1].union(columns[2])
    across = _rows(sides[0])
    edges = [float("-inf"), *(line.base for line in across), float("inf")]
    placed: list[Placed] = []
    for number, (above, below) in enumerate(pairwise(edges)):
        for side in (1, 2):
            between = [each for each in sides[side] if above < each.base <= below]
            placed += [Placed(each, columns[side], side) for each in _rows(between)]
        placed += [Placed(line, columns[0], 0) for line in across[number : number + 1]]
    return placed


def _gutter(lines: Sequence[Line]) -> float | None:
    if not lines:
        return None
    left_edge, right_edge = min(line.box.x0 for line in lines), max(line.box.x1 for line in lines)
    middle, width = (left_edge + right_edge) / 2, right_edge - left_edge
    wide = [line for line in lines if line.box.width >= WIDE * width]
    counts = Counter[int]()
    for line in wide:
        counts[_side(line, middle)] += len(line.text)
    total = counts.total()
    return middle if total and min(counts[1], counts[2]) >= SHARE * total else None


def _side(line: Line, middle: float) -> int:
    slack = line.size / 2
    if line.box.x1 <= middle + slack:
        return 1
    return 2 if line.box.x0 >= middle - slack else 0


def _edges(lines: Sequence[Line]) -> Box:
    """The edges most lines agree on: one that sticks out does not move them."""
    lefts, rights = [line.box.x0 for line in lines], [line.box.x1 for line in lines]
    full = [line for line in lines if line.box.width >= 0.7 * (max(rights) - min(lefts))] or lines
    return Box(
        median(line.box.x0 for line in full),
        min(line.box.top for line in lines),
        median(line.box.x1 for line in full),
        max(line.box.bottom for line in lines),
    )


def _rows(lines: Sequence[Line]) -> list[Line]:
    """Top to bottom; pieces on one baseline, such as a table's cells, become one line."""
    ordered = sorted(lines, key=lambda line: (line.base, line.box.x0))
    rows: list[list[Line]] = []
    for line in ordered:
        if rows and abs(line.base - rows[-1][0].base) <= 0.25 * line.size:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [joined for row in rows for joined in _joined(sorted(row, key=lambda line: line.box.x0))]


def _joined(row: list[Line]) -> list[Line]:
    line = row[0]
    for other in row[1:]:
        line = merged(line, other)
    return [line]
