"""A digest is planned hours before its slot: nobody sees that, and it does not outlive a change of plan."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from newsletter.core.delivery.cadence import Cadence
from newsletter.core.delivery.spreading import LONGEST_LEAD, SHORTEST_LEAD, planning_lead
from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import State
from newsletter.pipeline import tasks as work
from newsletter.pipeline.compose.compose import compose_planned
from newsletter.pipeline.monitor.health import measure
from newsletter.pipeline.schedule import plan_ahead, plan_due
from newsletter.pipeline.select.select import select_planned
from newsletter.pipeline.send.claim import _newest_slots
from newsletter.subscribers.change import change_preferences, come_less_often, pause, set_topics
from newsletter.subscribers.on_demand import Answer, send_one_now
from newsletter.subscribers.preferences import Preferences
from newsletter.subscribers.unsubscribe import unsubscribe
from newsletter.web.past_digests import past_digests
from tests.fakes.papers import paper_record
from tests.pipeline.deliveries import digest
from tests.pipeline.newsroom import MONDAY, NEXT_MONDAY, SUNDAY, TUESDAY, Newsroom, states

pytestmark = pytest.mark.django_db(transaction=True)
AHEAD = MONDAY - timedelta(hours=3)
KEY = "2026-06-15"


@pytest.fixture
def room(tmp_path: Path) -> Newsroom:
    room = Newsroom(tmp_path)
    room.topic("heads", "cat:cs.CV")
    room.topic("graphs", "cat:cs.LG")
    room.take_in(*(paper_record(number) for number in range(1, 6)), now=SUNDAY)
    return room


@pytest.fixture
def subscriber(room: Newsroom) -> Subscriber:
    return room.subscriber("ann@example.org", "heads,graphs", cadence="weekly:mon")


def plan(now: datetime) -> None:
    plan_ahead(now=now)
    select_planned(now=now)


@pytest.mark.parametrize("plan_them", [plan_ahead, plan_due])
def test_statements_do_not_grow_with_subscribers(room: Newsroom, plan_them: Callable[..., int]) -> None:
    counts = []
    for batch, more in enumerate((1, 20)):
        for number in range(more):
            room.subscriber(f"reader{batch}-{number}@example.org", "heads,graphs", cadence="weekly:mon")
        with CaptureQueriesContext(connection) as queries:
            assert plan_them(now=AHEAD if plan_them is plan_ahead else MONDAY) == more
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_each_subscriber_is_planned_a_time_of_their_own_ahead(subscriber: Subscriber) -> None:
    lead = planning_lead(subscriber.pk)
    assert SHORTEST_LEAD <= lead <= LONGEST_LEAD
    assert plan_ahead(now=MONDAY - lead - timedelta(seconds=1)) == 0
    assert plan_ahead(now=MONDAY - lead) == 1
    assert plan_ahead(now=MONDAY - lead) == 0
    leads = [planning_lead(number) for number in range(2_000)]
    late = sum(lead > timedelta(hours=3, minutes=30) for lead in leads)
    assert 900 < late < 1_100


def test_passing_the_slot_moves_the_subscriber_on_and_makes_no_second_digest(subscriber: Subscriber) -> None:
    plan(AHEAD)
    subscriber.refresh_from_db()
    assert subscriber.next_slot_at == MONDAY
    assert plan_due(now=MONDAY - timedelta(seconds=1)) == 0
    assert plan_due(now=MONDAY) == 0
    subscriber.refresh_from_db()
    assert subscriber.next_slot_at == NEXT_MONDAY
    assert states(subscriber) == [(KEY, "PLANNED")]


def test_what_is_ahead_is_neither_composed_nor_late_nor_shown(room: Newsroom, subscriber: Subscriber) -> None:
    plan(AHEAD)
    for now in (AHEAD, MONDAY - timedelta(seconds=1)):
        context = room.context
        report = compose_planned(
            now=now, summariser=context.summariser, renderer_for=context.renderer, is_patient=False
        )
        assert (report.composed, report.waiting) == (0, 0)
        assert measure(now=now).waiting["PLANNED"] is None
        assert past_digests(subscriber, now=now) == []
    # The slot has come, but was not passed yet: something older may still have to end.
    assert not Delivery.objects.to_compose(now=MONDAY).exists()
    assert room.run(MONDAY).deliveries == {"ACCEPTED": 1}
    assert states(subscriber) == [(KEY, "ACCEPTED")]


def test_an_older_digest_that_waits_goes_until_the_slot_passes(subscriber: Subscriber) -> None:
    older = digest(subscriber, slot_key="2026-06-14", slot_at=SUNDAY, state=State.RETRY_WAIT)
    plan(AHEAD)
    assert _newest_slots([older], now=AHEAD) == {subscriber.pk: SUNDAY}
    plan_due(now=AHEAD)
    older.refresh_from_db()
    assert older.state == State.RETRY_WAIT
    plan_due(now=MONDAY)
    older.refresh_from_db()
    assert older.state == State.EXPIRED
    assert states(subscriber) == [("2026-06-14", "EXPIRED"), (KEY, "PLANNED")]


def test_after_an_outage_there_is_one_digest(room: Newsroom) -> None:
    subscriber = room.subscriber("daily@example.org", "heads", cadence="daily")
    plan(AHEAD)
    room.run(TUESDAY + timedelta(days=2))
    assert states(subscriber) == [(KEY, "EXPIRED"), ("2026-06-18", "ACCEPTED")]


Change = Callable[[Subscriber], object]
CHANGES: dict[str, Change] = {
    "cadence": lambda subscriber: change_preferences(
        subscriber, preferences=Preferences.checked(cadence="weekly:wed"), now=AHEAD
    ),
    "time": lambda subscriber: change_preferences(
        subscriber, preferences=Preferences.checked(at="09:00"), now=AHEAD
    ),
    "zone": lambda subscriber: change_preferences(
        subscriber, preferences=Preferences.checked(timezone="America/New_York"), now=AHEAD
    ),
    "topics' schedule": lambda subscriber: set_topics(
        subscriber,
        topics=["heads", "graphs"],
        cadences={"heads": "weekly:tue", "graphs": "weekly:tue"},
        now=AHEAD,
    ),
    "less often": lambda subscriber: come_less_often(
        subscriber, cadence=Cadence.parse("monthly:1"), now=AHEAD
    ),
    "pause": lambda subscriber: pause(subscriber, until=NEXT_MONDAY.date(), now=AHEAD),
    "leaving": lambda subscriber: unsubscribe(subscriber, source="test", now=AHEAD),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_of_plan_takes_back_what_was_planned_ahead(
    room: Newsroom, subscriber: Subscriber, what: str
) -> None:
    plan(AHEAD)
    CHANGES[what](subscriber)
    assert states(subscriber) == []
    room.run(MONDAY)
    assert states(subscriber) == []
    subscriber.refresh_from_db()
    if what == "leaving":
        return
    # It comes by the new plan, planned ahead as ever.
    assert subscriber.next_slot_at is not None
    assert subscriber.next_slot_at > MONDAY
    plan(subscriber.next_slot_at - timedelta(hours=3))
    room.run(subscriber.next_slot_at)
    assert [state for _, state in states(subscriber)] == ["ACCEPTED"]


def test_what_changes_no_schedule_is_planned_again_at_once(room: Newsroom, subscriber: Subscriber) -> None:
    plan(AHEAD)
    change_preferences(subscriber, preferences=Preferences.checked(max_papers=1), now=AHEAD)
    plan(AHEAD + timedelta(minutes=1))
    assert states(subscriber) == [(KEY, "PLANNED")]
    assert room.run(MONDAY).deliveries == {"ACCEPTED": 1}
    assert len(Delivery.objects.get().selected.chosen) == 1


def test_one_asked_for_takes_the_place_of_the_one_planned_ahead(
    room: Newsroom, subscriber: Subscriber
) -> None:
    plan(AHEAD)
    assert send_one_now(subscriber, now=AHEAD) is Answer.PLANNED
    assert states(subscriber) == [(KEY, "PLANNED")]
    room.run(AHEAD)
    room.run(MONDAY)
    assert states(subscriber) == [(KEY, "ACCEPTED")]


def test_a_subscriber_whose_slots_cannot_be_told_is_not_planned_ahead(
    room: Newsroom, subscriber: Subscriber
) -> None:
    other = room.subscriber("ben@example.org", "heads", cadence="weekly:mon")
    Subscriber.objects.filter(pk=subscriber.pk).update(timezone="Mars/Olympus")
    plan(AHEAD)
    assert (states(subscriber), states(other)) == ([], [(KEY, "PLANNED")])


def test_a_paused_subscriber_is_planned_for_once_the_pause_has_ended_at_the_slot(
    subscriber: Subscriber,
) -> None:
    Subscriber.objects.filter(pk=subscriber.pk).update(paused_until=MONDAY + timedelta(seconds=1))
    assert plan_ahead(now=AHEAD) == 0
    Subscriber.objects.filter(pk=subscriber.pk).update(paused_until=MONDAY)
    assert plan_ahead(now=AHEAD) == 1


def test_a_slot_in_the_hour_that_the_clocks_skip_is_planned_once(room: Newsroom) -> None:
    subscriber = room.subscriber(
        "spring@example.org", "heads", cadence="daily", timezone="Europe/Berlin", at="02:30", now=SUNDAY
    )
    skipped = datetime(2027, 3, 28, 1, 0, tzinfo=UTC)
    Subscriber.objects.filter(pk=subscriber.pk).update(next_slot_at=skipped, at=time(2, 30))
    plan(skipped - timedelta(hours=3))
    assert states(subscriber) == [("2027-03-28", "PLANNED")]
    assert plan_due(now=skipped) == 0
    assert states(subscriber) == [("2027-03-28", "PLANNED")]


def test_workers_plan_ahead_and_send_at_the_slot(
    room: Newsroom, subscriber: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "context", lambda: room.context)
    for now in (AHEAD, MONDAY - timedelta(minutes=1)):
        with time_machine.travel(now):
            work.tick()
            work.compose()
            work.send()
        assert states(subscriber) == [(KEY, "PLANNED")]
    assert Delivery.objects.get().selection is not None
    with time_machine.travel(MONDAY, tick=False):
        work.tick()
        work.compose()
    with time_machine.travel(MONDAY + timedelta(minutes=6)):
        work.send()
    assert states(subscriber) == [(KEY, "ACCEPTED")]
