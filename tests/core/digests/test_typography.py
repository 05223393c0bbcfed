"""Names and lines in little room."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.core.digests.typography import (
    AuthorLine,
    author_line,
    cut,
    ends_line,
    short_name,
    title_half,
    typeset,
)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("LampNet: Reading Lamps", "LampNet"),
        ("Is 3:1 Enough for Lamps?", "Is 3:1 Enough for Lamps?"),
        ("A very long beginning before a colon: then more", "A very long beginning before a…"),
        ("Lamps, and other things that are bright", "Lamps, and other things that…"),
        (": odd", ": odd"),
    ],
)
def test_a_short_name_is_the_part_before_the_colon_or_the_title_cut_at_a_word(title: str, name: str) -> None:
    assert short_name(title) == name


@given(st.text(max_size=200), st.integers(2, 80))
def test_a_cut_line_fits(text: str, limit: int) -> None:
    assert len(cut(text, limit=limit)) <= limit


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("gains 1.5 dB in 20 ms", "en", "gains 1.5\u00a0dB in 20\u00a0ms"),
        ("2 months, 3 models, 4 maps", "en", "2 months, 3 models, 4 maps"),
        ("用LampNet读取300个标签", "zh-hans", "用 LampNet 读取 300\u00a0个标签"),
        ("共 5 项，达 90%以上", "zh-hans", "共 5\u00a0项，达 90% 以上"),
    ],
)
def test_number_and_unit_stay_together(text: str, language: str, expected: str) -> None:
    assert typeset(text, language=language) == expected


def test_up_to_four_authors_are_named_else_three() -> None:
    assert author_line(("A", "B", "C", "D")) == AuthorLine(names=("A", "B", "C", "D"), total=4)
    assert author_line(("A", "B", "C", "D", "E")) == AuthorLine(names=("A", "B", "C"), total=5)
    assert author_line(("A", "B", "C"), shown=2) == AuthorLine(names=("A",), total=3)


def test_a_card_names_both_of_two_authors_else_the_first_and_the_last() -> None:
    assert ends_line(("A", "B")) == AuthorLine(names=("A", "B"), total=2)
    assert ends_line(("A", "B", "C", "D")) == AuthorLine(names=("A", "D"), total=4)
    assert ends_line(("A", "B", ":")) == AuthorLine(names=("A", "B"), total=2)
    assert ends_line(("A", "LAMP Collaboration", "C")).is_collaboration


@pytest.mark.parametrize(
    ("title", "half"),
    [
        ("HarnessX: A Foundry", "A Foundry"),
        ("Reading lamps", "Reading lamps"),
        ("Ratio 1:2 of lamps", "Ratio 1:2 of lamps"),
        ("A name far too long to be the short name of anything: what", None),
    ],
)
def test_the_half_of_a_title_after_its_name(title: str, half: str | None) -> None:
    assert title_half(title) == (half or title)


def test_a_name_without_a_letter_is_no_author() -> None:
    assert author_line(("A", ":", "B")) == AuthorLine(names=("A", "B"), total=2)


def test_a_collaboration_stands_for_its_people() -> None:
    line = author_line(("A", "B", "LAMP Collaboration", "C", "D"))
    assert line == AuthorLine(names=("LAMP Collaboration",), total=4, is_collaboration=True)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Position: Benchmarks Should Age", "Benchmarks Should Age"),
        ("A Survey: TideNet: Harbour Levels", "TideNet"),
        ("Technical Report: The Kelp Model", "The Kelp Model"),
        ("Positional Encodings: What They Do", "Positional Encodings"),
        ("Reviewer 2: A Simulator", "Reviewer 2"),
    ],
)
def test_what_kind_of_paper_it_is_is_no_name(title: str, name: str) -> None:
    assert short_name(title) == name
