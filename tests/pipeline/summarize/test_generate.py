"""A model behind real HTTP: paid once, checked, replaced by the authors' words when it fails."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from newsletter.adapters.llm.genai import GenaiSummariser
from newsletter.core.arxiv.full_text import FullText, TextSection
from newsletter.core.summaries.summary import NO_FULL_TEXT, DetailLevel, Wanted
from newsletter.errors import TemporaryError
from newsletter.models import Paper, Summary
from newsletter.pipeline.summarize.generate import (
    CALLS_AT_ONCE,
    READING_PATIENCE,
    SummariseReport,
    write_summaries,
)
from newsletter.pipeline.summarize.lookup import SummaryLookup
from newsletter.pipeline.summarize.store import MAX_ATTEMPTS, PATIENCE, Fallback
from tests.fakes.gemini_server import Fault, GeminiServer
from tests.fakes.papers import paper_record
from tests.pipeline.newsroom import MONDAY, SUNDAY, Newsroom, body, states

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def gemini() -> Iterator[GeminiServer]:
    with GeminiServer() as server:
        yield server


def summariser(server: GeminiServer) -> GenaiSummariser:
    return GenaiSummariser(
        api_key="k", model="gemini-test", endpoint=server.url, max_attempts=1, sleep=lambda _: None
    )


@pytest.fixture
def room(tmp_path: Path, gemini: GeminiServer) -> Newsroom:
    room = Newsroom(tmp_path / "outbox", summariser=summariser(gemini))
    room.topic("heads", "cat:cs.CV AND ti:heads")
    room.take_in(paper_record(1), now=SUNDAY + timedelta(hours=1))
    return room


def write(server: GeminiServer, *wanted: Wanted, **options: Any) -> SummariseReport:
    usual: dict[str, Any] = {"summariser": summariser(server), "now": MONDAY, "full_text": whole_text}
    return write_summaries(wanted, **usual | options)


def whole_text(paper: Paper, **_: object) -> FullText:
    """Return a full text that says what the abstract says."""
    return FullText(sections=(TextSection(title="Introduction", text=paper.abstract),))


def no_text(_: Paper, **__: object) -> None:
    return None


def text_later(_: Paper, **__: object) -> FullText:
    raise TemporaryError("another worker is reading it")


def row() -> Summary:
    return Summary.objects.get(model="gemini-test")


def test_a_model_s_claims_come_with_citations(room: Newsroom) -> None:
    room.subscriber("a@example.org", "heads")
    report = room.run(MONDAY)
    assert (report.summarised.model, report.summarised.failed) == (1, 0)
    [mail] = room.mails()
    text, html = body(mail, "plain"), body(mail, "html")
    assert "\n> " in text
    assert "checked against them" in " ".join(text.split())
    assert "gemini-test" in text
    assert "In the authors" not in html


def test_each_paper_is_paid_for_once_a_language_however_many_read_it(
    room: Newsroom, gemini: GeminiServer
) -> None:
    for number in range(4):
        room.subscriber(f"reader{number}@example.org", "heads", language="zh" if number % 2 else "en")
    room.run(MONDAY)
    room.run(MONDAY + timedelta(days=7))
    assert gemini.calls == 2
    assert set(Summary.objects.filter(model="gemini-test").values_list("language", flat=True)) == {
        "en",
        "zh-hans",
    }


@pytest.mark.parametrize(
    "fault", [Fault.SAFETY, Fault.INVALID_JSON, Fault.INVENTED_QUOTE, Fault.SERVER_ERROR]
)
def test_what_cannot_be_used_is_replaced_by_the_authors_words_and_said(
    room: Newsroom, gemini: GeminiServer, fault: Fault
) -> None:
    gemini.answer_always(fault)
    subscriber = room.subscriber("a@example.org", "heads")
    report = room.run(MONDAY)
    assert (report.summarised.model, report.summarised.failed) == (0, 1)
    assert states(subscriber) == [("2026-06-15", "ACCEPTED")]
    [mail] = room.mails()
    assert "authors" in body(mail, "plain")
    row = Summary.objects.get(model="gemini-test")
    assert row.content is None
    assert row.failure


def test_a_safety_block_is_final_for_that_version(room: Newsroom, gemini: GeminiServer) -> None:
    gemini.answer_always(Fault.SAFETY)
    want = Wanted(Paper.objects.get().pk, "en", DetailLevel.HEADLINE)
    write(gemini, want)
    write(gemini, want)
    assert gemini.calls == 1
    room.take_in(paper_record(1, version=2), now=MONDAY)
    write(gemini, want)
    assert gemini.calls == 2


@pytest.mark.usefixtures("room")
def test_a_temporary_failure_is_tried_again(gemini: GeminiServer) -> None:
    want = Wanted(Paper.objects.get().pk, "en", DetailLevel.HEADLINE)
    gemini.answer_next(Fault.SERVER_ERROR)
    assert write(gemini, want).failed == 1
    assert write(gemini, want).model == 1
    assert gemini.calls == 2


@pytest.mark.usefixtures("room")
def test_an_outage_uses_up_attempts_slowly(gemini: GeminiServer) -> None:
    want = Wanted(Paper.objects.get().pk, "en", DetailLevel.HEADLINE)
    gemini.answer_always(Fault.SERVER_ERROR)
    waits = []
    for _ in range(MAX_ATTEMPTS + 1):
        began = timezone.now()
        write(gemini, want)
        retry_at = row().retry_at or began
        waits.append(round((retry_at - began) / timedelta(minutes=1)))
        Summary.objects.update(retry_at=None)
    assert waits == [0, 2, 10, 40, 40, 0]
    assert gemini.calls == MAX_ATTEMPTS
    assert row().failure == "http_500"


@pytest.mark.parametrize("fault", [Fault.RATE_LIMITED, Fault.BAD_KEY, Fault.UNKNOWN_MODEL])
def test_what_is_nobodys_fault_takes_no_attempt_and_ends_the_asking(
    room: Newsroom, gemini: GeminiServer, fault: Fault
) -> None:
    room.take_in(*(paper_record(number) for number in range(2, 30)), now=MONDAY)
    wanted = [Wanted(paper.pk, "en", DetailLevel.HEADLINE) for paper in Paper.objects.all()]
    gemini.answer_always(fault)
    report = write(gemini, *wanted)
    assert report.failed + report.left == len(wanted)
    assert gemini.calls == report.failed <= CALLS_AT_ONCE
    assert set(Summary.objects.filter(model="gemini-test").values_list("attempts", flat=True)) == {0}
    gemini.answer_always(None)
    assert write(gemini, *wanted).model == len(wanted)


@pytest.mark.usefixtures("room")
def test_tokens_used_by_failed_calls_stands_on_the_row(gemini: GeminiServer) -> None:
    gemini.answer_next(Fault.INVENTED_QUOTE)
    want = Wanted(Paper.objects.get().pk, "en", DetailLevel.HEADLINE)
    write(gemini, want)
    assert row().failure == "ungrounded: quote_not_found"
    once = row().input_tokens
    write(gemini, want)
    assert (row().failure, row().input_tokens) == ("", 2 * once)


def test_papers_are_begun_in_the_order_in_which_they_are_due(
    room: Newsroom, gemini: GeminiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.pipeline.summarize.generate.CALLS_AT_ONCE", 1)
    room.take_in(*(paper_record(number) for number in range(2, 14)), now=MONDAY)
    papers = list(Paper.objects.order_by("-arxiv_id"))
    write(gemini, *(Wanted(paper.pk, "en", DetailLevel.HEADLINE) for paper in papers))
    asked = [next(each.arxiv_id for each in papers if each.title in one.content) for one in gemini.requests]
    assert asked == [paper.arxiv_id for paper in papers]


@pytest.mark.usefixtures("room")
def test_after_the_deadline_nothing_is_begun(gemini: GeminiServer) -> None:
    want = Wanted(Paper.objects.get().pk, "en", DetailLevel.HEADLINE)
    report = write(gemini, want, deadline=timezone.now())
    assert (report.left, report.model, gemini.calls) == (1, 0, 0)
    assert not Summary.objects.filter(model="gemini-test").exists()


def test_a_defect_over_one_paper_holds_up_no_other(
    room: Newsroom, gemini: GeminiServer, caplog: pytest.LogCaptureFixture
) -> None:
    room.take_in(paper_record(2), now=MONDAY)
    bad, good = Paper.objects.order_by("pk")

    def broken(paper: Paper, **_: object) -> FullText:
        if paper.pk == bad.pk:
            raise RuntimeError("no such page")
        return whole_text(paper)

    report = write(
        gemini, *(Wanted(each.pk, "en", DetailLevel.READING) for each in (bad, good)), full_text=broken
    )
    assert (report.model, report.failed) == (1, 1)
    assert "could not be summarised" in caplog.text
    assert row().paper_id == good.pk


class TestReading:
    @pytest.fixture
    def want(self, room: Newsroom) -> Wanted:
        room.subscriber("a@example.org", "heads", depth="reading")
        return Wanted(Paper.objects.get().pk, "en", DetailLevel.READING, due_at=MONDAY)

    def test_it_is_written_from_the_full_text(self, gemini: GeminiServer, want: Wanted) -> None:
        write(gemini, want)
        (asked,) = gemini.requests
        assert "Introduction" in asked.content
        assert "sections" in asked.schema["properties"]
        assert (row().detail, row().fallback) == (DetailLevel.READING, "")

    def test_without_a_full_text_it_is_takeaways_and_says_why(
        self, gemini: GeminiServer, want: Wanted
    ) -> None:
        write(gemini, want, full_text=no_text)
        assert (row().detail, row().fallback) == (DetailLevel.TAKEAWAYS, Fallback.NO_FULL_TEXT)
        shown = SummaryLookup([want.paper_id], summariser=summariser(gemini)).show(want)
        assert (shown.detail, shown.content.incomplete) == (DetailLevel.TAKEAWAYS, (NO_FULL_TEXT,))

    def test_it_is_not_asked_for_again_at_that_depth(self, gemini: GeminiServer, want: Wanted) -> None:
        write(gemini, want, full_text=no_text)
        write(gemini, want)  # even if there were one by now
        assert gemini.calls == 1
        assert not SummaryLookup([want.paper_id], summariser=summariser(gemini)).may_still_come(
            want, within=PATIENCE
        )

    def test_a_summary_that_stands_already_is_kept_and_says_why(
        self, gemini: GeminiServer, want: Wanted
    ) -> None:
        write(gemini, replace(want, detail=DetailLevel.TAKEAWAYS))
        write(gemini, want, full_text=no_text)
        assert gemini.calls == 1
        assert (row().detail, row().fallback) == (DetailLevel.TAKEAWAYS, Fallback.NO_FULL_TEXT)
        shown = SummaryLookup([want.paper_id], summariser=summariser(gemini)).show(want)
        assert shown.content.incomplete == (NO_FULL_TEXT,)

    def test_a_new_version_is_asked_for_anew(
        self, room: Newsroom, gemini: GeminiServer, want: Wanted
    ) -> None:
        write(gemini, want, full_text=no_text)
        room.take_in(paper_record(1, version=2), now=MONDAY)
        write(gemini, want)
        assert Summary.objects.get(model="gemini-test", paper_version=2).detail == DetailLevel.READING

    def test_a_text_that_may_come_is_waited_for(self, gemini: GeminiServer, want: Wanted) -> None:
        report = write(gemini, want, full_text=text_later, patience=READING_PATIENCE)
        assert (report.left, gemini.calls) == (1, 0)
        write(gemini, want, patience=READING_PATIENCE)
        assert (row().detail, row().attempts) == (DetailLevel.READING, 0)

    def test_when_it_was_waited_for_long_enough_the_digest_goes_with_takeaways(
        self, gemini: GeminiServer, want: Wanted
    ) -> None:
        late = {"now": MONDAY + READING_PATIENCE, "patience": READING_PATIENCE}
        write(gemini, want, full_text=text_later, **late)
        assert (row().detail, row().fallback) == (DetailLevel.TAKEAWAYS, Fallback.FULL_TEXT_LATE)
        lookup = SummaryLookup([want.paper_id], summariser=summariser(gemini))
        assert not lookup.may_still_come(want, within=PATIENCE)
        write(gemini, want, **late)
        assert (row().detail, row().fallback, gemini.calls) == (DetailLevel.READING, "", 2)

    def test_a_failed_reading_leaves_the_shallower_summary(self, gemini: GeminiServer, want: Wanted) -> None:
        write(gemini, replace(want, detail=DetailLevel.TAKEAWAYS))
        gemini.answer_always(Fault.SAFETY)
        write(gemini, want)
        shown = SummaryLookup([want.paper_id], summariser=summariser(gemini)).show(want)
        assert (shown.detail, shown.model) == (DetailLevel.TAKEAWAYS, "gemini-test")
        assert (row().failure, row().is_final) == ("safety", True)

    def test_shallower_subscribers_are_shown_a_cut_of_the_same_row(
        self, gemini: GeminiServer, want: Wanted
    ) -> None:
        write(gemini, want)
        lookup = SummaryLookup([want.paper_id], summariser=summariser(gemini))
        reading, takeaways, headline = (
            lookup.show(replace(want, detail=detail)).content for detail in reversed(DetailLevel)
        )
        assert reading.sections
        assert (takeaways.sections, takeaways.takeaways) == ((), reading.takeaways)
        assert (headline.takeaways, headline.headline) == ((), reading.headline)
        assert gemini.calls == 1


@pytest.mark.usefixtures("room")
def test_a_deeper_request_deepens_the_summary_and_a_shallower_one_costs_nothing(gemini: GeminiServer) -> None:
    paper = Paper.objects.get().pk
    write(gemini, Wanted(paper, "en", DetailLevel.TAKEAWAYS))
    write(gemini, Wanted(paper, "en", DetailLevel.HEADLINE))
    assert gemini.calls == 1
    first = Summary.objects.get(model="gemini-test")
    assert first.first_written_at is None
    write(gemini, Wanted(paper, "en", DetailLevel.READING))
    assert gemini.calls == 2
    deeper = Summary.objects.get(model="gemini-test")
    assert (deeper.detail, deeper.first_written_at) == (DetailLevel.READING, first.written_at)


def test_two_workers_racing_pay_once(room: Newsroom, gemini: GeminiServer) -> None:
    room.take_in(*(paper_record(number) for number in range(2, 12)), now=MONDAY)
    wanted = [Wanted(paper.pk, "en", DetailLevel.HEADLINE) for paper in Paper.objects.all()]

    def work(_: int) -> int:
        try:
            return write(gemini, *wanted).model
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        written = list(pool.map(work, range(3)))
    assert (sum(written), gemini.calls) == (len(wanted), len(wanted))
