"""A paper in LaTeXML's HTML → its sections, facts, references, and where its figures are.

Only the article is read: what arXiv puts around it (header, contents, licence, report buttons, footer) is no
part of the paper.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from lxml.etree import _Element

from newsletter.adapters.arxiv.html_front import places_of
from newsletter.adapters.arxiv.html_parts import (
    FoundFigure,
    captions_of,
    figure_of,
    lines_of,
    links_of,
    references_of,
    rows_of,
    title_of,
)
from newsletter.adapters.arxiv.html_text import BLOCKS, Look, classes, joined, math_of, text_of
from newsletter.core.arxiv.front_matter import affiliations_of, keywords_of
from newsletter.core.arxiv.full_text import FullText, Reference, Role, TextSection
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.sentences import word_set

CAPTIONS = "Captions"
"""The title of the last section: what is said under figures and tables, and the tables' rows."""
MAX_CHARACTERS = 600_000
SECONDS = 20.0
MOST_LINKS = 30
MOST_REFERENCES = 1_000
LONGEST_KEYWORDS = 2_000
"""Characters of all of them."""
_SECTIONS = word_set(
    """ltx_part ltx_chapter ltx_section ltx_subsection ltx_subsubsection ltx_appendix ltx_acknowledgements
    ltx_abstract ltx_paragraph ltx_subparagraph"""
)
_RUN_IN = frozenset({"ltx_paragraph", "ltx_subparagraph"})
_SKIPPED = word_set(
    """ltx_title_document ltx_subtitle ltx_authors ltx_dates ltx_date ltx_classification ltx_pagination
    ltx_note ltx_tag_equation ltx_eqn_eqno ltx_index ltx_glossary"""
)
_BULLETS = frozenset("•–—∗*·∘◦-▪■►")
_KEYWORDS = re.compile(r"(?:key\s?words(?: and phrases)?|index terms)\s*[:.—–-]\s*", re.I)
_ANCHOR = re.compile(r"[\w.-]{1,60}")
_RELATED = re.compile(
    r"\b(?:related (?:work|research|stud|literature|approach|method)|(?:prior|previous|existing|earlier) "
    r"(?:work|art|research|stud|approach|method)|background|literature (?:review|survey)|preliminaries"
    r"|preliminary$|preliminary (?:concepts|knowledge|notions|definitions)|state of the art$)",
    re.I,
)
_OWN_FIRST = re.compile(r"introduction\b", re.I)
_REFERENCES = frozenset({"references", "bibliography", "literaturecited", "workscited", "referencesandnotes"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPaper:
    text: FullText
    figures: tuple[FoundFigure, ...]


def read_article(article: _Element, *, paper: PaperRecord, base: str) -> ReadPaper:
    """Read LaTeXML's ``article``; addresses in it are relative to ``base``.

    Raises PermanentError with reason ``timed_out``.
    """
    look = Look(ends=time.monotonic() + SECONDS)
    subscriber = _Subscriber(base=base)
    subscriber.content(article, look)
    subscriber.end_paragraph()
    authors = (each for each in article.iter("div") if "ltx_authors" in classes(each))
    places = (place for each in authors for place in places_of(each, look))
    text = FullText(
        sections=subscriber.found(),
        affiliations=affiliations_of(places, authors=paper.authors),
        keywords=keywords_of(subscriber.keywords),
        links=tuple(dict.fromkeys(links_of(article, look)))[:MOST_LINKS],
        references=tuple(subscriber.references[:MOST_REFERENCES]),
        is_cut=subscriber.is_cut,
    )
    return ReadPaper(text=text, figures=tuple(subscriber.figures))


@dataclass
class _Section:
    title: str
    role: Role
    level: int
    anchor: str = ""
    paragraphs: list[str] = field(default_factory=list)


@dataclass
class _Subscriber:
    """What has been read so far, in the order of the document."""

    base: str
    keywords: str = ""
    references: list[Reference] = field(default_factory=list)
    figures: list[FoundFigure] = field(default_factory=list)
    is_cut: bool = False
    _sections: list[_Section] = field(default_factory=lambda: [_Section("", Role.OWN, 1)])
    _captions: list[str] = field(default_factory=list)
    _current: _Section = field(init=False)
    _paragraph: list[str] = field(default_factory=list)
    _heading: _Element | None = None
    """Of the section being read: it is its title, and no text."""
    _lead: str = ""
    """What opens the next paragraph: a theorem's name, a run-in heading, the number of an item."""
    _size: int = 0

    def __post_init__(self) -> None:
        self._current = self._sections[0]

    def found(self) -> tuple[TextSection, ...]:
        captions = _Section(CAPTIONS, Role.OWN, 1, paragraphs=self._captions)
        return tuple(
            TextSection(
                title=each.title,
                text="\n\n".join(each.paragraphs),
                role=each.role,
                level=each.level,
                anchor=each.anchor,
            )
            for each in (*self._sections, captions)
            if each.paragraphs
        )

    # --- the text -----------------------------------------------------------------------------------------

    def content(self, element: _Element, look: Look) -> None:
        self._say(element.text, look)
        for child in element:
            if isinstance(child.tag, str) and (inner := look.inside(child)):
                self._take(child, inner)
            self._say(child.tail, look)

    def end_paragraph(self) -> None:
        text = joined("".join(self._paragraph))
        self._paragraph.clear()
        if not text:
            return
        text, self._lead = f"{self._lead} {text}".strip(), ""
        is_front = not self.keywords and len(self._sections) <= 2
        label = _KEYWORDS.match(text) if is_front else None
        if label and text[label.end() :]:
            self.keywords = text[label.end() :][:LONGEST_KEYWORDS]
        elif self._has_room(text):
            self._current.paragraphs.append(text)

    def _take(self, element: _Element, look: Look) -> None:
        marks = element.get("class", "").split()
        if element is self._heading or not _SKIPPED.isdisjoint(marks):
            return
        take = next(
            (_KINDS[mark] for mark in (element.tag, *marks) if mark in _KINDS), _Subscriber._take_content
        )
        take(self, element, look)

    def _take_content(self, element: _Element, look: Look) -> None:
        """Inside one ``ltx_para`` sentences go on over a displayed formula: its ``p`` begin no paragraph."""
        is_in_paragraph = "ltx_p" in classes(element)
        is_block = element.tag in BLOCKS and not is_in_paragraph
        if is_block:
            self.end_paragraph()
        elif is_in_paragraph:
            self._paragraph.append(" ")
        self.content(element, look)
        if is_block:
            self.end_paragraph()

    def _take_break(self, element: _Element, look: Look) -> None:  # noqa: ARG002  # one signature for all
        self._paragraph.append(" ")

    def _take_formula(self, element: _Element, look: Look) -> None:
        self._paragraph.append(math_of(element, look))

    def _take_equation(self, element: _Element, look: Look) -> None:
        self._paragraph.append(f" {text_of(element, look)} ")

    def _take_lead(self, element: _Element, look: Look) -> None:
        text = text_of(element, look)
        self._lead = "" if text in _BULLETS else text

    def _take_keywords(self, element: _Element, look: Look) -> None:
        self.keywords = self.keywords or _KEYWORDS.sub("", text_of(element, look)[:LONGEST_KEYWORDS], count=1)

    def _take_table(self, element: _Element, look: Look) -> None:
        self.end_paragraph()
        self._current.paragraphs += filter(self._has_room, rows_of(element, look))

    def _say(self, text: str | None, look: Look) -> None:
        if text and look.shows:
            self._paragraph.append(text)

    def _has_room(self, text: str) -> bool:
        size = self._size + len(text) + 2
        has_room = size <= MAX_CHARACTERS
        self.is_cut |= not has_room
        self._size = size if has_room else self._size
        return has_room

    # --- its parts ----------------------------------------------------------------------------------------

    def _take_section(self, element: _Element, look: Look) -> None:
        """Read a section; a paragraph's own title begins one only where it changes whose work is told of."""
        self.end_paragraph()
        marks = classes(element)
        heading, title = title_of(element, look)
        if is_references(title):
            self._take_references(element, look)
            return
        above = self._current
        role = Role.RELATED if is_related(title) else above.role
        if _RUN_IN.isdisjoint(marks) or role is not above.role:
            self._open(title or ("Abstract" if "ltx_abstract" in marks else ""), role, element.get("id", ""))
        elif title:
            self._lead = title if title[-1] in ".:?!" else f"{title}."
        self._heading = heading
        self.content(element, look)
        self.end_paragraph()
        self._lead = ""
        self._current = above

    def _open(self, title: str, role: Role, anchor: str) -> None:
        level = self._current.level + 1 if self._current.title else 1
        self._current = _Section(title, role, level, anchor if _ANCHOR.fullmatch(anchor) else "")
        self._sections.append(self._current)

    def _take_float(self, element: _Element, look: Look) -> None:
        """A figure, table or algorithm stands between paragraphs, not in one."""
        captions = captions_of(element, look)
        self._captions += filter(self._has_room, filter(None, (*captions, *lines_of(element, look))))
        if captions and "ltx_figure" in classes(element):
            figure = figure_of(element, look, caption=captions[-1], base=self.base)
            self.figures += [figure] if figure else []

    def _take_references(self, element: _Element, look: Look) -> None:
        self.references += references_of(element, look)


_KINDS: dict[str, Callable[[_Subscriber, _Element, Look], None]] = {
    "br": _Subscriber._take_break,
    **dict.fromkeys(("math", "ltx_Math"), _Subscriber._take_formula),
    **dict.fromkeys(("ltx_equation", "ltx_equationgroup", "ltx_eqn_table"), _Subscriber._take_equation),
    **dict.fromkeys(("ltx_title", "ltx_tag_item"), _Subscriber._take_lead),
    "ltx_keywords": _Subscriber._take_keywords,
    "ltx_tabular": _Subscriber._take_table,
    **dict.fromkeys(("figure", "ltx_figure", "ltx_table", "ltx_float"), _Subscriber._take_float),
    "ltx_bibliography": _Subscriber._take_references,
    **dict.fromkeys(_SECTIONS, _Subscriber._take_section),
}
"""By tag or class: what is read in a way of its own."""


def is_related(title: str) -> bool:
    """Say whether a section of this title tells of what others did."""
    return bool(_RELATED.search(title)) and not _OWN_FIRST.match(title)


def is_references(title: str) -> bool:
    return "".join(filter(str.isalpha, title.casefold())) in _REFERENCES
