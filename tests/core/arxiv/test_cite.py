"""Citations read back by other programs: nothing of a name, a title or their order is lost."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
import rispy
from bibtexparser.entrypoint import parse_string
from bibtexparser.middlewares import LatexDecodingMiddleware, RemoveEnclosingMiddleware
from bibtexparser.middlewares.names import split_multiple_persons_names
from citeproc import Citation, CitationItem, CitationStylesBibliography, CitationStylesStyle, formatter
from citeproc.source.json import CiteProcJSON
from hypothesis import given
from hypothesis import strategies as st

from newsletter.core.arxiv.cite import Form, export, name_parts
from newsletter.core.arxiv.papers import PaperRecord
from tests.fakes.papers import paper_record

NAMES = (
    "Ada Lovelace",
    "José M. F. Moura",
    "Jean-Luc O'Neil-Smith",
    "Ludwig van Beethoven",
    "Ana Maria Lopez",
    "Martin King Jr.",
    "李明",
    "ATLAS Collaboration",
    "Google, Inc.",
    "Simon and Schuster",
)
PAPER = paper_record(
    arxiv_id="hep-th/9901001",
    version=3,
    title="50% of {AdS} & $5_x$ #1: α ≤ β~\\epsilon",
    authors=NAMES,
    categories=("hep-th", "gr-qc"),
    published_at=datetime(1999, 1, 4, tzinfo=UTC),
    doi="10.1000/a_b",
    journal_ref="J. High Energy Phys. 12 (1999) 3 & 4",
)
HOSTILE = (
    "}} @misc{evil, title = {x}}",
    "x\nER  - \nTY  - JOUR\nTI  - evil",
    '"}], "evil": [{"a": "',
    "\\input{/etc/passwd} \\write18{rm}",
    "</script><script>alert(1)</script>",
    "% comment\\\\ \\end{document}",
    "AU  - Somebody Else",
    "\u202eevil\x07\x1b[31m\x85AU  - x",
)
sentences = st.text(st.characters(exclude_categories=("Cs", "Cc", "Co", "Cn")), max_size=60)


def plain(text: str) -> str:
    return " ".join(text.split())


def ris(papers: Sequence[PaperRecord]) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = rispy.loads(export(papers, Form.RIS)) if papers else []
    return entries


def csl(papers: Sequence[PaperRecord]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads(export(papers, Form.CSL))
    return items


def bib(papers: Sequence[PaperRecord]) -> list[dict[str, str]]:
    """Return the fields of each entry, TeX read; everything in the file must be an entry."""
    text = export(papers, Form.BIBTEX)
    library = parse_string(text, parse_stack=[RemoveEnclosingMiddleware(), LatexDecodingMiddleware()])
    assert not library.failed_blocks
    assert len(library.blocks) == len(library.entries) == len(papers)
    return [{field.key: str(field.value) for field in entry.fields} for entry in library.entries]


def raw_authors(papers: Sequence[PaperRecord]) -> list[str]:
    """Return the authors of the first entry as BibTeX divides them, TeX and all."""
    found = re.search(r"^  author = \{(.*)\},$", export(papers, Form.BIBTEX), re.MULTILINE)
    assert found is not None
    return split_multiple_persons_names(found[1])


def name_of(person: dict[str, str]) -> str:
    return person.get("literal") or f"{person['given']} {person['family']}"


def turned(name: str) -> str:
    """Return an author of RIS with the given name first, where it is divided."""
    family, comma, given_name = name.partition(", ")
    return f"{given_name} {family}" if comma and name_parts(f"{given_name} {family}") else name


# --- names -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Ada Lovelace", ("Ada", "Lovelace")),
        ("J. M. Moura", ("J. M.", "Moura")),
        ("José M. F. Moura", ("José M. F.", "Moura")),
        ("J.-P. Serre", ("J.-P.", "Serre")),
        ("Jean-Luc O'Neil-Smith", ("Jean-Luc", "O'Neil-Smith")),
        ("Ана Петрова", ("Ана", "Петрова")),
        ("Ana Maria Lopez", None),
        ("Ludwig van Beethoven", None),
        ("Oscar de", None),
        ("Martin King Jr.", None),
        ("Henry VIII III", None),
        ("Ada L.", None),
        ("李明", None),
        ("李 明", None),
        ("ATLAS Collaboration", None),
        ("Qwen Team", None),
        ("Google, Inc.", None),
        ("R2 D2", None),
        ("Plato", None),
        ("", None),
    ],
)
def test_a_name_is_divided_only_where_there_is_one_way(name: str, parts: tuple[str, str] | None) -> None:
    assert name_parts(name) == parts


@given(st.text(max_size=40))
def test_a_divided_name_is_the_name(name: str) -> None:
    parts = name_parts(name)
    assert parts is None or " ".join(parts) == name


# --- read back -------------------------------------------------------------------------------------------


def test_ris_is_read_back_by_rispy() -> None:
    [entry] = ris([PAPER])
    assert [turned(name) for name in entry["authors"]] == list(NAMES)
    assert entry["authors"][:2] == ["Lovelace, Ada", "Moura, José M. F."]
    assert entry["title"] == PAPER.title
    assert (entry["year"], entry["date"]) == ("1999", "1999/01/04")
    assert entry["urls"] == ["https://arxiv.org/abs/hep-th/9901001v3"]
    assert entry["accession_number"] == "arXiv:hep-th/9901001v3"
    assert (entry["doi"], entry["notes"]) == ("10.1000/a_b", [PAPER.journal_ref])


def test_bibtex_is_read_back_by_bibtexparser() -> None:
    [entry] = bib([PAPER])
    assert entry["title"] == PAPER.title
    assert (entry["year"], entry["month"], entry["day"]) == ("1999", "jan", "4")
    assert (entry["eprint"], entry["archiveprefix"], entry["primaryclass"]) == (
        "hep-th/9901001",
        "arXiv",
        "hep-th",
    )
    assert (entry["version"], entry["doi"], entry["note"]) == ("3", "10.1000/a_b", PAPER.journal_ref)
    assert entry["url"] == "https://arxiv.org/abs/hep-th/9901001v3"
    assert len(raw_authors([PAPER])) == len(NAMES)
    for name in NAMES:
        assert name in entry["author"]


def test_csl_json_is_read_back_by_citeproc() -> None:
    items = csl([PAPER])
    assert [name_of(person) for person in items[0]["author"]] == list(NAMES)
    style = CitationStylesStyle("harvard-cite-them-right", validate=False)
    papers = CitationStylesBibliography(style, CiteProcJSON(items), formatter.plain)
    papers.register(Citation([CitationItem(items[0]["id"])]))
    [said] = [str(each) for each in papers.bibliography()]
    assert said.startswith("Lovelace, A. et al. (1999) ")
    assert PAPER.title in said


def test_csl_json_says_what_it_is() -> None:
    [item] = csl([PAPER])
    assert (item["type"], item["number"], item["version"]) == ("article", "arXiv:hep-th/9901001v3", "3")
    assert item["issued"] == {"date-parts": [[1999, 1, 4]]}
    assert (item["DOI"], item["URL"]) == ("10.1000/a_b", "https://arxiv.org/abs/hep-th/9901001v3")


@pytest.mark.parametrize("form", Form)
def test_no_papers_are_an_empty_file(form: Form) -> None:
    assert export([], form).strip() in ("", "[]")


@pytest.mark.parametrize("form", Form)
def test_a_paper_has_one_key_in_every_form(form: Form) -> None:
    papers = [paper_record(1, title="Same Title"), paper_record(2, title="Same Title")]
    text = export(papers, form)
    for key in ("lovelace2026same", "lovelace2026same-2"):
        assert key in text


# --- hostile text ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_paper_is_one_entry_and_no_command(text: str) -> None:
    papers = [paper_record(1, title=text, authors=(text, "B C"), journal_ref=text, doi=text), paper_record(2)]
    assert len(ris(papers)) == len(csl(papers)) == len(bib(papers)) == 2
    assert ris(papers)[0]["type_of_reference"] == "GEN"
    assert ris(papers)[1]["title"] == papers[1].title
    written = re.sub(r"^  (?:doi|url) = .*$", "", export(papers, Form.BIBTEX), flags=re.MULTILINE)
    for command in (r"\input", r"\write", r"\end"):
        assert command not in written
    assert not re.search(r"(?<!\\)[%&#$_]", written)


@given(st.lists(st.tuples(sentences, sentences), max_size=4))
def test_whatever_a_paper_says_every_form_has_each_paper_once(texts: list[tuple[str, str]]) -> None:
    papers = [
        paper_record(number, title=title, authors=(title, name), journal_ref=name)
        for number, (title, name) in enumerate(texts, start=1)
    ]
    assert len(bib(papers)) == len(papers)
    assert [item["URL"] for item in csl(papers)] == [item["urls"][0] for item in ris(papers)]
    assert [item.get("title", "") for item in csl(papers)] == [plain(paper.title) for paper in papers]


@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=8, unique=True))
def test_the_order_of_authors_is_arxivs(names: list[str]) -> None:
    papers = [paper_record(authors=tuple(names))]
    assert [name_of(person) for person in csl(papers)[0]["author"]] == names
    assert [turned(name) for name in ris(papers)[0]["authors"]] == names
    assert len(raw_authors(papers)) == len(names)
