"""Whatever a reader changes and when: no paper comes twice, none is skipped, one date has one digest."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from newsletter.core.delivery.cadence import Cadence
from newsletter.errors import BadInput
from newsletter.models import Delivery, Paper, Subscriber
from newsletter.models.delivery import SENT
from newsletter.subscribers.change import change_preferences, come_less_often, pause, resume, set_topics
from newsletter.subscribers.on_demand import send_one_now
from newsletter.subscribers.preferences import Preferences
from tests.fakes.papers import paper_record
from tests.pipeline.newsroom import (
    FRIDAY,
    MONDAY,
    NEXT_MONDAY,
    SUNDAY,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    Newsroom,
    account,
    states,
)

pytestmark = pytest.mark.django_db(transaction=True)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CADENCES = ("daily", "weekdays", "weekly:mon", "weekly:tue,fri", "biweekly:wed", "monthly:last", "monthly:20")
ZONES = ("UTC", "Asia/Tokyo", "America/Los_Angeles", "Pacific/Kiritimati", "Pacific/Pago_Pago")


@pytest.fixture
def room(tmp_path: Path) -> Newsroom:
    room = Newsroom(tmp_path / "outbox")
    room.topic("heads", "cat:cs.CV AND ti:heads")
    room.topic("all-heads", "cat:cs.CV")
    return room


def change(subscriber: Subscriber, *, now: datetime, **preferences: str) -> None:
    checked = Preferences.checked(
        cadence=preferences.get("cadence", subscriber.cadence),
        at=preferences.get("at", f"{subscriber.at:%H:%M}"),
        timezone=preferences.get("timezone", subscriber.timezone),
    )
    change_preferences(subscriber, preferences=checked, now=now)


def act_at_random(subscriber: Subscriber, *, chance: random.Random, now: datetime) -> None:
    """Change one thing, as readers do."""
    match chance.randrange(7):
        case 0 | 1:
            change(subscriber, cadence=chance.choice(CADENCES), now=now)
        case 2:
            change(subscriber, at=f"{chance.randrange(24):02}:30", now=now)
        case 3:
            change(subscriber, timezone=chance.choice(ZONES), now=now)
        case 4:
            cadence = chance.choice(("", *CADENCES))
            set_topics(subscriber, topics=["all-heads", "heads"], cadences={"heads": cadence}, now=now)
        case 5:
            pause(subscriber, until=(now + 2 * DAY).date() + DAY, now=now)
            if chance.random() < 0.5:
                resume(subscriber, now=now)
        case _:
            send_one_now(subscriber, now=now)


@pytest.mark.parametrize("seed", range(4))
def test_any_sequence_of_changes_sends_every_paper_once(room: Newsroom, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - a replay, not a secret
    subscriber = room.subscriber("a@example.org", "heads,all-heads", cadence="daily")
    now, number = SUNDAY, 0
    for step in range(40):
        now += chance.choice((5, 7, 11)) * HOUR
        if step % 4 == 0:
            number += 1
            room.take_in(paper_record(number, published_at=now), now=now)
        if chance.random() < 0.6:
            act_at_random(subscriber, chance=chance, now=now)
        room.run(now + timedelta(minutes=1))
    resume(subscriber, now=now)
    set_topics(subscriber, topics=["heads", "all-heads"], cadences={"heads": "", "all-heads": ""}, now=now)
    change(subscriber, cadence="daily", timezone="UTC", at="08:00", now=now)
    for days in range(1, 4):
        room.run(now + days * DAY)
    digests = Delivery.objects.filter(state__in=SENT)
    sent = Counter(paper for row in digests for paper in row.paper_ids)
    assert sent == dict.fromkeys(Paper.objects.values_list("pk", flat=True), 1)
    assert len(sent) == number
    dates = list(digests.values_list("slot_key", flat=True))
    assert len(dates) == len(set(dates)) == len(room.mails())
    assert len(dates) >= 3


def test_from_weekly_to_daily_the_next_one_holds_what_was_not_sent(room: Newsroom) -> None:
    subscriber = room.subscriber("a@example.org", "heads")
    room.take_in(paper_record(1), now=SUNDAY + HOUR)
    room.run(MONDAY)
    room.take_in(paper_record(2), now=TUESDAY)
    change(subscriber, cadence="daily", now=WEDNESDAY)
    assert subscriber.next_slot_at == THURSDAY
    room.run(THURSDAY)
    assert account(subscriber) == [(1, 0, 0, 1), (1, 0, 0, 1)]


def test_a_later_hour_gives_no_second_digest_today(room: Newsroom) -> None:
    subscriber = room.subscriber("a@example.org", "heads", cadence="daily")
    room.take_in(paper_record(1), now=SUNDAY + HOUR)
    room.run(MONDAY)
    room.take_in(paper_record(2), now=MONDAY + HOUR)
    change(subscriber, at="20:00", now=MONDAY + 2 * HOUR)
    assert subscriber.next_slot_at == TUESDAY + 12 * HOUR
    assert room.run(MONDAY + 13 * HOUR).deliveries == {}
    room.run(TUESDAY + 12 * HOUR)
    assert states(subscriber) == [("2026-06-15", "ACCEPTED"), ("2026-06-16", "ACCEPTED")]


def test_a_slot_that_passed_unplanned_is_not_lost_to_a_change(room: Newsroom) -> None:
    subscriber = room.subscriber("a@example.org", "heads", cadence="daily")
    room.take_in(paper_record(1), now=SUNDAY + HOUR)
    change(subscriber, cadence="weekdays", now=TUESDAY + HOUR)
    room.run(TUESDAY + 2 * HOUR)
    assert account(subscriber) == [(1, 0, 0, 1)]


def test_a_topic_keeps_its_own_days(room: Newsroom) -> None:
    """Heads daily, the rest on Mondays, when they share one mail. (Both ask for cs.CV, so both count 2.)"""
    subscriber = room.subscriber("a@example.org", "heads,all-heads")
    set_topics(subscriber, topics=["heads", "all-heads"], cadences={"heads": "daily"}, now=SUNDAY)
    assert subscriber.next_slot_at == MONDAY
    cat = {"title": "Cats", "abstract": "Cats sleep. We count 7."}
    room.take_in(paper_record(1), paper_record(20, **cat), now=SUNDAY + HOUR)
    room.run(MONDAY)
    room.take_in(paper_record(2), paper_record(21, **cat), now=MONDAY + HOUR)
    for day in (TUESDAY, WEDNESDAY, NEXT_MONDAY):
        room.run(day)
    sent = [row for row in account(subscriber) if any(row[:3])]
    assert sent == [(2, 0, 0, 2), (1, 0, 0, 2), (1, 0, 0, 2)]


def test_a_topic_added_in_between_waits_for_its_own_day(room: Newsroom) -> None:
    subscriber = room.subscriber("a@example.org", "heads", cadence="daily")
    room.take_in(paper_record(20, title="Cats"), now=SUNDAY + HOUR)
    room.run(MONDAY)
    set_topics(subscriber, topics=["heads", "all-heads"], cadences={"all-heads": "weekly:mon"}, now=TUESDAY)
    room.run(WEDNESDAY)
    assert room.mails() == []
    room.run(NEXT_MONDAY)
    assert account(subscriber)[-1] == (1, 0, 0, 1)


def test_a_pause_ends_with_the_first_slot_after_it(room: Newsroom) -> None:
    subscriber = room.subscriber("a@example.org", "heads", cadence="daily", timezone="America/New_York")
    room.take_in(paper_record(1), now=SUNDAY + HOUR)
    pause(subscriber, until=date(2026, 6, 18), now=SUNDAY + HOUR)
    assert subscriber.paused_until == datetime.fromisoformat("2026-06-18T00:00-04:00")
    assert subscriber.next_slot_at == datetime.fromisoformat("2026-06-18T08:00-04:00")
    for day in (MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY):
        room.run(day)
    assert states(subscriber) == [("2026-06-18", "ACCEPTED")]


def test_a_pause_holds_back_what_is_composed_and_its_papers_come_later(room: Newsroom) -> None:
    subscriber = room.subscriber("a@example.org", "heads", cadence="daily")
    room.take_in(paper_record(1), now=SUNDAY + HOUR)
    room.run(MONDAY)
    Delivery.objects.update(state="COMPOSED", next_attempt_at=None)
    Subscriber.objects.update(seen_papers=b"")
    subscriber.subscriptions.update(covered_until=None)
    pause(subscriber, until=WEDNESDAY.date(), now=MONDAY)
    room.run(MONDAY + HOUR)
    room.run(WEDNESDAY)
    assert states(subscriber) == [("2026-06-15", "CANCELLED"), ("2026-06-17", "ACCEPTED")]
    assert account(subscriber)[-1][0] == 1


def test_a_resumed_subscriber_gets_the_next_slot(room: Newsroom) -> None:
    subscriber = room.subscriber("a@example.org", "heads", cadence="daily")
    pause(subscriber, until=FRIDAY.date(), now=SUNDAY)
    resume(subscriber, now=MONDAY + HOUR)
    assert (subscriber.paused_until, subscriber.next_slot_at) == (None, TUESDAY)


@pytest.mark.parametrize("days", [-1, 0, 367, 4000])
def test_a_pause_ends_within_a_year(room: Newsroom, days: int) -> None:
    subscriber = room.subscriber("a@example.org", "heads")
    with pytest.raises(BadInput, match="not a date in the next 366 days"):
        pause(subscriber, until=MONDAY.date() + timedelta(days=days), now=MONDAY)
    subscriber.refresh_from_db()
    assert subscriber.paused_until is None


def test_less_often_leaves_no_quicker_topic_and_every_slower_one(room: Newsroom) -> None:
    subscriber = room.subscriber("a@example.org", "heads,all-heads", cadence="daily")
    cadences = {"heads": "weekdays", "all-heads": "monthly:1"}
    set_topics(subscriber, topics=["heads", "all-heads"], cadences=cadences, now=SUNDAY)
    come_less_often(subscriber, cadence=Cadence.parse("weekly:fri"), now=SUNDAY)
    own = dict(subscriber.subscriptions.values_list("topic__slug", "cadence"))
    assert own == {"heads": "", "all-heads": "monthly:1"}
    assert subscriber.next_slot_at == FRIDAY
