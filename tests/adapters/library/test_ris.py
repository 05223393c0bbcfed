"""RIS: records, continued lines, records without an end."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.adapters.library.ris import MAX_LINES, MAX_RECORD, read_ris
from newsletter.core.taste.library import MAX_ENTRIES, LibraryEntry, Source, Unread

RECORD = """TY  - JOUR
AU  - Müller, József
AU  - King, Martin Luther, Jr.
TI  - Learning <i>in vitro</i> &amp; elsewhere
DO  - 10.1000/ABC
UR  - http://arxiv.org/abs/2406.01234v2;https://example.org
PY  - 2024
ER  -
"""


def test_it_reads_a_record_whole() -> None:
    read = read_ris(f"\n{RECORD}")
    assert read.problems == ()
    assert read.entries == (
        LibraryEntry(
            arxiv_id="2406.01234",
            doi="10.1000/abc",
            title="Learning in vitro & elsewhere",
            authors=("József Müller", "Martin Luther King Jr."),
            source=Source.RIS,
            line=2,
        ),
    )


@pytest.mark.parametrize(
    "line",
    [
        "UR  - https://arxiv.org/abs/2406.01234",
        "DO  - 10.48550/arXiv.2406.01234",
        "DO  - https://doi.org/10.48550/arXiv.2406.01234",
        "AN  - arXiv:2406.01234",
        "M1  - arXiv:2406.01234 [cs.CL]",
        "N1  - arXiv:2406.01234",
        "T2  - arXiv preprint arXiv:2406.01234",
        "JO  - arXiv:2406.01234",
        "C1  - arXiv:2406.01234",
        "XX  - unknown\nUR  - https://arxiv.org/pdf/2406.01234",
    ],
)
def test_the_id_is_found_wherever_reference_managers_put_it(line: str) -> None:
    [entry] = read_ris(f"TY  - GEN\n{line}\nER  - ").entries
    assert entry.arxiv_id == "2406.01234"


def test_titles_have_several_tags_and_go_on_over_lines() -> None:
    read = read_ris(
        "TY  - GEN\nT1  - A long\ntitle\nA1  - Lovelace, Ada\nER  -\n\nTY  - GEN\nST  - Short\nER  - \n"
    )
    assert [(entry.title, entry.authors) for entry in read.entries] == [
        ("A long title", ("Ada Lovelace",)),
        ("Short", ()),
    ]


def test_a_record_without_an_end_is_listed_and_not_mixed_into_the_next() -> None:
    read = read_ris(f"TY  - JOUR\nTI  - Without end\nAU  - Nobody\n{RECORD}TY  - JOUR\nTI  - Cut o")
    assert [(entry.line, entry.arxiv_id, len(entry.authors)) for entry in read.entries] == [
        (4, "2406.01234", 2)
    ]
    assert [(problem.line, problem.reason) for problem in read.problems] == [
        (1, Unread.BROKEN),
        (12, Unread.BROKEN),
    ]


def test_a_record_about_nothing_is_listed() -> None:
    assert [problem.reason for problem in read_ris("TY  - GEN\nPY  - 1999\nER  - ").problems] == [
        Unread.EMPTY
    ]


def test_fifty_thousand_records_cost_little_and_the_first_are_read() -> None:
    text = "".join(f"TY  - GEN\nTI  - Title {number}\nER  - \n" for number in range(50_000))
    began = time.process_time()
    read = read_ris(text)
    assert time.process_time() - began < 5
    assert len(read.entries) == MAX_ENTRIES
    assert [(problem.line, problem.reason) for problem in read.problems] == [
        (3 * MAX_ENTRIES + 1, Unread.TOO_MANY)
    ]


def test_a_value_continued_for_ever_costs_little() -> None:
    begin, end = "TY  - GEN\nTI  - A\n", "ER  - \n"
    long = begin + "b" * MAX_RECORD + "\n" + end
    continued = begin + "b\n" * MAX_LINES + end
    just = (begin + "b\n" * (MAX_LINES - 10) + end) * 50
    began = time.process_time()
    assert [problem.reason for problem in read_ris(long).problems] == [Unread.BROKEN]
    assert [problem.reason for problem in read_ris(continued).problems] == [Unread.BROKEN]
    assert read_ris(just).problems == ()
    assert time.process_time() - began < 5


LINES = st.sampled_from(
    ["TY  - GEN", "ER  - ", "TI  - a", "AU  - b", "UR  - c;d", "UK  - e", "N1  - ", "XX  - f", "", "g"]
)


@given(st.lists(LINES | st.text(max_size=20)).map("\n".join))
def test_whatever_it_reads_it_ends_with_a_library(text: str) -> None:
    read_ris(text)


WORDS = st.text(alphabet="abcdefgéß中;:'\"()0123456789", min_size=1, max_size=9)
TITLES = st.lists(WORDS, min_size=1, max_size=6).map(" ".join)
NAMES = st.lists(st.text(alphabet="abcdéß", min_size=1, max_size=6).map(str.title), min_size=2, max_size=2)


@given(st.lists(st.tuples(TITLES, st.lists(NAMES, max_size=3)), unique_by=lambda pair: pair[0].casefold()))
def test_written_records_come_back(papers: list[tuple[str, list[list[str]]]]) -> None:
    text = "".join(
        "\n".join(
            ["TY  - JOUR", f"TI  - {title}", *(f"AU  - {last}, {first}" for first, last in names), "ER  - \n"]
        )
        for title, names in papers
    )
    read = read_ris(text)
    assert [(each.title, each.authors) for each in read.entries] == [
        (title, tuple(" ".join(name) for name in names)) for title, names in papers
    ]
