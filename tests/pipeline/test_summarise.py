"""Stage 3 with a model behind real HTTP: paid once, checked, replaced by the authors' words when it fails."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection

from newsletter.adapters.genai import GenaiSummariser
from newsletter.core.reading import Depth
from newsletter.models import Paper, Summary
from newsletter.pipeline.summarise import SummariseReport, Wanted, write_summaries
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


def write(server: GeminiServer, *wanted: Wanted) -> SummariseReport:
    return write_summaries(wanted, summariser=summariser(server), now=MONDAY)


def test_a_model_s_claims_come_with_their_receipts(room: Newsroom) -> None:
    room.reader("a@example.org", "heads")
    report = room.run(MONDAY)
    assert (report.summarised.model, report.summarised.failed) == (1, 0)
    [mail] = room.mails()
    text, html = body(mail, "plain"), body(mail, "html")
    assert "\n> " in text
    assert "checked against the abstract" in text
    assert "gemini-test" in text
    assert "In the authors" not in html


def test_each_paper_is_paid_for_once_a_language_however_many_read_it(
    room: Newsroom, gemini: GeminiServer
) -> None:
    for number in range(4):
        room.reader(f"reader{number}@example.org", "heads", language="zh" if number % 2 else "en")
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
    reader = room.reader("a@example.org", "heads")
    report = room.run(MONDAY)
    assert (report.summarised.model, report.summarised.failed) == (0, 1)
    assert states(reader) == [("2026-06-15", "ACCEPTED")]
    [mail] = room.mails()
    assert "authors" in body(mail, "plain")
    row = Summary.objects.get(model="gemini-test")
    assert row.content is None
    assert row.failure


def test_a_safety_block_is_final_for_that_version(room: Newsroom, gemini: GeminiServer) -> None:
    gemini.answer_always(Fault.SAFETY)
    want = Wanted(Paper.objects.get().pk, "en", Depth.HEADLINE)
    write(gemini, want)
    write(gemini, want)
    assert gemini.calls == 1
    room.take_in(paper_record(1, version=2), now=MONDAY)
    write(gemini, want)
    assert gemini.calls == 2


@pytest.mark.usefixtures("room")
def test_a_temporary_failure_is_tried_again(gemini: GeminiServer) -> None:
    want = Wanted(Paper.objects.get().pk, "en", Depth.HEADLINE)
    gemini.answer_next(Fault.SERVER_ERROR)
    assert write(gemini, want).failed == 1
    assert write(gemini, want).model == 1
    assert gemini.calls == 2


@pytest.mark.usefixtures("room")
def test_a_deeper_request_deepens_the_summary_and_a_shallower_one_costs_nothing(gemini: GeminiServer) -> None:
    paper = Paper.objects.get().pk
    write(gemini, Wanted(paper, "en", Depth.TAKEAWAYS))
    write(gemini, Wanted(paper, "en", Depth.HEADLINE))
    assert gemini.calls == 1
    write(gemini, Wanted(paper, "en", Depth.READING))
    assert gemini.calls == 2
    assert Summary.objects.get(model="gemini-test").depth == Depth.READING


def test_two_workers_racing_pay_once(room: Newsroom, gemini: GeminiServer) -> None:
    room.take_in(*(paper_record(number) for number in range(2, 12)), now=MONDAY)
    wanted = [Wanted(paper.pk, "en", Depth.HEADLINE) for paper in Paper.objects.all()]

    def work(_: int) -> int:
        try:
            return write(gemini, *wanted).model
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        written = list(pool.map(work, range(3)))
    assert (sum(written), gemini.calls) == (len(wanted), len(wanted))
