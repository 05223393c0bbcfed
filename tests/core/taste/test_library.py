"""Ids, addresses and DOIs in pasted text; what an entry keeps; how much is kept."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.core.storable import is_storable
from newsletter.core.taste.library import (
    MAX_AUTHORS,
    MAX_ENTRIES,
    MAX_PROBLEMS,
    LibraryBuilder,
    LibraryEntry,
    Source,
    Unread,
    given_name_first,
    read_text,
    without_markup,
)


def ids(text: str) -> list[str | None]:
    return [entry.arxiv_id or entry.doi for entry in read_text(text).entries]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2406.01234", ["2406.01234"]),
        ("2406.01234v3", ["2406.01234"]),
        ("0704.0001", ["0704.0001"]),
        ("arXiv:2406.01234", ["2406.01234"]),
        ("arXiv: 2406.01234 [cs.CL]", ["2406.01234"]),
        ("quant-ph/0201082v1", ["quant-ph/0201082"]),
        ("math.GT/0309136", ["math/0309136"]),
        ("cs/0112017 and hep-th/9901001.", ["cs/0112017", "hep-th/9901001"]),
        ("2406.01234,2406.01235;2406.01236 2406.01237", [f"2406.0123{last}" for last in "4567"]),
        ("see (arXiv:2406.01234), and [2406.01235].", ["2406.01234", "2406.01235"]),
        ("https://arxiv.org/abs/2406.01234v2.", ["2406.01234"]),
        ("<http://export.arxiv.org/abs/math.GT/0309136v3>", ["math/0309136"]),
        ("https://arxiv.org/pdf/2406.01234v2.pdf", ["2406.01234"]),
        ("https://www.arxiv.org/html/2406.01234v1#S2", ["2406.01234"]),
        ("arxiv.org/abs/2406.01234?context=cs", ["2406.01234"]),
        ("[paper](https://arxiv.org/abs/2406.01234)", ["2406.01234"]),
        ("2406.01234v2.pdf", ["2406.01234"]),
        ("10.48550/arXiv.2406.01234", ["2406.01234"]),
        ("https://doi.org/10.48550/arXiv.2406.01234", ["2406.01234"]),
        ("doi:10.48550/ARXIV.2406.01234", ["2406.01234"]),
        ("10.1145/3292500.3330701", ["10.1145/3292500.3330701"]),
        ("https://doi.org/10.1145/3292500.3330701.", ["10.1145/3292500.3330701"]),
        ("https://dx.doi.org/10.1103%2FPhysRevD.1.2", ["10.1103/physrevd.1.2"]),
        ("DOI: 10.1016/S0140-6736(24)00001-2)", ["10.1016/s0140-6736(24)00001-2"]),
    ],
)
def test_it_finds_ids_addresses_and_dois(text: str, found: list[str]) -> None:
    assert ids(text) == found
    assert read_text(text).problems == ()


@pytest.mark.parametrize(
    "text",
    [
        "2413.01234",
        "12406.01234",
        "version 3.14159 of 2024-06-01",
        "Attention is all you need",
        "issue/2401123",
        "https://www.alphaxiv.org/abs/2406.01234",
        "alphaxiv.org/abs/2406.01234",
        "https://huggingface.co/papers/2406.01234",
        "https://arxiv.org/list/cs.CL/new",
        "https://notarxiv.org/abs/2406.01234",
        "https://doi.org/",
        "http://[",
    ],
)
def test_what_it_does_not_understand_is_listed_with_its_line(text: str) -> None:
    read = read_text(f"2406.99999\n\n{text}\n")
    assert [entry.arxiv_id for entry in read.entries] == ["2406.99999"]
    [problem] = read.problems
    assert (problem.line, problem.reason) == (3, Unread.NOT_UNDERSTOOD)
    assert str(problem).startswith(f"line 3: {text}"[:20])


def test_a_page_elsewhere_is_listed_beside_an_id_in_the_same_line() -> None:
    read = read_text("2406.01234 https://www.alphaxiv.org/abs/2406.09999")
    assert [entry.arxiv_id for entry in read.entries] == ["2406.01234"]
    assert [problem.text for problem in read.problems] == ["https://www.alphaxiv.org/abs/2406.09999"]


def test_lines_without_letters_and_digits_are_passed_over() -> None:
    assert read_text("----\n\n * \n") == read_text("")


def test_entries_know_their_line_and_each_paper_comes_once() -> None:
    read = read_text("2406.01234\nhttps://arxiv.org/abs/2406.01234v2\n\n10.1000/A\n10.1000/a")
    assert read.entries == (
        LibraryEntry(arxiv_id="2406.01234", doi=None, title="", authors=(), source=Source.TEXT, line=1),
        LibraryEntry(arxiv_id=None, doi="10.1000/a", title="", authors=(), source=Source.TEXT, line=4),
    )


def test_beyond_the_limit_nothing_is_read_and_that_is_said() -> None:
    read = read_text("\n".join(f"2406.{number:05d}" for number in range(MAX_ENTRIES + 10)))
    assert len(read.entries) == MAX_ENTRIES
    assert [(problem.line, problem.reason) for problem in read.problems] == [
        (MAX_ENTRIES + 1, Unread.TOO_MANY)
    ]


def test_problems_beyond_the_limit_are_counted() -> None:
    problems = read_text("nothing\n" * (MAX_PROBLEMS + 7)).problems
    assert len(problems) == MAX_PROBLEMS + 1
    assert str(problems[-1]) == "7: as many more were left out"


def test_the_limit_is_said_after_any_number_of_problems() -> None:
    numbers = "".join(f"2406.{number:05d}\n" for number in range(MAX_ENTRIES + 1))
    problems = read_text("nothing\n" * (MAX_PROBLEMS + 7) + numbers).problems
    assert [problem.reason for problem in problems[-2:]] == [Unread.TOO_MANY, Unread.MORE]


def test_a_long_line_is_shown_shortened() -> None:
    [problem] = read_text("word " * 100_000).problems
    assert len(problem.text) == 120
    assert problem.text.endswith("…")


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    read = read_text(text)
    assert all(is_storable(each.text) for each in read.problems)
    assert all(is_storable(each.doi or "") for each in read.entries)


NEW = st.from_regex(r"(0[7-9]|1[0-9]|2[0-6])(0[1-9]|1[0-2])\.[0-9]{5}", fullmatch=True)
OLD = st.from_regex(r"(hep-th|quant-ph|math|cs)/9[1-9](0[1-9]|1[0-2])[0-9]{3}", fullmatch=True)
WRITTEN = st.sampled_from(
    [
        "{}",
        "arXiv:{}v4",
        "https://arxiv.org/abs/{}",
        "arxiv.org/pdf/{}v2",
        "({})",
        "10.48550/arXiv.{}",
        "text before {}, and after",
    ]
)


@given(st.lists(st.tuples(NEW | OLD, WRITTEN), unique_by=lambda pair: pair[0]))
def test_ids_come_back_however_they_are_written(pairs: list[tuple[str, str]]) -> None:
    assert ids("\n".join(form.format(number) for number, form in pairs)) == [number for number, _ in pairs]


# --- entries -----------------------------------------------------------------------------------------------


def added(**fields: object) -> LibraryEntry:
    builder = LibraryBuilder(Source.BIBTEX)
    builder.add(1, **fields)  # type: ignore[arg-type] # passed on as given
    [entry] = builder.built().entries
    return entry


@pytest.mark.parametrize(
    ("fields", "arxiv_id", "doi"),
    [
        ({"ids": ["2406.01234v2"]}, "2406.01234", None),
        ({"ids": ["", "http://arxiv.org/abs/hep-th/9901001"]}, "hep-th/9901001", None),
        ({"doi": "10.48550/arXiv.2406.01234"}, "2406.01234", None),
        ({"doi": "https://doi.org/10.48550/arXiv.2406.01234"}, "2406.01234", None),
        ({"doi": "10.1000/A", "ids": ["2406.01234"]}, "2406.01234", "10.1000/a"),
        ({"ids": ["https://doi.org/10.1000/A"]}, None, "10.1000/a"),
        ({"notes": ["arXiv preprint arXiv:2406.01234"], "title": "A"}, "2406.01234", None),
        ({"notes": ["CoRR", "abs/2406.01234"], "title": "A"}, "2406.01234", None),
        ({"notes": ["ArXiv e-prints, arXiv:hep-th/9901001"], "title": "A"}, "hep-th/9901001", None),
        ({"notes": [f"{'long prose ' * 30} arXiv:2406.01234"], "title": "A"}, None, None),
        ({"notes": ["vol. 1205.1234"], "title": "A"}, None, None),
    ],
)
def test_an_entry_finds_its_id_in_what_a_reference_has(
    fields: dict[str, object], arxiv_id: str | None, doi: str | None
) -> None:
    entry = added(**fields)
    assert (entry.arxiv_id, entry.doi) == (arxiv_id, doi)


def test_an_entry_keeps_titles_and_names_short_and_storable() -> None:
    names = ["Ada\n Lovelace", "\0", "", "x" * 500, *string.ascii_letters]
    entry = added(title=" A\n title\ud800 " + "y" * 1000, authors=names)
    assert entry.title.startswith("A title\ufffd y")
    assert len(entry.title) == 500
    assert entry.authors[:2] == ("Ada Lovelace", "\ufffd")
    assert len(entry.authors[2]) == 100
    assert len(entry.authors) == MAX_AUTHORS


def test_an_entry_with_nothing_to_find_it_by_is_a_problem() -> None:
    builder = LibraryBuilder(Source.CSL)
    builder.add(3, authors=["Ada Lovelace"], notes=["1999"])
    assert builder.built().entries == ()
    assert list(map(str, builder.built().problems)) == [
        "item 3: an entry: it has no arXiv id, no DOI and no title"
    ]


def test_a_title_is_one_paper_in_any_case() -> None:
    builder = LibraryBuilder(Source.RIS)
    builder.add(1, title="A Paper")
    builder.add(9, title="a paper")
    assert [entry.line for entry in builder.built().entries] == [1]


@pytest.mark.parametrize(
    ("given_name", "ordered"),
    [
        ("Lovelace, Ada", "Ada Lovelace"),
        ("Ada Lovelace", "Ada Lovelace"),
        ("King, Martin Luther, Jr.", "Martin Luther King Jr."),
        ("Plato,", "Plato"),
        ("", ""),
    ],
)
def test_names_have_their_given_name_first(given_name: str, ordered: str) -> None:
    assert given_name_first(given_name) == ordered


def test_titles_lose_their_markup_and_keep_their_signs() -> None:
    title = '<jats:p>On <span class="nocase">H<sub>2</sub>O</span> &amp; <mml:mi>x</mml:mi></jats:p>'
    assert without_markup(title) == "On H2O & x"
    assert without_markup("a < b > c, AT&T, R&reg and <mask>") == "a < b > c, AT&T, R&reg and <mask>"
