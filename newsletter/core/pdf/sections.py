"""The running text, line by line, into titled sections; references and keywords are told apart from it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from newsletter.core.arxiv.full_text import Role, TextSection
from newsletter.core.pdf.columns import Placed
from newsletter.core.pdf.floats import Caption
from newsletter.core.pdf.front import keywords_of
from newsletter.core.pdf.headings import Heading, collapsed, headings_of, role_of
from newsletter.core.pdf.lines import Line
from newsletter.core.pdf.paragraphs import Vocabulary, begins_paragraph

CAPTIONS = "Captions"
"""The title of the last section: what is said under figures and tables."""
_KEYWORDS = frozenset({"keywords", "keyword", "indexterms", "keywordsandphrases"})
_CONTENTS = frozenset({"contents", "tableofcontents"})
_LEADERS = re.compile(r"(?:\.\s?){5,}\s*\d*$")
_KEYWORDS_LINE = re.compile(r"(?:key\s?words(?: and phrases)?|index terms)\s*[:.—–-]\s*", re.I)


class _Part(Enum):
    TEXT = auto()
    KEYWORDS = auto()
    REFERENCES = auto()
    CONTENTS = auto()


@dataclass
class _Section:
    title: str
    role: Role
    text: str = ""
    starts: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class Sections:
    """What has been read so far; ``take`` the text in reading order, then the captions."""

    max_characters: int
    body: float
    vocabulary: Vocabulary
    references: list[Line] = field(default_factory=list)
    is_cut: bool = False
    _done: list[_Section] = field(default_factory=lambda: [_Section("", Role.OWN)])
    _keywords: list[str] = field(default_factory=list)
    _above: list[Heading] = field(default_factory=list)
    _part: _Part = _Part.TEXT
    _last: Placed | None = None
    _size: int = 0

    def take(self, flow: Sequence[Placed]) -> None:
        headings = headings_of(flow, body=self.body)
        inside: set[int] = set()
        for index, each in enumerate(flow):
            if heading := headings.get(index):
                inside = set(range(index, index + len(heading.lines)))
                self._take_heading(heading, each)
            elif index not in inside:
                self._take_line(each)

    def take_captions(self, captions: Sequence[Caption]) -> None:
        if captions:
            self._done.append(_Section(CAPTIONS, Role.OWN))
        for caption in captions:
            self._append(self.joined(caption.lines), page=caption.lines[0].page, is_new=True)

    def found(self) -> tuple[TextSection, ...]:
        return tuple(
            TextSection(title=each.title, text=each.text, role=each.role, page_starts=tuple(each.starts))
            for each in self._done
            if each.text
        )

    def keywords(self) -> tuple[str, ...]:
        joined = ""
        for line in self._keywords:
            joined = self.vocabulary.join(joined, line)
        return keywords_of(joined)

    def joined(self, lines: Sequence[Line]) -> str:
        text = ""
        for line in lines:
            text = self.vocabulary.join(text, line.text)
        return text

    def _take_heading(self, heading: Heading, placed: Placed) -> None:
        if self._is_entry(heading) or collapsed(heading.title) in _CONTENTS:
            self._part = _Part.CONTENTS
        elif heading.is_references and not heading.rest:
            self._part = _Part.REFERENCES
        elif collapsed(heading.title) in _KEYWORDS:
            self._part = _Part.KEYWORDS
            self._keywords.append(heading.rest)
            self._last = placed
        elif self._part is _Part.REFERENCES and not self._ends_references(heading, placed.line):
            self.references += heading.lines
        else:
            self._part = _Part.TEXT
            self._open(heading, placed)

    def _take_line(self, placed: Placed) -> None:
        line = placed.line
        if self._part is _Part.REFERENCES:
            self.references.append(line)
            return
        if self._part is _Part.CONTENTS or _LEADERS.search(line.text):
            return
        label = None if self._keywords else _KEYWORDS_LINE.match(line.text)
        if label:
            self._part = _Part.KEYWORDS
        elif self._part is _Part.KEYWORDS and any(self._keywords) and self._begins(placed):
            self._part = _Part.TEXT
        if self._part is _Part.KEYWORDS:
            self._keywords.append(line.text[label.end() :] if label else line.text)
            self._last = placed
        else:
            self._add(placed, line.text)

    def _ends_references(self, heading: Heading, line: Line) -> bool:
        """The name of a journal looks like a heading too: what comes after must look more like one."""
        return not heading.rest and (line.is_bold or line.size >= 1.06 * self.body or heading.title.isupper())

    def _is_entry(self, heading: Heading) -> bool:
        """A line of the table of contents: it ends with its page."""
        is_inside = self._part is _Part.CONTENTS and bool(re.search(r"\s\d{1,3}$", heading.title))
        return is_inside or bool(_LEADERS.search(heading.title))

    def _begins(self, placed: Placed) -> bool:
        return self._last is None or begins_paragraph(placed, self._last, body=self.body)

    def _open(self, heading: Heading, placed: Placed) -> None:
        """Begin a section; a paragraph's own title begins one only where it changes whose work is told of."""
        above = self._over(heading)
        role = role_of(heading, above)
        if heading.rest and role is self._done[-1].role and collapsed(heading.title) != "abstract":
            self._add(placed, placed.line.text)
            return
        self._above = [*above, heading]
        self._done.append(_Section(heading.title, role))
        self._last = None
        if heading.rest:
            self._add(placed, heading.rest)

    def _over(self, heading: Heading) -> list[Heading]:
        """The headings a new one stands under: by number where both have one, else by look."""
        above = [other for other in self._above if other.level < heading.level]
        if not heading.number:
            return above
        return [other for other in above if not other.number or heading.number.startswith(f"{other.number}.")]

    def _add(self, placed: Placed, text: str) -> None:
        self._append(text, page=placed.line.page, is_new=self._begins(placed))
        self._last = placed

    def _append(self, text: str, *, page: int, is_new: bool) -> None:
        section = self._done[-1]
        if self._size + len(text) > self.max_characters:
            self.is_cut = True
            return
        self._size += len(text)
        before = f"{section.text}\n\n" if is_new and section.text else section.text
        joined = before + text if is_new else self.vocabulary.join(before, text)
        if not section.starts or section.starts[-1][1] != page:
            section.starts.append((len(joined) - len(text) if section.text else 0, page))
        section.text = joined
