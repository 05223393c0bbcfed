"""BibTeX as people have it: TeX, strings, comments, duplicates, and entries that are broken."""

from __future__ import annotations

import logging
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.adapters.library.bib import MAX_OTHERS, MAX_TEX, read_bib
from newsletter.core.arxiv.citations import bibtex
from newsletter.core.taste.library import MAX_AUTHORS, MAX_ENTRIES, LibraryEntry, Source, Unread
from tests.fakes.papers import paper_record


def only(text: str) -> LibraryEntry:
    read = read_bib(text)
    assert read.problems == ()
    [entry] = read.entries
    return entry


def test_it_reads_an_entry_whole() -> None:
    text = """@article{vaswani2017attention,
      title = {Attention Is All You Need},
      author = {Vaswani, Ashish and Noam Shazeer and others},
      journal = {arXiv preprint arXiv:1706.03762},
      doi = {https://doi.org/10.5555/3295222.3295349},
    }"""
    assert only(text) == LibraryEntry(
        arxiv_id="1706.03762",
        doi="10.5555/3295222.3295349",
        title="Attention Is All You Need",
        authors=("Ashish Vaswani", "Noam Shazeer"),
        source=Source.BIBTEX,
        line=1,
    )


@pytest.mark.parametrize(
    "fields",
    [
        "eprint={2406.01234}, archiveprefix={arXiv}, primaryclass={cs.CL}",
        "eprint={2406.01234v2}, eprinttype={arxiv}",
        "eprint={arXiv:2406.01234}",
        "eprint={2406.01234}",
        "url={http://arxiv.org/abs/2406.01234v1}",
        r"url={\url{https://arxiv.org/pdf/2406.01234}}",
        r"howpublished={\url{https://arxiv.org/abs/2406.01234}}, title={T}",
        "doi={10.48550/arXiv.2406.01234}",
        "note={arXiv:2406.01234 [cs.CL]}",
        "journal={CoRR}, volume={abs/2406.01234}",
        "journal={ArXiv}, volume={abs/2406.01234}",
        "journal={arXiv e-prints}, eid={arXiv:2406.01234}, pages={arXiv:2406.01234}",
        'journal = "arXiv preprint arXiv:2406.01234"',
    ],
)
def test_the_id_is_found_wherever_reference_managers_put_it(fields: str) -> None:
    assert only(f"@misc{{key, {fields}}}").arxiv_id == "2406.01234"


def test_old_records_have_the_archive_apart() -> None:
    assert only("@article{k, eprint={9901001}, archiveprefix={hep-th}}").arxiv_id == "hep-th/9901001"
    assert only("@article{k, eprint={hep-th/9901001}, eprinttype={arxiv}}").arxiv_id == "hep-th/9901001"


@pytest.mark.parametrize(
    ("value", "title"),
    [
        ("On the {GPT} of {{Nested} Braces}", "On the GPT of Nested Braces"),
        ("{BERT}: {P}re-training", "BERT: Pre-training"),
        ("La{T}e{X}", "LaTeX"),
        ("{\\'E}cole, na{\\\"\\i}ve, Erd{\\H{o}}s and {\\AA}", "École, naïve, Erdős and Å"),
        ("{\\{}x{\\}}: 50\\% of \\& more", "{x}: 50% of & more"),
        ("Learning in $\\mathbb{R}^{n}$ and {H$_2$O}", "Learning in ℝⁿ and H₂O"),
        ("\\textit{In vitro} \\emph{and} {\\bf bold}", "In vitro and bold"),
        ("``Quoted'' -- it", "“Quoted” – it"),
        ("Broken\n   over lines", "Broken over lines"),
    ],
)
def test_tex_in_titles_becomes_text(value: str, title: str) -> None:
    assert only(f"@misc{{key, title = {{{value}}}}}").title == title


@pytest.mark.parametrize(
    ("value", "authors"),
    [
        ("M{\\\"u}ller, J{\\'o}zsef and {\\L}ukasz Kaiser", ("József Müller", "Łukasz Kaiser")),
        ("Ludwig van Beethoven and van Gogh, Vincent", ("Ludwig van Beethoven", "Vincent van Gogh")),
        ("King, Jr., Martin Luther", ("Martin Luther King Jr.",)),
        ("{Google, Inc.} and {Simon and Schuster}", ("Google, Inc.", "Simon and Schuster")),
        ("{DeepSeek-AI}", ("DeepSeek-AI",)),
        ("Unclosed { and B", ("Unclosed and B",)),
        ("", ()),
    ],
)
def test_tex_in_names_becomes_names_in_order(value: str, authors: tuple[str, ...]) -> None:
    assert only(f'@misc{{key, title = {{A}}, author = "{value}"}}').authors == authors


def test_of_many_authors_the_first_are_kept() -> None:
    names = " and ".join(f"Name{number} Surname" for number in range(3000))
    assert len(only(f"@misc{{key, title={{A}}, author={{{names}}}}}").authors) == MAX_AUTHORS


def test_strings_are_put_in_and_comments_and_prose_passed_over() -> None:
    text = """Exported on Monday. % see https://arxiv.org/abs/2406.09999
@string{corr = "arXiv preprint arXiv:2406.01234"}
@STRING(corr = "twice")
@preamble{"\\newcommand{\\x}{y}"}
@comment{jabref-meta: databaseType:bibtex;}
@article(key, title = "In parentheses", journal = CoRR)
"""
    read = read_bib(text)
    assert [(entry.line, entry.arxiv_id) for entry in read.entries] == [(6, "2406.01234")]
    assert read.problems == ()


