"""arXiv's metadata of a paper: id and version, fields, author names, withdrawal. TeX is ``tex.py``'s."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import ftfy

from newsletter.core.arxiv.tex import readable


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperRecord:
    """One version of a paper as arXiv describes it, with encoding and TeX cleaned up.

    Every field is copied from arXiv; a model never writes any of them.
    """

    arxiv_id: str
    """Without version: ``2606.14173`` or, old style, ``quant-ph/0201082``."""
    version: int
    title: str
    abstract: str
    """Plain text; paragraphs are separated by one line break."""
    authors: tuple[str, ...]
    primary_category: str
    categories: tuple[str, ...]
    """The primary one first."""
    published_at: datetime
    """When version 1 was submitted (UTC)."""
    updated_at: datetime
    """When this version was submitted (UTC)."""
    comment: str = ""
    journal_ref: str = ""
    doi: str = ""
    is_withdrawn: bool = False

    @property
    def versioned_id(self) -> str:
        return f"{self.arxiv_id}v{self.version}"


# --- ids (arXiv help, "Understanding the arXiv identifier") ------------------------------------------------

_ID = re.compile(
    r"(?:(?P<new>\d{2}(?:0[1-9]|1[0-2])\.\d{4,5})"
    r"|(?P<archive>[a-z]+(?:-[a-z]+)?)(?:\.[A-Z]{2})?/(?P<number>\d{2}(?:0[1-9]|1[0-2])\d{3}))"
    r"(?:v(?P<version>[1-9]\d{0,4}))?(?!\d)"
)
_BEFORE_ID = re.compile(
    # A server may have made one slash of two, in an address that is part of another.
    r"\s*(?:arxiv:\s*|(?:https?:/{1,2})?(?:[a-z]+\.)?arxiv\.org/(?:abs|pdf|html|src|format|e-print)/"
    r"|(?:(?:https?:/{1,2})?(?:dx\.)?doi\.org/|doi:\s*)?10\.48550/arxiv\.)?",
    re.IGNORECASE,
)
_AFTER_ID = re.compile(r"(?:\.pdf)?/?(?:[?#].*)?\s*")


@dataclass(frozen=True, slots=True)
class ArxivId:
    """An identifier without version, and the version if one was named."""

    base: str
    version: int | None = None

    def __str__(self) -> str:
        return self.base if self.version is None else f"{self.base}v{self.version}"


def parse_id(text: str) -> ArxivId | None:
    """Read an id or an arXiv address, old style or new, or return None.

    ``math.GT/0309136`` is ``math/0309136``: the subject class was never part of the identifier.
    """
    start = _BEFORE_ID.match(text)
    found = _ID.match(text, start.end() if start else 0)
    if not found or not _AFTER_ID.fullmatch(text, found.end()):
        return None
    base = found["new"] or f"{found['archive']}/{found['number']}"
    return ArxivId(base, int(found["version"]) if found["version"] else None)


# --- names -------------------------------------------------------------------------------------------------

_FOOTNOTE_MARKS = "*†‡§¶ "
_HOLDS_TEX = re.compile(r"[\\{}$~]|``|''")
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")


def mend_encoding(text: str) -> str:
    """Undo text that was encoded as UTF-8 twice: arXiv's API sends ``RamÃ­rez`` for some older papers.

    Direction marks are dropped: they would also reverse the mail's own text.
    """
    return text if text.isascii() else _TURNS.sub("", ftfy.fix_encoding(text))


def mend_name(name: str) -> str:
    """Mend one name: its encoding, TeX accents, footnote marks. Empty if no letter or digit is left."""
    name = mend_encoding(name)
    if _HOLDS_TEX.search(name):  # without it a name stays as it was printed, its quote marks too
        name = readable(name)
    mended = " ".join(name.split()).rstrip(_FOOTNOTE_MARKS)
    return mended if any(character.isalnum() for character in mended) else ""


def author_names(names: Iterable[str]) -> tuple[str, ...]:
    """The authors in arXiv's order; several in one field, divided by semicolons, become several."""
    mended = (mend_name(part) for name in names for part in name.split(";"))
    return tuple(name for name in mended if name)


# --- withdrawal --------------------------------------------------------------------------------------------

_THING = r"(?:paper|article|manuscript|submission|preprint|e-?print|work|note|draft|report|thesis|version)"
_IS_WITHDRAWN = (
    rf"(?:this|the|our)\s+(?:\w+\s+)?{_THING}(?:\s*\([^)]*\))?\s+(?:is|was|has\s+been|have\s+been|had\s+been|"
    r"is\s+being|must\s+be|should\s+be|needs\s+to\s+be)\s+(?:\w+\s+){0,2}?(?:withdrawn|retracted)"
    r"(?!\s+from\s+(?!arxiv|the\s+arxiv))"
)
_IN_COMMENT = re.compile(
    rf"{_IS_WITHDRAWN}"
    r"|^\W*(?:paper\s+|article\s+|submission\s+|temporarily\s+)?(?:withdrawn|retracted)\b(?!\s+from\s+(?!arxiv|the\s+arxiv))"
    r"|\bwithdrawn\s+(?:due\s+to|because|owing\s+to|by\s+(?:the\s+|its\s+|all\s+)?(?:authors?|arxiv)|from\s+(?:the\s+)?arxiv)"
    rf"|\b(?:we|i|authors?)\s+(?:\w+\s+){{0,3}}?withdr(?:aw|ew|awn)\s+(?:this|the|our)\s+{_THING}",
    re.IGNORECASE,
)
_IN_ABSTRACT = re.compile(rf"\W*{_IS_WITHDRAWN}|\W*(?:withdrawn|retracted)\W*$", re.IGNORECASE)


def is_withdrawn(comment: str, abstract: str) -> bool:
    """Whether this version says that the paper is withdrawn.

    arXiv keeps no flag: a withdrawal is a new version whose comment gives the reason (arXiv help, "Withdraw
    an article"). An abstract counts only where it begins with the notice: there are papers *about*
    retractions.
    """
    return bool(_IN_COMMENT.search(comment) or _IN_ABSTRACT.match(abstract))
