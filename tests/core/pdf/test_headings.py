"""Which lines are headings, and whose work their sections tell of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from newsletter.core.arxiv.full_text import Role
from newsletter.core.pdf.columns import Placed
from newsletter.core.pdf.headings import Heading, headings_of, is_related, role_of
from newsletter.core.pdf.lines import Box, Line, Span
from tests.core.pdf.printing import set_line

COLUMN = Box(50, 0, 290, 700)


def found(*lines: Line) -> list[tuple[str, str]]:
    body = [set_line("a line of running text that goes on", y=400 + 12 * n, width=240) for n in range(5)]
    placed = [Placed(line, COLUMN, 1) for line in (*lines, *body)]
    return [(heading.number, heading.title) for heading in headings_of(placed, body=10).values()]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (set_line("1 Introduction", bold=True, size=12), ("1", "Introduction")),
        (set_line("2.3. Training the Model", bold=True), ("2.3", "Training the Model")),
        (set_line("IV. EXPERIMENTS"), ("IV", "EXPERIMENTS")),
        (set_line("A Further Results", bold=True), ("A", "Further Results")),
        (set_line("Conclusions", bold=True), ("", "Conclusions")),
        (set_line("REFERENCES"), ("", "REFERENCES")),
        (set_line("I NTRODUCTION", size=10), ("", "I NTRODUCTION")),
        (set_line("What the Ring Heard", bold=True, size=12), ("", "What the Ring Heard")),
    ],
)
def test_a_heading_is_known_by_number_look_or_name(line: Line, expected: tuple[str, str]) -> None:
    assert found(line) == [expected]


@pytest.mark.parametrize(
    "line",
    [
        set_line("1 We collect the data,"),
        set_line("3 of them were lost"),
        set_line("A method is given by the following"),
        set_line("• Memory (global feed-", bold=True),
        set_line("Theorem holds, as the method", size=10),
        set_line("12.4 45.1 77.0", bold=True),
        set_line("1 " + "word " * 40, bold=True, size=12),
    ],
)
def test_a_line_of_text_is_none(line: Line) -> None:
    assert found(line) == []


def test_a_long_heading_takes_two_lines() -> None:
    first = set_line("2.2 Polling-based Object Probing", bold=True, size=12, width=200)
    second = set_line("Evaluation", bold=True, size=12, y=114)
    assert found(first, second) == [("2.2", "Polling-based Object Probing Evaluation")]


def test_a_bold_opening_is_a_heading_with_the_paragraph_after_it() -> None:
    line = set_line("Related work. Others have")
    line = replace(line, spans=(Span("Related work. ", True), Span("Others have", False)))
    [heading] = headings_of([Placed(line, COLUMN, 1)], body=10).values()
    assert (heading.title, heading.rest) == ("Related work", "Others have")


@pytest.mark.parametrize(
    "title",
    [
        "Related Work",
        "RELATED WORK AND BACKGROUND",
        "R ELATED W ORK",
        "Prior Work",
        "Previous Approaches",
        "Background",
        "Background and Motivation",
        "Preliminaries",
        "Preliminaries: Diffusion Models",
        "Literature Review",
        "Existing Methods and their Limits",
        "Discussion of Related Research",
    ],
)
def test_these_tell_of_others(title: str) -> None:
    assert is_related(title)


@pytest.mark.parametrize(
    "title",
    [
        "Method",
        "Introduction",
        "Introduction and Related Work",
        "Comparison with the State of the Art Method",
        "Results",
    ],
)
def test_these_tell_of_the_paper_itself(title: str) -> None:
    assert not is_related(title)


def test_what_stands_under_related_work_tells_of_others() -> None:
    above = Heading(title="Related Work", number="2", level=1, lines=())
    below = Heading(title="Talking Heads", number="2.1", level=2, lines=())
    assert role_of(below, [above]) is Role.RELATED
    assert role_of(below, []) is Role.OWN