def test_entries_of_one_key_are_all_kept_and_of_two_fields_the_first() -> None:
    read = read_bib(
        "@misc{key, title={One}}\n"
        "@misc{key, Title={Two}, title={Three}}\n"
        "@misc{key, note={x}, note={y}, title={Four}}"
    )
    assert [(entry.line, entry.title) for entry in read.entries] == [(1, "One"), (2, "Two"), (3, "Four")]
    assert read.problems == ()


@pytest.mark.parametrize(
    "broken",
    [
        "@article{broken, title={Unclosed",
        '@article{broken, title="Unclosed',
        "@article{broken title={No comma}}",
        "@article{broken, title {No equals sign}}",
        "@article{broken",
    ],
)
def test_a_broken_entry_is_listed_and_the_others_kept(broken: str) -> None:
    read = read_bib(f"@misc{{a, title={{Before}}}}\n{broken}\n\n@misc{{b, title={{After}}}}\n")
    assert [entry.title for entry in read.entries] == ["Before", "After"]
    [problem] = read.problems
    assert (problem.line, problem.reason) == (2, Unread.BROKEN)
    assert problem.text.startswith("@article{broken")


def test_an_entry_that_is_closed_too_often_ends_there() -> None:
    read = read_bib("@misc{a, title={Closed}}}, doi={10.1000/1}}\n@misc{b, title={After}}")
    assert [(entry.title, entry.doi) for entry in read.entries] == [("Closed", None), ("After", None)]


def test_the_last_entry_may_be_cut_off() -> None:
    read = read_bib("@misc{a, title={Before}}\n@misc{b, title={Cut o")
    assert [entry.title for entry in read.entries] == ["Before"]
    assert [(problem.line, problem.reason) for problem in read.problems] == [(2, Unread.BROKEN)]


def test_an_entry_about_nothing_is_listed() -> None:
    [problem] = read_bib("@book{key,\n year={1999}}").problems
    assert (problem.line, problem.reason) == (1, Unread.EMPTY)


def test_broken_entries_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        read_bib("@article{private title={x}}")
    assert caplog.records == []


# --- limits ------------------------------------------------------------------------------------------------


def test_fifty_thousand_entries_cost_little_and_the_first_are_read() -> None:
    text = "".join(f"@misc{{key{number}, title={{Title {number}}}}}\n" for number in range(50_000))
    began = time.process_time()
    read = read_bib(text)
    assert time.process_time() - began < 10
    assert len(read.entries) == MAX_ENTRIES
    assert [(problem.line, problem.reason) for problem in read.problems] == [
        (MAX_ENTRIES + 1, Unread.TOO_MANY)
    ]


def test_so_do_other_blocks_and_tex() -> None:
    others = read_bib("@string{a={b}}\n" * (MAX_OTHERS + 1) + "@misc{key, title={Beyond}}")
    assert (others.entries, [problem.reason for problem in others.problems]) == ((), [Unread.TOO_MANY])
    entry = "@misc{{key, title={{{number} {tex}}}}}\n"
    text = "".join(entry.format(number=number, tex="\\'e" * 300) for number in range(MAX_TEX // 900 + 2))
    tex = read_bib(text)
    assert len(tex.entries) == MAX_TEX // 904
    assert [problem.reason for problem in tex.problems] == [Unread.TOO_MUCH_TEX]


@pytest.mark.parametrize(
    "text",
    [
        "@a{b, title={" + "{" * 1_000_000,
        "@a{b, title={x}, author={" + "a and " * 200_000 + "}}",
        '@a{b, title="' * 80_000,
        "@a{b, title={" + "}" * 1_000_000,
        "@a{b, title={" + "\\" * 1_000_000,
    ],
    ids=["braces", "authors", "quotes", "closing", "backslashes"],
)
def test_a_megabyte_of_anything_takes_seconds(text: str) -> None:
    began = time.process_time()
    read_bib(text)
    assert time.process_time() - began < 5


@given(st.text(alphabet=st.sampled_from(list("@{}(),=\"#\\'~$%&_^ \n\tabcStringcommentéitle"))))
def test_whatever_it_reads_it_ends_with_a_library(text: str) -> None:
    read_bib("@misc{key, title={" + text)
    read_bib(text)


# --- what we write we read ---------------------------------------------------------------------------------

WORDS = st.text(alphabet="abcdefgXYZ0123456789éèüßøçłőñÅαβΓ%&_^{}\\~,.:;!?()/+=", min_size=1, max_size=12)
TITLES = st.lists(WORDS, min_size=1, max_size=8).map(" ".join).filter(lambda title: "_" * 2 not in title)
NAMES = st.lists(
    st.text(alphabet="abcdefgéèüßøçłőñ", min_size=2, max_size=8).map(str.title), min_size=1, max_size=3
)


@given(st.lists(st.tuples(TITLES, st.lists(NAMES.map(" ".join), min_size=1, max_size=4)), max_size=4))
def test_an_exported_paper_comes_back(papers: list[tuple[str, list[str]]]) -> None:
    records = [
        paper_record(number, title=title, authors=tuple(authors))
        for number, (title, authors) in enumerate(papers, start=1)
    ]
    read = read_bib(bibtex(records))
    assert read.problems == ()
    assert [(each.arxiv_id, each.title, each.authors) for each in read.entries] == [
        (each.arxiv_id, each.title, each.authors) for each in records
    ]
