"""A digest now: every topic, today's only one, and nothing twice or lost afterwards."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.models import Delivery, Subscriber, Subscription
from newsletter.models.delivery import State
from newsletter.pipeline.schedule import plan_due
from newsletter.subscribers.change import pause
from newsletter.subscribers.on_demand import Answer, send_one_now
from newsletter.subscribers.unsubscribe import unsubscribe
from tests.fakes.papers import paper_record
from tests.pipeline.newsroom import MONDAY, NEXT_MONDAY, SUNDAY, TUESDAY, WEDNESDAY, Newsroom, account, states

pytestmark = pytest.mark.django_db(transaction=True)
GRAPHS = {"title": "Graphs", "abstract": "Graphs grow. We prove that 7 suffice.", "categories": ("cs.LG",)}
HOUR = timedelta(hours=1)


@pytest.fixture
def room(tmp_path: Path) -> Newsroom:
    room = Newsroom(tmp_path / "outbox")
    room.topic("heads", "cat:cs.CV AND ti:heads")
    room.topic("graphs", "cat:cs.LG AND ti:graphs")
    return room


def test_it_holds_every_topic_whatever_its_cadence(room: Newsroom) -> None:
    subscriber = room.subscriber("a@example.org", "heads,graphs")
    Subscription.objects.filter(topic__slug="graphs").update(cadence="monthly:1")
    room.take_in(paper_record(1), paper_record(40, **GRAPHS), now=SUNDAY + HOUR)
    assert send_one_now(subscriber, now=SUNDAY + 2 * HOUR) is Answer.PLANNED
    room.run(SUNDAY + 2 * HOUR)
    assert account(subscriber) == [(2, 0, 0, 2)]
    assert states(subscriber) == [("2026-06-14", "ACCEPTED")]


def test_it_is_the_digest_of_its_date_and_the_next_slot_goes_on(room: Newsroom) -> None:
    subscriber = room.subscriber("a@example.org", "heads", cadence="daily")
    room.take_in(paper_record(1), now=SUNDAY + HOUR)
    early = MONDAY - 2 * HOUR
    send_one_now(subscriber, now=early)
    room.run(early)
    subscriber.refresh_from_db()
    assert subscriber.next_slot_at == TUESDAY
    room.take_in(paper_record(2), now=MONDAY - HOUR)
    assert room.run(MONDAY).deliveries == {}
    room.run(TUESDAY)
    assert states(subscriber) == [("2026-06-15", "ACCEPTED"), ("2026-06-16", "ACCEPTED")]
    assert account(subscriber) == [(1, 0, 0, 1), (1, 0, 0, 1)]


def test_a_slot_it_stood_in_for_is_not_caught_up_the_day_after(room: Newsroom) -> None:
    """Graphs come on Mondays: on Tuesday there is no digest of the two hours since Monday's early one."""
    subscriber = room.subscriber("a@example.org", "heads,graphs")
    Subscription.objects.filter(topic__slug="heads").update(cadence="daily")
    send_one_now(subscriber, now=MONDAY - 2 * HOUR)
    room.run(MONDAY - 2 * HOUR)
    room.take_in(paper_record(1), paper_record(40, **GRAPHS), now=MONDAY - HOUR)
    room.run(TUESDAY)
    assert account(subscriber)[-1] == (1, 0, 0, 1)
    room.run(NEXT_MONDAY)
    assert account(subscriber)[-1][0] == 1
    assert "Graphs" in room.texts()[-1]


def test_one_local_date_has_one(room: Newsroom) -> None:
    subscriber = room.subscriber("a@example.org", "heads", cadence="daily", timezone="Asia/Tokyo", at="08:00")
    room.take_in(paper_record(1), now=SUNDAY + HOUR)
    room.run(MONDAY)  # 17:00 in Tokyo: the slot of 08:00 has passed
    assert states(subscriber) == [("2026-06-15", "ACCEPTED")]
    assert send_one_now(subscriber, now=MONDAY + HOUR) is Answer.HAD_TODAY
    after_midnight = MONDAY + 7 * HOUR + timedelta(minutes=1)
    assert send_one_now(subscriber, now=after_midnight) is Answer.PLANNED
    assert send_one_now(subscriber, now=after_midnight) is Answer.UNDER_WAY


def test_a_date_on_which_nothing_had_matched_gets_one_after_all(room: Newsroom) -> None:
    subscriber = room.subscriber("a@example.org", "heads", cadence="daily")
    room.run(MONDAY)
    assert states(subscriber) == [("2026-06-15", "SKIPPED")]
    room.take_in(paper_record(1), now=MONDAY + HOUR)
    assert send_one_now(subscriber, now=MONDAY + 2 * HOUR) is Answer.PLANNED
    room.run(MONDAY + 2 * HOUR)
    assert states(subscriber) == [("2026-06-15", "ACCEPTED")]
    assert account(subscriber)[0][0] == 1


def test_who_asks_is_told_that_nothing_is_new(room: Newsroom) -> None:
    subscriber = room.subscriber("a@example.org", "heads", cadence="daily")
    send_one_now(subscriber, now=SUNDAY + HOUR)
    assert room.run(SUNDAY + HOUR).deliveries == {"ACCEPTED": 1}
    assert len(room.mails()) == 1


def test_the_first_digest_counts_for_its_date(room: Newsroom) -> None:
    subscriber = room.subscriber("a@example.org", "heads", cadence="daily")
    room.run(MONDAY)
    Delivery.objects.update(slot_key="first", state=State.ACCEPTED)
    assert send_one_now(subscriber, now=MONDAY + HOUR) is Answer.HAD_TODAY


def test_an_older_slot_that_is_planned_later_makes_no_second_mail(room: Newsroom) -> None:
    """The service was down on Monday; the reader asks on Tuesday before anything is planned."""
    subscriber = room.subscriber("a@example.org", "heads")
    room.take_in(paper_record(1), now=SUNDAY + HOUR)
    send_one_now(subscriber, now=TUESDAY)
    assert plan_due(now=TUESDAY + HOUR) == 0
    room.run(WEDNESDAY)
    assert states(subscriber) == [("2026-06-16", "ACCEPTED")]
    subscriber.refresh_from_db()
    assert subscriber.next_slot_at == NEXT_MONDAY


def test_who_has_paused_or_left_gets_none(room: Newsroom) -> None:
    subscriber = room.subscriber("a@example.org", "heads")
    pause(subscriber, until=WEDNESDAY.date(), now=MONDAY)
    assert send_one_now(subscriber, now=MONDAY) is Answer.NOT_MAILED
    unsubscribe(subscriber, source="test", now=MONDAY)
    assert send_one_now(subscriber, now=MONDAY) is Answer.NOT_MAILED
    assert not Delivery.objects.exists()
    assert Subscriber.objects.count() == 1
