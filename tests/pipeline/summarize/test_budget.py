"""The daily token cap: never passed, whoever asks, and said in the digest."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
import time_machine
from django.db.models import Sum
from django.utils import timezone
from pytest_django import Settings

from newsletter.adapters.llm.genai import GenaiSummariser
from newsletter.core.summaries.summary import DetailLevel, Wanted
from newsletter.models import Paper, Quota, Summary
from newsletter.pipeline.compose.compose import compose_planned
from newsletter.pipeline.context import Context
from newsletter.pipeline.schedule import plan_due
from newsletter.pipeline.summarize.budget import KIND, SET_ASIDE, SOON, DailyBudget
from newsletter.pipeline.summarize.generate import write_summaries
from tests.fakes.gemini_server import Fault, GeminiServer
from tests.fakes.papers import paper_record
from tests.pipeline.newsroom import MONDAY, SUNDAY, Newsroom, body

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def gemini() -> Iterator[GeminiServer]:
    with GeminiServer() as server:
        yield server


def capped(gemini: GeminiServer, daily: int, *, timeout: float = 60.0) -> GenaiSummariser:
    return GenaiSummariser(
        api_key="k",
        model="m",
        endpoint=gemini.url,
        max_attempts=1,
        timeout=timeout,
        budget=DailyBudget(daily=daily),
    )


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    """Begin at noon: what is refused until tomorrow is then beyond what a digest waits for."""
    with time_machine.travel(timezone.now().replace(hour=12, minute=0)):
        yield


@pytest.fixture(autouse=True)
def room(tmp_path: Path) -> Newsroom:
    room = Newsroom(tmp_path)
    room.topic("heads", "cat:cs.CV AND ti:heads")
    room.take_in(*(paper_record(number) for number in range(1, 9)), now=SUNDAY + timedelta(hours=1))
    return room


@pytest.fixture
def most(gemini: GeminiServer) -> int:
    """What is set aside for one request: found out by one that never gets an answer."""
    gemini.answer_next(Fault.HANG)
    write_summaries(wanted()[:1], summariser=capped(gemini, 10**9, timeout=0.3), now=MONDAY)
    most = counted()
    Quota.objects.all().delete()
    Summary.objects.all().delete()
    gemini.requests.clear()
    return most


def counted() -> int:
    return int(Quota.objects.filter(kind=KIND).aggregate(tokens=Sum("count"))["tokens"] or 0)


def wanted() -> list[Wanted]:
    return [Wanted(paper.pk, "en", DetailLevel.HEADLINE) for paper in Paper.objects.order_by("pk")]


def test_it_counts_what_was_really_used(gemini: GeminiServer) -> None:
    write_summaries(wanted()[:2], summariser=capped(gemini, 10**9), now=MONDAY)
    rows = Summary.objects.filter(model="m").aggregate(seen_papers=Sum("input_tokens") + Sum("output_tokens"))
    assert counted() == rows["seen_papers"] > 0
    assert Quota.objects.get(kind=SET_ASIDE).count == 0


def test_the_cap_holds_where_no_answer_says_what_it_took(most: int, gemini: GeminiServer) -> None:
    gemini.answer_always(Fault.NO_USAGE)
    summariser = capped(gemini, most * 2 + 100)
    for one in wanted():
        write_summaries([one], summariser=summariser, now=MONDAY)
    assert gemini.calls == 2
    assert counted() >= most * 2
    assert Quota.objects.get(kind=SET_ASIDE).count == 0


def test_not_one_call_is_made_that_could_pass_the_cap(most: int, gemini: GeminiServer) -> None:
    report = write_summaries(wanted(), summariser=capped(gemini, most - 1), now=MONDAY)
    assert (gemini.calls, report.model, report.failed) == (0, 0, 8)
    # No attempt is used up: tomorrow they are asked for again.
    rows = Summary.objects.filter(model="m")
    assert set(rows.values_list("failure", "attempts")) == {("daily_cap", 0)}
    tomorrow = datetime.combine(timezone.now().date() + timedelta(days=1), time.min, tzinfo=UTC)
    assert all(row.retry_at and abs(row.retry_at - tomorrow) < timedelta(minutes=1) for row in rows)


def test_what_others_have_set_aside_is_asked_for_again_soon(most: int, gemini: GeminiServer) -> None:
    summariser = capped(gemini, most + 10)
    with DailyBudget(daily=most + 10).spending(most):
        write_summaries(wanted()[:1], summariser=summariser, now=MONDAY)
    row = Summary.objects.get(model="m")
    assert (row.failure, gemini.calls) == ("daily_cap", 0)
    assert row.retry_at is not None
    assert row.retry_at - timezone.now() <= SOON


def test_workers_together_do_not_pass_it(most: int, gemini: GeminiServer) -> None:
    cap = most * 3
    write_summaries(wanted(), summariser=capped(gemini, cap), now=MONDAY)
    assert 0 < counted() <= cap
    assert gemini.calls > 0


def test_a_paid_answer_that_cannot_be_used_is_counted(most: int, gemini: GeminiServer) -> None:
    gemini.answer_always(Fault.INVALID_JSON)
    write_summaries(wanted()[:1], summariser=capped(gemini, 10**9), now=MONDAY)
    row = Summary.objects.get(model="m")
    assert 0 < counted() == row.input_tokens + row.output_tokens < most


@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.RATE_LIMITED, Fault.BAD_REQUEST])
def test_an_error_costs_nothing(gemini: GeminiServer, fault: Fault) -> None:
    gemini.answer_always(fault)
    write_summaries(wanted()[:1], summariser=capped(gemini, 10**9), now=MONDAY)
    assert (gemini.calls, counted()) == (1, 0)


def test_a_service_that_cannot_be_reached_costs_nothing(gemini: GeminiServer) -> None:
    gemini.stop()
    write_summaries(wanted()[:1], summariser=capped(gemini, 10**9), now=MONDAY)
    assert (counted(), Summary.objects.get(model="m").failure) == (0, "unreachable")


def test_a_request_without_an_answer_stays_counted_in_full(most: int, gemini: GeminiServer) -> None:
    gemini.answer_always(Fault.HANG)
    write_summaries(wanted()[:1], summariser=capped(gemini, 10**9, timeout=0.3), now=MONDAY)
    assert counted() == most
    assert Summary.objects.get(model="m").failure == "no_answer"


def test_beyond_the_cap_a_digest_carries_the_authors_words_and_says_so(
    room: Newsroom, gemini: GeminiServer
) -> None:
    room.summariser = capped(gemini, 0)
    room.subscriber("a@example.org", "heads", depth="headline")
    assert room.run(MONDAY).deliveries == {"ACCEPTED": 1}
    [mail] = room.mails()
    said = "Eight papers stand in the authors’ words: the day’s limit for summaries was reached."
    assert said in " ".join(body(mail, "plain").split())


def test_beyond_the_cap_a_digest_does_not_wait(room: Newsroom, gemini: GeminiServer) -> None:
    room.summariser = capped(gemini, 0)
    room.subscriber("a@example.org", "heads", depth="headline")
    plan_due(now=MONDAY)
    write_summaries(wanted(), summariser=room.summariser, now=MONDAY)
    report = compose_planned(
        now=MONDAY, summariser=room.summariser, renderer_for=room.context.renderer, is_patient=True
    )
    assert (report.composed, report.waiting) == (1, 0)


def test_the_services_own_summariser_passes_the_gate_and_the_cap(
    gemini: GeminiServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed: list[int] = []
    monkeypatch.setattr(
        "newsletter.adapters.llm.rate_limit.ModelGate.enter",
        lambda _, **asked: passed.append(asked["tokens"]),
    )
    config = settings.CONFIG.model_copy(update={"gemini_api_key": "k", "gemini_endpoint": gemini.url})
    write_summaries(wanted()[:2], summariser=Context(config).summariser, now=MONDAY)
    assert (len(passed), gemini.calls) == (2, 2)
    seen_papers = Summary.objects.filter(model=config.gemini_model).aggregate(
        tokens=Sum("input_tokens") + Sum("output_tokens")
    )
    assert counted() == seen_papers["tokens"] > 0
