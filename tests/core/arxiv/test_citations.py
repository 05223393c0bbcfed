"""BibTeX of papers: fields, keys, and text that TeX takes."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.core.arxiv.citations import bibtex, in_tex
from tests.fakes.papers import paper_record


def keys(text: str) -> list[str]:
    return re.findall(r"^@misc\{(.*),$", text, re.MULTILINE)


def test_it_writes_what_a_reference_needs() -> None:
    paper = paper_record(
        arxiv_id="2406.01234",
        version=3,
        title="Talking Heads from Speech",
        authors=("Ada Lovelace", "Alan Turing"),
        categories=("cs.CL", "cs.AI"),
        published_at=datetime(2024, 6, 3, tzinfo=UTC),
        doi="10.1000/a_b",
        journal_ref="J. Speech & Faces 12",
    )
    assert bibtex([paper]) == (
        "@misc{lovelace2024talking,\n"
        "  title = {{Talking Heads from Speech}},\n"
        "  author = {Ada Lovelace and Alan Turing},\n"
        "  year = {2024},\n"
        "  day = {3},\n"
        "  eprint = {2406.01234},\n"
        "  archiveprefix = {arXiv},\n"
        "  primaryclass = {cs.CL},\n"
        "  version = {3},\n"
        "  doi = {10.1000/a_b},\n"
        "  note = {J. Speech {\\&} Faces 12},\n"
        "  url = {https://arxiv.org/abs/2406.01234v3},\n"
        "  month = jun,\n"
        "}\n"
    )


def test_no_papers_are_no_text() -> None:
    assert bibtex([]) == ""


@pytest.mark.parametrize(
    ("text", "tex"),
    [
        ("École", "{\\'E}cole"),
        ("50% of $5 & #1_x", "50{\\%} of {\\$}5 {\\&} {\\#}1{\\_}x"),
        ("a\\b ~ c^d", "a{\\textbackslash}b {\\textasciitilde} c{\\textasciicircum}d"),
        ("α ≤ β", "{\\ensuremath{\\alpha}} {\\ensuremath{\\leq}} {\\ensuremath{\\beta}}"),
        ("{x}", "{\\{}x{\\}}"),
        ("} {", "{\\textbraceright} {\\textbraceleft}"),
        ("two\nlines", "two lines"),
        ("中文", "中文"),
    ],
)
def test_text_is_written_so_that_tex_takes_it(text: str, tex: str) -> None:
    assert in_tex(text) == tex


@given(st.text())
def test_braces_are_balanced_as_bibtex_counts_them(text: str) -> None:
    depth = 0
    for sign in bibtex([paper_record(title=text, authors=(text, "B"), doi=text, journal_ref=text)]):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        assert depth >= 0
    assert depth == 0


@pytest.mark.parametrize("name", ["Google, Inc.", "Simon and Schuster", "The R and D Team"])
def test_a_name_that_bibtex_would_divide_is_kept_together(name: str) -> None:
    assert f"author = {{{{{name}}} and B}}," in bibtex([paper_record(authors=(name, "B"))])


@pytest.mark.parametrize(
    ("authors", "title", "key"),
    [
        (("Jürgen Ångström",), "On the Erdős–Rényi Graphs", "angstrom2026erdos"),
        (("Jean-Luc O'Neil-Smith Jr.",), "GANs", "oneilsmith2026gans"),
        (("ATLAS Collaboration",), "A b c", "atlas2026"),
        (("李明",), "论文", "arxiv2026"),
        ((), "Nobody's Paper", "arxiv2026nobody"),
    ],
)
def test_keys_are_readable_and_plain(authors: tuple[str, ...], title: str, key: str) -> None:
    assert keys(bibtex([paper_record(authors=authors, title=title)])) == [key]


@given(st.lists(st.sampled_from(["Ada Lovelace", "李明", "A B"]), max_size=30))
def test_no_key_comes_twice(authors: list[str]) -> None:
    papers = [
        paper_record(number, authors=(name,), title="Same Title") for number, name in enumerate(authors)
    ]
    found = keys(bibtex(papers))
    assert len(found) == len(set(found)) == len(papers)
    assert all(re.fullmatch(r"[a-z0-9-]+", key) for key in found)
