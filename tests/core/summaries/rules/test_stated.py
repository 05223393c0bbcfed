"""Whether "not stated in the paper" may be said of a section."""

from __future__ import annotations

from dataclasses import replace

import pytest

from newsletter.core.arxiv.full_text import FullText, Role, TextSection
from newsletter.core.summaries.rules.stated import LIMITS, Paper, may_be_unstated

BARE = FullText(sections=(TextSection(title="Introduction", text="Ships move with the tide."),))


def with_section(title: str, text: str, role: Role = Role.OWN) -> FullText:
    return replace(BARE, sections=(*BARE.sections, TextSection(title=title, text=text, role=role)))


@pytest.mark.parametrize("kind", ["performance", "data", "earlier_methods", LIMITS, "significance"])
def test_a_text_without_a_trace_of_it_may_be_said_not_to_state_it(kind: str) -> None:
    assert may_be_unstated(kind, Paper("Ships move.", BARE))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("performance", with_section("Experiments", "The error is 0.4.")),
        ("data", with_section("Datasets", "Harbours.")),
        ("earlier_methods", with_section("Related Work", "GaugeFormer.", Role.RELATED)),
        (LIMITS, with_section("Limitations", "Storms.")),
        ("open_problems", with_section("Open Problems", "Storms.")),
        ("significance", with_section("Conclusion", "Ships help.")),
    ],
)
def test_a_heading_speaks_against_it(kind: str, text: FullText) -> None:
    assert not may_be_unstated(kind, Paper("Ships move.", text))


def test_the_abstract_speaks_against_it() -> None:
    assert not may_be_unstated("performance", Paper("It outperforms gauges on two benchmarks.", BARE))


@pytest.mark.parametrize("kind", ["background", "method", "position", "design"])
def test_what_makes_the_paper_one_of_its_kind_is_always_stated(kind: str) -> None:
    assert not may_be_unstated(kind, Paper("Ships move.", BARE))


def test_of_a_text_that_was_cut_nothing_may_be_said() -> None:
    assert not may_be_unstated("significance", Paper("Ships move.", replace(BARE, is_cut=True)))
