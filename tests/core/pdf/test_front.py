"""Affiliations and keywords as papers print them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from newsletter.core.pdf.front import affiliations_of, keywords_of
from newsletter.core.pdf.lines import Line, Span
from tests.core.pdf.printing import set_line

AUTHORS = ("Ada Lovelace", "Émile Borel", "Li Wei")
NAMES = "Ada Lovelace Emile Borel Li Wei"


def marked(*pieces: str, y: float) -> Line:
    """A line of (mark, text, mark, text…), the marks raised."""
    spans = tuple(Span(text, rise=1 - index % 2) for index, text in enumerate(pieces))
    return replace(set_line("".join(pieces), y=y), spans=spans)


def read(*lines: Line, notes: tuple[Line, ...] = ()) -> tuple[str, ...]:
    return affiliations_of(lines, notes=notes, title="On Heads", authors=AUTHORS)


def test_several_marked_places_on_a_line_are_several() -> None:
    names = marked("", "Ada Lovelace", "1,2", " Émile Borel", "2", y=100)
    places = marked("1", "AI Geeks ", "2", "UNSW Sydney", y=112)
    assert read(names, places) == ("AI Geeks", "UNSW Sydney")


def test_a_marked_place_may_take_two_lines() -> None:
    first = marked("1", "Department of Engines, Univer-", y=112)
    second = set_line("sity of London, United Kingdom", y=124)
    assert read(first, second) == ("Department of Engines, University of London, United Kingdom",)


def test_places_below_the_names_are_a_block_each() -> None:
    lines = [
        set_line(text, x=x, y=y, width=100)
        for x, block in (
            (50, ("Ada Lovelace", "Analytical Engines Ltd", "London, UK", "ada@engines.uk")),
            (300, ("Li Wei", "清华大学")),
        )
        for y, text in zip((100, 112, 124, 136), block, strict=False)
    ]
    assert read(*lines) == ("Analytical Engines Ltd, London, UK", "清华大学")


def test_a_place_with_no_telling_word_counts_below_a_name() -> None:
    assert read(set_line("Ada Lovelace", y=100), set_line("Ockham Park, Surrey", y=112)) == (
        "Ockham Park, Surrey",
    )


def test_places_in_the_first_pages_notes_count_where_none_stand_above() -> None:
    note = marked("*", "Equal contribution. ", "1", "ETH Zurich. ", "2", "Inria Paris", y=700)
    assert read(set_line(NAMES, y=100), notes=(note,)) == ("ETH Zurich", "Inria Paris")


@pytest.mark.parametrize(
    "text",
    [
        "On Heads",
        NAMES,
        "{ada, emile}@university.example.edu",
        "Equal contribution. Project lead: Li Wei",
        "https://research.example.org/heads",
        "December 3, 2025",
    ],
)
def test_titles_names_addresses_and_remarks_are_no_places(text: str) -> None:
    assert read(set_line(text, y=100)) == ()


def test_the_same_place_is_named_once() -> None:
    lines = [set_line("University of London", x=x, y=100, width=90) for x in (50, 200, 350)]
    assert read(*lines) == ("University of London",)


def test_keywords_are_divided_as_printed() -> None:
    assert keywords_of("tides, low-cost sensing; pressure sensors · SLAM.") == (
        "tides",
        "low-cost sensing",
        "pressure sensors",
        "SLAM",
    )
    assert keywords_of("") == ()


def test_a_number_in_an_address_is_no_mark() -> None:
    lines = (
        set_line("Ada Lovelace", y=100),
        set_line("VinAI Research", y=112),
        set_line("14 Thuy Khue, Ha Noi", y=124),
    )
    assert read(*lines) == ("VinAI Research, 14 Thuy Khue, Ha Noi",)


def test_notes_without_an_institution_are_none() -> None:
    note = marked("*", "Produces the permission block, and copyright information", y=700)
    assert read(set_line(NAMES, y=100), notes=(note,)) == ()
