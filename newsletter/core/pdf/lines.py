"""Characters with places → printed lines: words spaced, scripts told from the line they belong to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple
from unicodedata import normalize

LIGATURES = str.maketrans(
    {"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st", "\u00a0": " "}
    | dict.fromkeys("\x02\u00ad\ufffe", "-")
)
"""Also the hyphens that pdfium marks as such at the end of a line."""
ACCENTS = {
    "´": "\u0301",
    "`": "\u0300",
    "ˆ": "\u0302",
    "˜": "\u0303",
    "¨": "\u0308",
    "ˇ": "\u030c",
    "˚": "\u030a",
    "¸": "\u0327",
    "˘": "\u0306",
    "¯": "\u0304",
}
"""TeX's older fonts have no letters with accents: they print the two one above the other."""
DOTLESS = {"ı": "i", "ȷ": "j"}
SUPERSCRIPTS = str.maketrans("0123456789+-−()n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁽⁾ⁿ")
SUBSCRIPTS = str.maketrans("0123456789+-−()", "₀₁₂₃₄₅₆₇₈₉₊₋₋₍₎")
COLUMN_GAP = 1.6
"""In ems: a wider gap divides two columns or cells."""
SPACE, NO_SPACE = 0.25, 0.1
SAME_BASELINE, SCRIPT_SHIFT, SCRIPT_SIZE = 0.12, 0.65, 0.9

_BOLD = re.compile(r"bold|black|heavy|semib|medi(?!um)|bx\d|(?:Libertine|Biolinum)\w*TB|LinLibertineTB", re.I)
_ITALIC = re.compile(r"ital|obli|cmti|cmsl|ReguItal|TI\b", re.I)


class Char(NamedTuple):
    """One printed character; ``text`` may be a space the producer left out and pdfium put in."""

    text: str
    x0: float
    top: float
    x1: float
    bottom: float
    base: float
    """Where its baseline is."""
    size: float
    font: str


class Box(NamedTuple):
    x0: float
    top: float
    x1: float
    bottom: float

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.bottom - self.top

    def union(self, other: Box) -> Box:
        return Box(
            min(self.x0, other.x0),
            min(self.top, other.top),
            max(self.x1, other.x1),
            max(self.bottom, other.bottom),
        )

    def holds(self, x: float, y: float) -> bool:
        return self.x0 <= x <= self.x1 and self.top <= y <= self.bottom


class Span(NamedTuple):
    """Neighbouring characters of one look."""

    text: str
    is_bold: bool = False
    is_italic: bool = False
    rise: int = 0
    """1: raised and small; -1: lowered and small."""


@dataclass(frozen=True)
class Line:
    """One line of one column, or one cell of a table."""

    page: int
    box: Box
    base: float
    size: float
    """Of most of its letters."""
    tallest: float
    """Of its biggest letter: the initials of small capitals."""
    spans: tuple[Span, ...]
    cells: int = 1
    """Pieces it was put together from: a number and its heading are two, a table's row has more."""

    @cached_property
    def text(self) -> str:
        """With raised and lowered digits as such: ``10³`` is not ``103``."""
        return _squeeze("".join(_spell(span) for span in self.spans))

    @cached_property
    def is_bold(self) -> bool:
        return self._is_all(lambda span: span.is_bold)

    @cached_property
    def is_italic(self) -> bool:
        return self._is_all(lambda span: span.is_italic)

    def _is_all(self, look: Callable[[Span], bool]) -> bool:
        letters = [(sum(map(str.isalpha, span.text)), look(span)) for span in self.spans]
        total = sum(count for count, _ in letters)
        return total > 0 and sum(count for count, has in letters if has) >= 0.9 * total


def lines_of(chars: Iterable[Char], *, page: int) -> list[Line]:
    """Return the page's lines in the order in which they were written, which need not be that of reading."""
    rows: list[list[Char]] = []
    space_before = False
    for char in _accented(chars):
        if char.text.isspace():
            space_before = True
            continue
        if not char.text.isprintable() and char.text not in "\x02\u00ad\ufffe":
            continue
        if rows and _continues(rows[-1], char):
            if _is_spaced(rows[-1][-1], char, seen=space_before):
                rows[-1].append(char._replace(text=" ", x0=rows[-1][-1].x1, x1=char.x0))
            rows[-1].append(char)
        else:
            rows.append([char])
        space_before = False
    return [_line(row, page=page) for row in rows]


