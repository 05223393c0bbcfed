"""Papers for reference managers: BibTeX, RIS and CSL-JSON, by one function for every list of papers.

Names stand as arXiv prints them and in its order. Formats with separate fields for family and given name get
them only where a name divides in one way; any other name stays whole.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

import rispy

from newsletter.core.arxiv.citations import (
    NO_SURNAME,
    bibtex,
    citation_keys,
    doi_of,
    is_of_a_group,
)
from newsletter.core.arxiv.links import abstract_url
from newsletter.core.arxiv.papers import PaperRecord


class Form(StrEnum):
    """A format, and how its addresses end."""

    BIBTEX = "bib"
    RIS = "ris"
    CSL = "json"

    @property
    def media_type(self) -> str:
        return _MEDIA_TYPES[self]


_MEDIA_TYPES = {
    Form.BIBTEX: "application/x-bibtex",
    Form.RIS: "application/x-research-info-systems",
    Form.CSL: "application/vnd.citationstyles.csl+json",
}
_INITIAL = re.compile(r"[^\W\d_]\.?(?:-?[^\W\d_]\.)*")
_WORD = re.compile(r"[^\W\d_][^\W\d_'’.-]*(?:['’-][^\W\d_]+)*\.?")


def export(papers: Iterable[PaperRecord], form: Form) -> str:
    """Return a file of ``papers`` in their order; each has a key of its own in it."""
    listed = list(papers)
    match form:
        case Form.BIBTEX:
            return bibtex(listed)
        case Form.RIS:
            return _ris(listed)
        case Form.CSL:
            return _csl(listed)


def name_parts(name: str) -> tuple[str, str] | None:
    """Return given and family name where there is one way to divide them, else None.

    arXiv prints the family name last. Of two words it is the second, and so it is after initials, as in
    "J. M. Moura". Three words ("Ana Maria Lopez"), particles, suffixes, groups, single words are not divided.
    """
    *given, family = name.split(" ") if name else [""]
    is_plain = all(_WORD.fullmatch(word) or _INITIAL.fullmatch(word) for word in (*given, family))
    if not given or not is_plain or is_of_a_group(name) or not all(map(_INITIAL.fullmatch, given[1:])):
        return None
    if _INITIAL.fullmatch(family) or family.endswith(".") or NO_SURNAME.fullmatch(family):
        return None
    if not family[0].isupper():  # a particle, or a script without capitals, where the family may come first
        return None
    return " ".join(given), family


def one_line(text: str) -> str:
    """Return text without line ends and other control characters, each space a single one."""
    spaced = " ".join(text.split())
    return "".join(sign for sign in spaced if unicodedata.category(sign) not in ("Cc", "Cs"))


def _ris(papers: Sequence[PaperRecord]) -> str:
    entries = [_ris_entry(paper, key) for paper, key in zip(papers, citation_keys(papers), strict=True)]
    return rispy.dumps(entries, implementation=_RisWriter) if entries else ""


class _RisWriter(rispy.RisWriter):  # type: ignore[misc]  # it has no type information
    """Without a number before each entry, which is no RIS."""

    def set_header(self, count: int) -> str:  # noqa: ARG002 - the library's signature
        return ""


def _ris_entry(paper: PaperRecord, key: str) -> dict[str, Any]:
    fields = {
        "type_of_reference": "GEN",  # RIS has no type for a preprint
        "title": one_line(paper.title),
        "authors": [_family_first(one_line(name)) for name in paper.authors],
        "year": f"{paper.published_at:%Y}",
        "date": f"{paper.published_at:%Y/%m/%d}",
        "publisher": "arXiv",
        "accession_number": f"arXiv:{paper.versioned_id}",
        "doi": doi_of(paper),
        "notes": [one_line(paper.journal_ref)] if paper.journal_ref else [],
        "urls": [abstract_url(paper)],
        "id": key,
    }
    return {name: value for name, value in fields.items() if value}


def _family_first(name: str) -> str:
    parts = name_parts(name)
    return f"{parts[1]}, {parts[0]}" if parts else name


def _csl(papers: Sequence[PaperRecord]) -> str:
    items = [_csl_item(paper, key) for paper, key in zip(papers, citation_keys(papers), strict=True)]
    return json.dumps(items, ensure_ascii=False, indent=2) + "\n"


def _csl_item(paper: PaperRecord, key: str) -> dict[str, Any]:
    day = paper.published_at
    fields = {
        "id": key,
        "type": "article",  # CSL 1.0.2: preprints too
        "title": one_line(paper.title),
        "author": [_csl_name(one_line(name)) for name in paper.authors],
        "issued": {"date-parts": [[day.year, day.month, day.day]]},
        "publisher": "arXiv",
        "number": f"arXiv:{paper.versioned_id}",
        "version": str(paper.version),
        "genre": "preprint",
        "DOI": doi_of(paper),
        "note": one_line(paper.journal_ref),
        "URL": abstract_url(paper),
    }
    return {name: value for name, value in fields.items() if value}


def _csl_name(name: str) -> dict[str, str]:
    parts = name_parts(name)
    return {"given": parts[0], "family": parts[1]} if parts else {"literal": name}
