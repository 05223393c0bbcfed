"""All pages of a paper → its full text and where its figures are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import StatisticsError, mode

from newsletter.core.arxiv.full_text import FullText
from newsletter.core.arxiv.links import is_public_url, urls_in
from newsletter.core.pdf.columns import Placed, gutters, in_reading_order, without_furniture
from newsletter.core.pdf.floats import Caption, captions_of, footnotes_of, without_marks
from newsletter.core.pdf.front import affiliations_of
from newsletter.core.pdf.headings import collapsed
from newsletter.core.pdf.lines import Box, Char, Line, lines_of
from newsletter.core.pdf.paragraphs import Vocabulary
from newsletter.core.pdf.regions import FigureRegion, figures_of
from newsletter.core.pdf.sections import Sections

LEAST_TEXT = 400
"""Letters; a document with fewer was scanned."""
LEAST_READABLE = 0.7
"""Of what is printed: with less, the fonts do not say which letters they draw."""
MOST_LINKS = 30
_LABEL = re.compile(r"(?:fig(?:ure|\.)?|tab(?:le|\.)?|algorithm)\s*[\w.]+?\s*[:.|–—-]?\s+(?=\S)", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawPage:
    """What a PDF library says of one page."""

    number: int
    width: float
    height: float
    chars: Sequence[Char]
    graphics: Sequence[Box] = ()
    links: Sequence[tuple[str, Box]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFigure:
    number: str
    caption: str
    page: int
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPaper:
    text: FullText
    figures: tuple[FoundFigure, ...]


@dataclass
class _Page:
    """One page on its way: what has been told apart so far."""

    raw: RawPage
    placed: list[Placed]
    captions: list[Caption] = field(default_factory=list)
    figures: list[FigureRegion] = field(default_factory=list)
    notes: list[Line] = field(default_factory=list)

    @property
    def box(self) -> Box:
        return Box(0, 0, self.raw.width, self.raw.height)


def read_paper(
    raw: Sequence[RawPage], *, title: str, authors: Sequence[str], pages: int, max_characters: int
) -> ReadPaper | None:
    """Return what the pages say, or None where there is no text on them; ``pages`` is how many there are."""
    lines = [lines_of(page.chars, page=page.number) for page in raw]
    kept = without_furniture(lines, [page.height for page in raw])
    letters = "".join(line.text for page in kept for line in page)
    if sum(map(_is_readable, letters)) < max(LEAST_TEXT, LEAST_READABLE * len(letters)):
        return None
    body = _body_size(kept)
    read = [
        _tell_apart(page, those, middle=middle, body=body)
        for page, those, middle in zip(raw, kept, gutters(kept), strict=True)
    ]
    text = Sections(max_characters=max_characters, body=body, vocabulary=Vocabulary.of(_printed(kept)))
    front, flow = _front_and_flow(read, body=body)
    text.take(flow)
    captions = [caption for page in read for caption in page.captions]
    text.take_captions(captions)
    found = FullText(
        sections=text.found(),
        affiliations=affiliations_of(front, notes=read[0].notes, title=title, authors=authors),
        keywords=text.keywords(),
        links=_links(raw, flow=[each.line for each in flow], references=text.references),
        pages=pages,
        is_cut=text.is_cut or len(raw) < pages,
    )
    return ReadPaper(text=found, figures=tuple(_figures(read, text)))


def _is_readable(letter: str) -> bool:
    return letter.isalnum() or letter in " .,;:()-"


def _body_size(pages: Sequence[Sequence[Line]]) -> float:
    """The size in which most is printed."""
    try:
        return mode(round(line.size, 1) for page in pages for line in page for _ in line.text)
    except StatisticsError:
        return 10.0


def _printed(pages: Sequence[Sequence[Line]]) -> Iterable[str]:
    return (line.text for page in pages for line in page)


def _tell_apart(raw: RawPage, lines: Sequence[Line], *, middle: float | None, body: float) -> _Page:
    page = _Page(raw=raw, placed=in_reading_order(lines, middle=middle))
    page.captions = captions_of(page.placed, body=body)
    page.figures = figures_of(page.captions, page.placed, raw.graphics, page=page.box, body=body)
    out = {id(line) for caption in page.captions for line in caption.lines}
    page.placed = [
        each for each in page.placed if id(each.line) not in out and not _is_inside(each.line, page.figures)
    ]
    page.notes = footnotes_of(page.placed, body=body, page=page.box, is_first=raw.number == 1)
    out = {id(line) for line in page.notes}
    placed = [each for each in page.placed if id(each.line) not in out]
    page.placed = without_marks(placed, page.notes)
    return page


def _is_inside(line: Line, figures: Sequence[FigureRegion]) -> bool:
    x, y = (line.box.x0 + line.box.x1) / 2, (line.box.top + line.box.bottom) / 2
    return any(figure.box.holds(x, y) for figure in figures)


def _front_and_flow(pages: Sequence[_Page], *, body: float) -> tuple[list[Line], list[Placed]]:
    """Divide the first page where the text begins: at the abstract, else the first heading or paragraph."""
    flow = [each for page in pages for each in page.placed]
    first = [each for each in flow if each.line.page == 1]
    start = _text_start(first, body=body)
    if start is None:
        return [], flow
    top = start.line.box.top
    front = [each.line for each in first if each.line.box.bottom <= top + 1]
    ids = {id(line) for line in front}
    return front, [each for each in flow if id(each.line) not in ids]


def _text_start(placed: Sequence[Placed], *, body: float) -> Placed | None:
    for each in placed:
        if (
            re.match(r"\W*(?:abstract|summary)\b", each.line.text, re.I)
            and len(collapsed(each.line.text)) > 5
        ):
            return each
        if collapsed(each.line.text) == "abstract":
            return each
    run = 0
    for index, each in enumerate(placed):
        is_wide = each.line.box.width >= 0.7 * each.column.width and each.line.size >= 0.8 * body
        run = run + 1 if is_wide and each.line.size <= 1.2 * body else 0
        if run == 4:
            return placed[index - 3]
        if re.match(r"(?:1|I)\.?\s+introduction\b", each.line.text, re.I):
            return each
    return None


def _links(raw: Sequence[RawPage], *, flow: Sequence[Line], references: Sequence[Line]) -> tuple[str, ...]:
    """The addresses behind links, then those printed; none of what is cited."""
    cited = {(line.page, line.box) for line in references}
    found: list[str] = []
    for page in raw:
        boxes = [box for number, box in cited if number == page.number]
        for url, place in page.links:
            x, y = (place.x0 + place.x1) / 2, (place.top + place.bottom) / 2
            if is_public_url(url) and not any(box.holds(x, y) for box in boxes):
                found.append(url)
    behind = tuple(found)
    cited_ids = {id(line) for line in references}
    for line in flow:
        if id(line) not in cited_ids:
            # At a line's end an address may go on below: only a link's own address is whole for certain.
            printed = (url for url in urls_in(line.text) if not line.text.endswith(url))
            found += [url for url in printed if not any(known.startswith(url) for known in behind)]
    return tuple(dict.fromkeys(found))[:MOST_LINKS]


def _figures(pages: Sequence[_Page], text: Sections) -> Iterable[FoundFigure]:
    for page in pages:
        for figure in page.figures:
            whole = text.joined(figure.caption.lines)
            label = _LABEL.match(whole)
            yield FoundFigure(
                number=figure.caption.number,
                caption=whole[label.end() :] if label else whole,
                page=page.raw.number,
                box=figure.box,
            )
