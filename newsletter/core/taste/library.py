"""A subscriber's library: its entries, and the ids, addresses and DOIs in text that was pasted.

Files and services are read by ``adapters/library``; which papers of ours the entries are is their callers'.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from newsletter.core.arxiv.links import without_sentence_end
from newsletter.core.arxiv.papers import parse_id
from newsletter.core.arxiv.references import ARXIV_DOI, cited_id, find_doi
from newsletter.core.storable import storable

MAX_ENTRIES = 5_000
MAX_PROBLEMS = 100
MAX_AUTHORS = 20
"""Of one entry: enough to tell two papers of the same title apart."""
_LONGEST_TITLE, _LONGEST_NAME, _LONGEST_SHOWN = 500, 100, 120
_LONGEST_NOTE = 300
"""Characters of a note that are searched: a longer one is prose, perhaps about other papers."""
_LONGEST_URL = 500


class Source(StrEnum):
    TEXT = "text"
    BIBTEX = "bibtex"
    RIS = "ris"
    CSL = "csl"
    ZOTERO = "zotero"
    ORCID = "orcid"


_WITH_LINES = {Source.TEXT, Source.BIBTEX, Source.RIS}


class Unread(StrEnum):
    """Why something was left out, in words that follow what it was."""

    NOT_UNDERSTOOD = "no arXiv id, arXiv address or DOI was found in it"
    BROKEN = "it is broken and was left out"
    EMPTY = "it has no arXiv id, no DOI and no title"
    TOO_MANY = f"from here on nothing was read: give at most {MAX_ENTRIES:,} entries at a time"
    TOO_MUCH_TEX = (
        "from here on nothing was read: it is too much TeX for one time, so give the rest separately"
    )
    ENCODING = "it is not UTF-8, so it was read as Windows-1252: check the names"
    MORE = "as many more were left out"


_LIMITS = {Unread.TOO_MANY, Unread.TOO_MUCH_TEX}
"""Never left out of the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryEntry:
    """One paper as a library describes it. It has an id, a DOI or a title."""

    arxiv_id: str | None
    """Without version."""
    doi: str | None
    """In lower case; never arXiv's own DOI of ``arxiv_id``."""
    title: str
    """Without markup; empty if unknown."""
    authors: tuple[str, ...]
    """Given names first, at most MAX_AUTHORS."""
    source: Source
    line: int
    """Where it begins in the text, from 1; of JSON, Zotero and ORCID the number of the item."""


@dataclass(frozen=True, slots=True)
class Problem:
    line: int
    """As an entry's; 0 for the whole of what was given."""
    text: str
    """What it is about, shortened."""
    reason: Unread
    source: Source = Source.TEXT

    def __str__(self) -> str:
        unit = "line" if self.source in _WITH_LINES else "item"
        where = f"{unit} {self.line}: " if self.line else ""
        return f"{where}{self.text}{': ' if self.text else ''}{self.reason}"


@dataclass(frozen=True, slots=True)
class ReadLibrary:
    entries: tuple[LibraryEntry, ...]
    """Each paper once, in the order given."""
    problems: tuple[Problem, ...]
    """At most MAX_PROBLEMS, one that names the limit met, and one that counts the others."""


