"""Parts of LaTeXML's article that are read by themselves: titles, tables' rows, figures, references."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urljoin

from lxml.etree import _Element

from newsletter.adapters.arxiv.html_text import Look, classes, seen, text_of, visible
from newsletter.core.arxiv.full_text import Reference
from newsletter.core.arxiv.links import is_public_url, urls_in
from newsletter.core.arxiv.references import cited_id

LONGEST_TITLE = 200
LONGEST_REFERENCE = 1_000
_LABEL = re.compile(
    r"(?:fig(?:ure|\.)?|tab(?:le|\.)?|algorithm|listing)\s*([\w.-]+?)\s*[:.|–—]?(?:\s+|$)", re.I
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFigure:
    number: str
    caption: str
    address: str


def title_of(element: _Element, look: Look) -> tuple[_Element | None, str]:
    """Return the heading of a section, which is one of its children, and its words without the number."""
    for child in element:
        if isinstance(child.tag, str) and "ltx_title" in classes(child) and (inner := look.inside(child)):
            return child, _untagged(child, inner)[:LONGEST_TITLE].strip(" .:")
    return None, ""


def rows_of(table: _Element, look: Look) -> Iterator[str]:
    """Yield a line for each row: its cells, apart by a bar."""
    for row, inner in _outermost(table, look, lambda each: "ltx_tr" in classes(each) or each.tag == "tr"):
        cells = (text_of(cell, each) for cell, each in _outermost(row, inner, _has("ltx_td", "ltx_th")))
        if text := " | ".join(filter(None, cells)):
            yield text


def captions_of(element: _Element, look: Look) -> list[str]:
    return [
        text_of(each, inner)
        for each, inner in _outermost(element, look, lambda each: each.tag == "figcaption")
    ]


def lines_of(element: _Element, look: Look) -> Iterator[str]:
    """Yield the lines of a listing and the rows of a table in a float."""
    for each, inner in _outermost(element, look, _has("ltx_listingline", "ltx_tabular")):
        if "ltx_tabular" in classes(each):
            yield from rows_of(each, inner)
        else:
            yield text_of(each, inner)


def figure_of(element: _Element, look: Look, *, caption: str, base: str) -> FoundFigure | None:
    """Return the figure, where one image is all of it: of several none alone is what the caption tells of."""
    images = [
        each for each, _ in visible(element, look) if each.tag == "img" and "ltx_Math" not in classes(each)
    ]
    source = images[0].get("src", "") if len(images) == 1 else ""
    label = _LABEL.match(caption)
    if not label or not source or source.startswith("data:"):
        return None
    return FoundFigure(number=label[1][:12], caption=caption[label.end() :], address=urljoin(base, source))


def references_of(element: _Element, look: Look) -> Iterator[Reference]:
    items = list(_outermost(element, look, _has("ltx_bibitem")))
    for each, inner in items or _outermost(element, look, lambda each: each.tag in {"p", "li"}):
        links = [link.get("href", "") for link, _ in visible(each, inner) if link.tag == "a"]
        if text := _untagged(each, inner)[:LONGEST_REFERENCE]:
            yield Reference(text=text, arxiv_id=cited_id(text, links))


def links_of(article: _Element, look: Look) -> Iterator[str]:
    """Yield the addresses behind links, then those printed; none of what is cited."""
    printed: list[str] = []
    for each, inner in visible(article, look, skip="ltx_bibliography"):
        if each.tag == "a" and is_public_url(url := each.get("href", "")):
            yield url
        elif not classes(each).isdisjoint({"ltx_p", "ltx_note_content"}):
            behind = {link.get("href", "") for link in each.iter("a")}
            printed += (url for url in urls_in("".join(seen(each, inner))) if url not in behind)
    yield from printed


def _has(*wanted: str) -> Callable[[_Element], bool]:
    return lambda element: not classes(element).isdisjoint(wanted)


def _outermost(
    element: _Element, look: Look, wanted: Callable[[_Element], bool]
) -> Iterator[tuple[_Element, Look]]:
    """Yield what is wanted inside ``element``, but not again inside of that: nothing is read twice."""
    for child in element:
        if isinstance(child.tag, str) and (inner := look.inside(child)):
            if wanted(child):
                yield child, inner
            else:
                yield from _outermost(child, inner, wanted)


def _untagged(element: _Element, look: Look) -> str:
    """Return its words without the number before them."""
    tags = (text_of(each, inner) for each, inner in _outermost(element, look, _has("ltx_tag")))
    return text_of(element, look).removeprefix(next(tags, "")).strip()
