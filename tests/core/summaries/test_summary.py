"""Summaries: their stored form, their depths, and what a model is asked for."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from newsletter.core.summaries.paper_kinds import SECTION_KINDS, SECTIONS, PaperKind
from newsletter.core.summaries.summary import (
    NO_FULL_TEXT,
    Claim,
    DetailLevel,
    Evidence,
    Section,
    Summary,
    Voice,
    Withheld,
    at_detail,
    response_schema,
    summary_from_json,
    summary_to_json,
    supported_detail,
)


def claim(text: str) -> Claim:
    return Claim(text=text, evidence=(Evidence(quote=f"quote of {text}", highlights=((0, 5), (9, 12))),))


READING = Summary(
    voice=Voice.MODEL,
    headline=claim("头条"),
    takeaways=(claim("one"), claim("two")),
    sections=tuple(
        Section(kind=spec.kind, claims=(claim(spec.kind),) if spec.kind != "scope_limits" else ())
        for spec in SECTIONS[PaperKind.THEORY]
    ),
    kind=PaperKind.THEORY,
    withheld=(Withheld(reason="number_not_in_quote"),),
    fallback_reason="",
)


def test_it_comes_back_from_json_as_it_was() -> None:
    assert summary_from_json(json.loads(json.dumps(summary_to_json(READING)))) == READING


def test_a_summary_from_the_time_of_pages_is_read_without_them() -> None:
    """Its quotes were found in a PDF: the section is known, where it stands in the HTML is not."""
    quote = {"quote": "It needs no training.", "where": "Method", "page": 4, "marks": []}
    stored = summary_to_json(READING) | {"headline": {"text": "It needs no training.", "evidence": [quote]}}
    [found] = summary_from_json(stored).headline.evidence
    assert (found.where, found.anchor) == ("Method", "")


@pytest.mark.parametrize("broken", [{}, {"voice": "nobody"}, {**summary_to_json(READING), "voice": "nobody"}])
def test_what_it_did_not_write_it_does_not_read(broken: dict[str, object]) -> None:
    with pytest.raises((KeyError, ValueError)):
        summary_from_json(broken)


@pytest.mark.parametrize(
    ("depth", "takeaways", "sections"),
    [(DetailLevel.HEADLINE, 0, 0), (DetailLevel.TAKEAWAYS, 2, 0), (DetailLevel.READING, 2, 10)],
)
def test_a_shallower_depth_is_cut_from_it(depth: DetailLevel, takeaways: int, sections: int) -> None:
    cut = at_detail(READING, depth)
    assert (len(cut.takeaways), len(cut.sections)) == (takeaways, sections)
    assert cut.detail is depth
    assert at_detail(cut, depth) == cut


def test_an_incomplete_reading_is_shown_as_takeaways() -> None:
    incomplete = replace(READING, sections=READING.sections[:-1])
    assert incomplete.detail is DetailLevel.TAKEAWAYS
    assert at_detail(incomplete, DetailLevel.READING).sections == ()


def test_a_section_that_states_nothing_is_part_of_a_complete_reading() -> None:
    assert READING.sections[-1].claims == ()
    assert READING.detail is DetailLevel.READING


def test_a_headline_alone_is_no_takeaways() -> None:
    assert replace(READING, takeaways=(), sections=()).detail is DetailLevel.HEADLINE


def test_it_counts_what_was_checked_and_is_shown() -> None:
    assert READING.checked == 1 + 2 + 9
    assert at_detail(READING, DetailLevel.HEADLINE).checked == 1


@pytest.mark.parametrize(
    ("depth", "fields"),
    [
        (DetailLevel.HEADLINE, ["headline"]),
        (DetailLevel.TAKEAWAYS, ["headline", "takeaways"]),
        (DetailLevel.READING, ["headline", "takeaways", "kind", "sections"]),
    ],
)
def test_a_model_is_asked_for_the_depth_and_no_more(depth: DetailLevel, fields: list[str]) -> None:
    schema = response_schema(depth)
    assert list(schema["properties"]) == schema["required"] == fields
    assert schema["properties"]["headline"]["required"] == ["text", "quotes"]


def test_a_reading_is_asked_for_every_section() -> None:
    fields = response_schema(DetailLevel.READING)["properties"]
    assert fields["kind"]["enum"] == list(PaperKind)
    assert fields["sections"]["items"]["properties"]["kind"]["enum"] == list(SECTION_KINDS)


def test_only_who_asked_for_a_reading_is_told_why_it_is_none() -> None:
    short = replace(READING, sections=(), kind=None, incomplete=(NO_FULL_TEXT,))
    assert at_detail(short, DetailLevel.READING).incomplete == (NO_FULL_TEXT,)
    assert at_detail(short, DetailLevel.TAKEAWAYS).incomplete == ()
    assert summary_from_json(summary_to_json(short)) == short


def test_a_summary_stored_before_readings_could_fall_short_is_read() -> None:
    stored = summary_to_json(READING)
    del stored["incomplete"]
    assert summary_from_json(stored) == READING


@pytest.mark.parametrize("depth", list(DetailLevel))
def test_an_abstract_supports_no_reading(depth: DetailLevel) -> None:
    assert supported_detail(depth, has_full_text=True) is depth
    assert supported_detail(depth, has_full_text=False) is min(
        depth, DetailLevel.TAKEAWAYS, key=lambda each: each.rank
    )