class LibraryBuilder:
    """Collects entries and problems, within their limits."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._entries: dict[str, LibraryEntry] = {}
        self._problems: list[Problem] = []
        self._more = 0

    @property
    def is_full(self) -> bool:
        return len(self._entries) >= MAX_ENTRIES

    def add(
        self,
        line: int,
        *,
        title: str = "",
        authors: Iterable[str] = (),
        doi: str = "",
        ids: Iterable[str] = (),
        notes: Iterable[str] = (),
    ) -> None:
        """Add an entry, once.

        ``ids`` are arXiv ids, addresses or anything else, each whole; ``doi`` may be an address. ``notes``
        may mention the arXiv id as references do: "arXiv preprint arXiv:2406.01234", "CoRR abs/2406.01234".
        """
        ids = list(ids)
        mentions = "; ".join(note[:_LONGEST_NOTE] for note in (doi, *notes))
        arxiv_id = cited_id(mentions, [doi, *ids]) or None
        found_doi = find_doi(doi, *ids)
        if arxiv_id and found_doi and found_doi.startswith(ARXIV_DOI):
            found_doi = None
        title = storable(" ".join(title.split())[:_LONGEST_TITLE])
        key = arxiv_id or found_doi or title.casefold()
        if not key:
            self.problem(line, "an entry", Unread.EMPTY)
            return
        names = (" ".join(storable(name).split())[:_LONGEST_NAME] for name in authors)
        entry = LibraryEntry(
            arxiv_id=arxiv_id,
            doi=found_doi and storable(found_doi),
            title=title,
            authors=tuple(name for name in names if name)[:MAX_AUTHORS],
            source=self._source,
            line=line,
        )
        self._entries.setdefault(key, entry)

    def problem(self, line: int, text: str, reason: Unread) -> None:
        if len(self._problems) < MAX_PROBLEMS or reason in _LIMITS:
            text = storable(" ".join(text[: 4 * _LONGEST_SHOWN].split()))
            short = text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"
            self._problems.append(Problem(line, short, reason, self._source))
        else:
            self._more += 1

    def built(self) -> ReadLibrary:
        more = [Problem(0, f"{self._more:,}", Unread.MORE)] if self._more else []
        return ReadLibrary(tuple(self._entries.values()), (*self._problems, *more))


# --- pasted text -------------------------------------------------------------------------------------------

_ARCHIVE = r"(?:[a-z]+-[a-z]+|cs|math|nlin|physics)(?:\.[A-Z]{2})?"
"""Those of the time before April 2007, when ids named one."""
_NAMED = re.compile(
    r"(?P<url>https?://[^\s<>\",]+|(?<![\w./@-])(?:[a-z]+\.)?(?:arxiv|doi)\.org/[^\s<>\",]+)"
    r"|(?P<doi>(?<![\w./-])10\.\d{4,9}/[^\s<>\",;]+)"
    rf"|(?P<id>(?<![\w./-])(?:arxiv:\s*)?(?:\d{{4}}\.\d{{4,5}}|{_ARCHIVE}/\d{{7}})(?:v\d+)?)(?![\w/]|\.\d)",
    re.IGNORECASE,
)


def read_text(text: str) -> ReadLibrary:
    """Find arXiv ids, arXiv's addresses and DOIs, one a line or in prose; list the lines without any.

    Pages about papers on other sites are listed, too: which paper they show is not ours to guess.
    """
    found = LibraryBuilder(Source.TEXT)
    for number, line in enumerate(text.splitlines(), start=1):
        if found.is_full:
            found.problem(number, "", Unread.TOO_MANY)
            break
        _read_line(found, number, line)
    return found.built()


def without_names(line: str) -> str:
    """Return what of a line is no id, address or DOI."""
    return " ".join(_NAMED.sub(" ", line).split())


def _read_line(found: LibraryBuilder, number: int, line: str) -> None:
    has_any = False
    for named in _NAMED.finditer(line):
        if found.is_full:
            return
        has_any = True
        whole = without_sentence_end(named[0][:_LONGEST_URL])
        if (named["id"] or named["url"]) and parse_id(whole):
            found.add(number, ids=[whole])
        elif not named["id"] and find_doi(whole):
            found.add(number, doi=whole)
        else:
            found.problem(number, whole, Unread.NOT_UNDERSTOOD)
    if not has_any and any(character.isalnum() for character in line):
        found.problem(number, line, Unread.NOT_UNDERSTOOD)


# --- what the formats share --------------------------------------------------------------------------------

_TAG = re.compile(
    r"</?(?:i|b|em|strong|u|sub|sup|span|sc|scp|inf|p|jats:\w+|mml:\w+|math|m[ino]|mrow|msub|msup|mtext|mfrac)\b[^<>]*>"
)
_ENTITY = re.compile(r"&#?\w{1,30};")


def without_markup(title: str) -> str:
    """Return a title without the HTML, JATS and MathML tags that libraries keep in titles."""
    return _ENTITY.sub(lambda found: html.unescape(found[0]), _TAG.sub("", title))


def given_name_first(name: str) -> str:
    """``Lovelace, Ada`` → ``Ada Lovelace``; ``King, Martin Luther, Jr.`` keeps its suffix last."""
    family, *rest = [part.strip() for part in name.split(",")]
    return " ".join(filter(None, [*rest[:1], family, *rest[1:]]))
