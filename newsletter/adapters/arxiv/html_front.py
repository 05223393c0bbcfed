"""Where the authors work, as LaTeXML marks it: an affiliation of its own, a note, or lines below a name."""

from __future__ import annotations

from collections.abc import Iterator

from lxml.etree import _Element

from newsletter.adapters.arxiv.html_text import Look, classes, joined, visible
from newsletter.core.arxiv.front_matter import is_institution
from newsletter.core.arxiv.sentences import word_set

_AFFILIATIONS = word_set(
    """ltx_role_affiliation ltx_role_affiliationtext ltx_role_institute ltx_role_institutetext
    ltx_role_address"""
)
_NOTES = frozenset({"ltx_author_notes", "ltx_role_thanks"})
MARK = "\x1f"


def places_of(authors: _Element, look: Look) -> list[str]:
    """Return what may be an affiliation, in order, from the surest kind of mark-up that there is."""
    inside = list(visible(authors, look))
    for kind in (_AFFILIATIONS, _NOTES):
        marked = [(each, inner) for each, inner in inside if not kind.isdisjoint(classes(each))]
        found = [place for each, inner in marked for place in _place(each, inner)]
        if kind is _NOTES:
            found = list(filter(is_institution, found))
        if found:
            return found
    names = [(each, inner) for each, inner in inside if "ltx_personname" in classes(each)]
    return [line for each, inner in names for line in _lines(each, inner) if is_institution(line)]


def _place(element: _Element, look: Look) -> Iterator[str]:
    """One affiliation over several lines, up to a line with a mail address; marked ones one a mark."""
    for part in _marked(element, look):
        lines = [joined(line).strip(" ,") for line in part.split("\n")]
        yield ", ".join(line for line in lines if line and "@" not in line)


def _lines(element: _Element, look: Look) -> Iterator[str]:
    for part in _marked(element, look):
        yield from filter(None, (joined(line) for line in part.split("\n") if "@" not in line))


def _marked(element: _Element, look: Look) -> list[str]:
    """Divide the text at its raised marks: ``1 University of A, 2 University of B``."""
    return "".join(_with_marks(element, look)).split(MARK)


def _with_marks(element: _Element, look: Look) -> Iterator[str]:
    """As ``seen``, with raised marks as separators."""
    if look.shows and element.text:
        yield element.text.replace("\n", " ")
    for child in element:
        if isinstance(child.tag, str) and (inner := look.inside(child)):
            if child.tag == "sup" or child.tag == "math":
                yield MARK
            elif child.tag == "br":
                yield "\n"
            elif "ltx_note_mark" not in classes(child):
                yield from _with_marks(child, inner)
        if look.shows and child.tail:
            yield child.tail.replace("\n", " ")