def _accented(chars: Iterable[Char]) -> Iterator[Char]:
    """Put accents that were printed as characters of their own onto the letters they stand above."""
    waiting: Char | None = None
    for char in chars:
        if waiting and char.text.isspace():
            continue
        if waiting:
            middle = (waiting.x0 + waiting.x1) / 2
            is_above = char.text.isalpha() and char.x0 - 1 <= middle <= char.x1 + 1
            composed = normalize("NFC", DOTLESS.get(char.text, char.text) + ACCENTS[waiting.text])
            if is_above and len(composed) == 1:
                char = char._replace(text=composed)
            else:
                yield waiting
            waiting = None
        if char.text in ACCENTS:
            waiting = char
        else:
            yield char
    if waiting:
        yield waiting


def merged(left: Line, right: Line) -> Line:
    """Join two pieces of one printed line."""
    biggest = max(left, right, key=lambda line: len(line.text))
    spans = (*left.spans, Span(" "), *right.spans)
    tallest = max(left.tallest, right.tallest)
    return replace(
        biggest, box=left.box.union(right.box), tallest=tallest, spans=spans, cells=left.cells + right.cells
    )


def _continues(row: list[Char], char: Char) -> bool:
    last, main = row[-1], max(row, key=lambda each: each.size)
    em = max(main.size, char.size)
    # A ligature's letters all have its place, so that one may begin a whole letter before the last one's end.
    if not -1.2 * em <= char.x0 - last.x1 <= COLUMN_GAP * em:
        return False
    shift = abs(char.base - main.base)
    if shift <= SAME_BASELINE * em:
        return True
    is_script = min(char.size, main.size) <= SCRIPT_SIZE * em or last.base == char.base
    return is_script and shift <= SCRIPT_SHIFT * em


def _is_spaced(last: Char, char: Char, *, seen: bool) -> bool:
    em = max(last.size, char.size)
    gap = char.x0 - last.x1
    return gap > NO_SPACE * em if seen else gap > SPACE * em


def _line(row: list[Char], *, page: int) -> Line:
    inked = [char for char in row if char.text != " "]
    size = _main_size(inked)
    base = Counter(round(char.base, 1) for char in inked if char.size >= SCRIPT_SIZE * size).most_common(1)
    baseline = base[0][0]
    spans: list[Span] = []
    for char in row:
        look = _look(char, size=size, baseline=baseline)
        if char.text == " " and spans:
            look = spans[-1]._replace(text=" ")
        if spans and spans[-1][1:] == look[1:]:
            spans[-1] = spans[-1]._replace(text=spans[-1].text + look.text)
        else:
            spans.append(look)
    box = Box(inked[0].x0, inked[0].top, inked[0].x1, inked[0].bottom)
    for char in inked[1:]:
        box = box.union(Box(char.x0, char.top, char.x1, char.bottom))
    tallest = max(char.size for char in inked)
    return Line(page=page, box=box, base=baseline, size=size, tallest=tallest, spans=tuple(spans))


def _main_size(chars: list[Char]) -> float:
    """The size of most characters; where the biggest are a tenth of them, theirs: scripts may be many."""
    counts = Counter(round(char.size, 1) for char in chars)
    common = counts.most_common(1)[0][0]
    big = max(counts)
    return big if big > common and counts[big] >= 0.34 * len(chars) else common


def _look(char: Char, *, size: float, baseline: float) -> Span:
    rise = 0
    if char.size <= SCRIPT_SIZE * size and abs(char.base - baseline) > SAME_BASELINE * size:
        rise = 1 if char.base < baseline else -1
    text = char.text.translate(LIGATURES)
    return Span(text, bool(_BOLD.search(char.font)), bool(_ITALIC.search(char.font)), rise)


def _spell(span: Span) -> str:
    table = SUPERSCRIPTS if span.rise > 0 else SUBSCRIPTS
    is_whole = span.rise and all(ord(letter) in table or letter.isspace() for letter in span.text)
    return span.text.translate(table) if is_whole else span.text


def _squeeze(text: str) -> str:
    return " ".join(text.split())
