"""Four hundred days in eight zones, two planners racing at every tick: each slot has exactly one digest.

What the slots are is ``core.delivery.cadence``'s, which has tests of its own; here none is lost or doubled.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from threading import Barrier
from zoneinfo import ZoneInfo

import pytest

from newsletter.core.delivery.cadence import Cadence, slots_between
from newsletter.core.delivery.spreading import SHORTEST_LEAD
from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import State
from newsletter.models.subscriber import Status
from newsletter.pipeline.schedule import plan_ahead, plan_due
from newsletter.subscribers.change import reschedule
from tests.fakes.postgres import run_tests_on_postgres
from tests.pipeline.send.test_deliver_races import run_together

pytestmark = pytest.mark.django_db(transaction=True)

BEGIN = datetime(2027, 11, 20, tzinfo=UTC)
"""From there on: a leap day, both changes of the clocks, two ends of a year."""
DAYS = 400
TICK = timedelta(hours=12)
READERS = (
    ("Pacific/Apia", "daily", time(8, 0)),
    ("Asia/Shanghai", "weekdays", time(0, 0)),
    ("Asia/Kathmandu", "weekly:mon,thu", time(23, 45)),
    ("Europe/Berlin", "weekdays", time(2, 30)),
    ("Africa/Casablanca", "biweekly:tue", time(2, 30)),
    ("America/New_York", "weekly:sun,wed", time(1, 30)),
    ("America/St_Johns", "monthly:last", time(8, 0)),
    ("Australia/Lord_Howe", "monthly:28", time(2, 15)),
)


def join(zone: str, cadence: str, at: time) -> Subscriber:
    email = f"{zone.replace('/', '.').lower()}@example.org"
    subscriber = Subscriber.objects.create(
        email=email,
        email_key=email,
        status=Status.ACTIVE,
        joined_at=BEGIN,
        cadence=cadence,
        at=at,
        timezone=zone,
    )
    reschedule(subscriber, now=BEGIN)
    return subscriber


@pytest.mark.parametrize("is_ahead", [False, True])
def test_two_planners_plan_each_slot_of_four_hundred_days_once(is_ahead: bool) -> None:
    subscribers = [join(*each) for each in READERS]
    ticks = [BEGIN + TICK * number for number in range(1, DAYS * 2 + 1)]
    until = ticks[-1]
    due = {subscriber.pk: _slots(subscriber, until=until) for subscriber in subscribers}
    if is_ahead:  # a look at each digest when it is near, too
        near = {slot_at - SHORTEST_LEAD for slots in due.values() for _, slot_at in slots}
        ticks = sorted({*ticks, *(moment for moment in near if BEGIN < moment < until)})
    barrier, planned, early = Barrier(2), list[int](), list[int]()

    def plan() -> None:
        for now in ticks:
            barrier.wait(60)
            early.append(plan_ahead(now=now) if is_ahead else 0)
            planned.append(plan_due(now=now))

    run_together(plan, plan)
    ahead = Delivery.objects.filter(slot_at__gt=until)
    assert sum(planned) + sum(early) == Delivery.objects.count()
    ahead.delete()
    made = {subscriber.pk: list(_digests(subscriber)) for subscriber in subscribers}
    assert made == due
    assert Delivery.objects.count() == sum(map(len, due.values()))
    assert sum(early) > 1_000 if is_ahead else sum(early) == 0
    assert Delivery.objects.count() > 1100
    # A digest that nobody made ends when the next one falls due: only the last of each reader is open.
    assert Delivery.objects.filter(state=State.PLANNED).count() == len(subscribers)


def _slots(subscriber: Subscriber, *, until: datetime) -> list[tuple[str, datetime]]:
    found = slots_between(
        Cadence.parse(subscriber.cadence),
        after=BEGIN,
        until=until,
        at=subscriber.at,
        zone=ZoneInfo(subscriber.timezone),
        anchor=subscriber.anchor_date,
    )
    return [(slot.key, slot.at) for slot in found]


def _digests(subscriber: Subscriber) -> list[tuple[str, datetime]]:
    return list(subscriber.deliveries.order_by("slot_at").values_list("slot_key", "slot_at"))


@pytest.mark.slow
def test_they_do_so_on_postgresql_too() -> None:
    run_tests_on_postgres([Path(__file__)], timeout=300)
