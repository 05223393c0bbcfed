"""From a stored summary to a digest's card: how deep, with which figure, and what it owns up to."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from newsletter.adapters.llm.extractive import ExtractiveSummariser
from newsletter.adapters.llm.gemini import GeminiSummariser
from newsletter.adapters.ports import Summariser
from newsletter.core.digests.digest import DigestCard
from newsletter.core.summaries.summary import NO_FULL_TEXT, DetailLevel, Voice, Wanted, at_detail
from newsletter.models import Paper, Summary
from newsletter.pipeline.compose.composer import card_of
from newsletter.pipeline.summarize.figures import mail_figures
from newsletter.pipeline.summarize.generate import write_extracts
from newsletter.pipeline.summarize.lookup import SummaryLookup
from newsletter.subscribers.reports import put_back, take_down
from tests.fakes import readings

pytestmark = pytest.mark.django_db

MODEL = GeminiSummariser(api_key="none", model="gemini-flash-latest", endpoint="http://127.0.0.1:9")


def stored(**incomplete: Any) -> Paper:
    """Save the sample paper with an extract and a whole reading, or with takeaways that say why not."""
    reading = readings.reading("harbornet")
    less = replace(at_detail(reading, DetailLevel.TAKEAWAYS), **incomplete) if incomplete else reading
    row = readings.store("harbornet", "en", summary=less)
    Summary.objects.update(prompt_version=MODEL.prompt_version)
    write_extracts([row.pk], now=readings.PUBLISHED)
    return row


def card(row: Paper, *, asked: DetailLevel = DetailLevel.READING, by: Summariser = MODEL) -> DigestCard:
    shown = SummaryLookup([row.pk], summariser=by).show(Wanted(row.pk, "en", asked))
    return card_of(row.record, shown=shown, asked=asked, figure=mail_figures([row.pk]).get(row.pk))


def test_a_whole_reading_lacks_nothing_and_has_the_figure() -> None:
    row = stored()
    readings.store_details("harbornet", image=b"an image")
    found = card(row)
    assert (found.detail, found.lacks) == (DetailLevel.READING, None)
    assert found.figure is not None
    assert found.figure.caption == readings.FIGURE.caption


def test_takeaways_have_the_figure_and_headlines_none() -> None:
    row = stored()
    readings.store_details("harbornet", image=b"an image")
    found = card(row, asked=DetailLevel.TAKEAWAYS)
    assert (found.detail, found.lacks, found.figure is None) == (DetailLevel.TAKEAWAYS, None, False)
    assert card(row, asked=DetailLevel.HEADLINE).figure is None


@pytest.mark.parametrize(
    ("incomplete", "reason"),
    [((NO_FULL_TEXT,), NO_FULL_TEXT), (("data", "performance"), "incomplete"), ((), "late")],
)
def test_a_reading_one_depth_lower_says_why(incomplete: tuple[str, ...], reason: str) -> None:
    found = card(stored(incomplete=incomplete))
    assert (found.detail, found.lacks, found.lacks_reason) == (
        DetailLevel.TAKEAWAYS,
        DetailLevel.READING,
        reason,
    )


def test_nobody_who_asked_for_takeaways_is_told_of_a_missing_reading() -> None:
    assert card(stored(incomplete=(NO_FULL_TEXT,)), asked=DetailLevel.TAKEAWAYS).lacks is None


def test_a_service_without_a_model_says_that_a_reading_takes_one() -> None:
    row, extractive = stored(), ExtractiveSummariser()
    found = card(row, by=extractive)
    assert (found.lacks, found.lacks_reason) == (DetailLevel.READING, "no_model")
    assert card(row, asked=DetailLevel.TAKEAWAYS, by=extractive).lacks is None


def test_a_summary_taken_down_is_replaced_by_the_authors_words_until_it_is_put_back() -> None:
    row = stored()
    written = Summary.objects.get(model=MODEL.model)
    take_down(written, now=readings.PUBLISHED)
    found = card(row)
    assert found.summary.voice is Voice.AUTHORS
    assert (found.summary.fallback_reason, found.lacks) == ("withheld", None)
    lookup = SummaryLookup([row.pk], summariser=MODEL)
    assert not lookup.may_still_come(Wanted(row.pk, "en", DetailLevel.READING), within=timedelta(hours=1))
    put_back(written, now=readings.PUBLISHED)
    assert card(row).summary.voice is Voice.MODEL


def test_what_was_taken_down_stays_down_when_the_prompt_changes() -> None:
    from newsletter.pipeline.summarize import store as summary_rows

    row = stored()
    old = Summary.objects.get(model=MODEL.model)
    Summary.objects.filter(pk=old.pk).update(prompt_version="2")
    take_down(old, now=readings.PUBLISHED)
    key = summary_rows.key_of(row, MODEL, language="en")
    assert summary_rows.lease(key, detail=DetailLevel.READING) is None
    found = card(row)
    assert (found.summary.voice, found.summary.fallback_reason) == (Voice.AUTHORS, "withheld")
    lookup = SummaryLookup([row.pk], summariser=MODEL)
    assert not lookup.may_still_come(Wanted(row.pk, "en", DetailLevel.READING), within=timedelta(hours=1))
    old.refresh_from_db()
    put_back(old, now=readings.PUBLISHED)
    assert summary_rows.lease(key, detail=DetailLevel.READING) is not None


def test_a_summary_taken_down_is_not_written_anew() -> None:
    from newsletter.pipeline.summarize import store as summary_rows

    row = stored(incomplete=())
    take_down(Summary.objects.get(model=MODEL.model), now=readings.PUBLISHED)
    key = summary_rows.key_of(row, MODEL, language="en")
    assert summary_rows.lease(key, detail=DetailLevel.READING) is None
