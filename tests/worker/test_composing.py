"""Composing as workers do it: which digests, when, and whom that wakes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from newsletter.adapters.infra.broker import Queue
from newsletter.core.delivery.spreading import own_delay
from newsletter.models import Delivery, GatherRun, Match, Subscriber
from newsletter.models.delivery import FIRST, Kind, State
from newsletter.pipeline import tasks as work
from newsletter.pipeline.gather import gather_papers
from newsletter.pipeline.select.select import Choice
from newsletter.subscribers.unsubscribe import unsubscribe
from tests.fakes.papers import ListSource, paper_record
from tests.pipeline.newsroom import LOOKBACK, MONDAY, SUNDAY, states
from tests.worker.workers import LATE, LATER, MINUTE, Workers, finished, planned, rows, state

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("task", ["compose", "transactional"])
def test_only_planned_digests_are_composed(task: str, workers: Workers) -> None:
    """Any other is being sent, was sent, or was ended: not a column of it may change."""
    for each in set(State) - {State.PLANNED}:
        finished(
            state=each, is_on_demand=True, lease_owner="elsewhere/1/1.0", attempt=1, next_attempt_at=LATE
        )
    before = rows()
    open_one = planned(is_on_demand=True)
    workers.run(task)
    after = rows()
    assert after.pop(open_one.pk)["composed_at"] is not None
    assert after == before


@pytest.mark.parametrize("has_papers", [True, False])
def test_a_digest_that_ends_while_it_is_composed_stays_ended(
    has_papers: bool, workers: Workers, ann: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever leaves in that moment has left, whether it was about to be composed or skipped."""
    if not has_papers:
        Match.objects.all().delete()
    genuine = Choice.has_something_to_say

    def leave_meanwhile(choice: Choice) -> bool:
        unsubscribe(ann, source="test", now=LATE)
        return genuine(choice)

    monkeypatch.setattr(Choice, "has_something_to_say", leave_meanwhile)
    assert workers.run("compose", at=LATE) == []
    assert Delivery.objects.get(kind=Kind.DIGEST).state == State.CANCELLED
    workers.run("send", at=LATER)
    assert workers.room.mails() == []


def test_transactional_composes_and_sends_transactional_mail_and_nothing_else(
    workers: Workers, ann: Subscriber
) -> None:
    first = planned(slot_key=FIRST)
    workers.run("transactional", at=LATE)
    assert (state(first), states(ann)) == (State.ACCEPTED, [("2026-06-15", "PLANNED")])


@pytest.mark.usefixtures("ann")
def test_a_digest_waits_for_papers_that_are_not_matched_yet(workers: Workers) -> None:
    gather_papers(ListSource(paper_record(2)), now=MONDAY - MINUTE, lookback=LOOKBACK)
    workers.run("compose", at=MONDAY + MINUTE)
    assert Delivery.objects.get().state == State.PLANNED
    workers.run("compose", at=MONDAY + 31 * MINUTE)
    assert Delivery.objects.get().state == State.COMPOSED


def test_a_composed_digest_may_go_after_its_subscribers_own_delay(workers: Workers, ann: Subscriber) -> None:
    assert own_delay(ann.pk) > timedelta(seconds=1)
    assert workers.run("compose") == []
    assert Delivery.objects.get().next_attempt_at == MONDAY + own_delay(ann.pk)


@pytest.mark.usefixtures("ann")
def test_what_is_composed_wakes_who_delivers_it(workers: Workers) -> None:
    assert workers.run("compose", at=LATE) == [Queue.SEND]
    planned(slot_key=FIRST)
    assert workers.run("compose", at=LATER) == [Queue.TRANSACTIONAL, Queue.SEND]


@pytest.mark.parametrize("task", ["compose", "transactional"])
def test_composing_that_had_too_little_time_goes_on_where_it_stopped(
    task: str, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "TURN", timedelta(0))
    monkeypatch.setattr("newsletter.pipeline.compose.compose.CHUNK", 1)
    first, second, third = sorted((planned(is_on_demand=True) for _ in range(3)), key=lambda row: row.pk)
    assert Queue(task) in workers.run(task, after=str(first.pk))
    assert [state(each) for each in (first, second, third)] == ["PLANNED", "COMPOSED", "PLANNED"]
    assert workers.hints == [second.pk]
    assert Queue(task) in workers.run(task)
    assert [state(each) for each in (first, second, third)] == ["COMPOSED", "COMPOSED", "PLANNED"]
    assert workers.hints == [first.pk]


@pytest.mark.usefixtures("ann")
def test_a_digest_names_no_failure_that_a_later_answer_made_good(workers: Workers) -> None:
    """The latest answer counts, and not the first that was ever had."""
    for hours, error in ((2, ""), (9, "arXiv answered 503"), (10, "")):
        GatherRun.objects.create(started_at=SUNDAY + timedelta(hours=hours), query="all", error=error)
    workers.run("compose", at=LATE)
    workers.run("send", at=LATER)
    [text] = workers.room.texts()
    assert text.count("14 June") == 1  # in the footer: when the reader was added
    assert "no answer" not in text


def test_a_day_is_called_empty_if_the_latest_answer_is_of_its_period(workers: Workers) -> None:
    workers.room.topic("heads", "cat:cs.CV")
    workers.room.subscriber("ann@example.org", "heads", cadence="daily")
    for days in (40, 20, 0):
        GatherRun.objects.create(started_at=SUNDAY - timedelta(days=days, hours=-9), query="all")
    workers.run("tick", at=MONDAY)
    workers.run("compose", at=MONDAY + MINUTE)
    digest = Delivery.objects.get()
    assert (digest.state, digest.last_detail) == (State.SKIPPED, "")
