"""Planning among rows that are broken: they hold up nobody else."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import Kind, State
from newsletter.pipeline import schedule as plan
from newsletter.pipeline.schedule import plan_due
from tests.pipeline.deliveries import NOW, digest, new_subscriber

pytestmark = pytest.mark.django_db


def due_subscriber(**fields: str) -> Subscriber:
    return new_subscriber(cadence="daily", next_slot_at=NOW - timedelta(minutes=1), **fields)


@pytest.mark.parametrize("broken", [{"timezone": "Mars/Olympus"}, {"cadence": "hourly"}])
def test_a_subscriber_whose_slots_cannot_be_told_holds_up_nobody_else(
    monkeypatch: pytest.MonkeyPatch, broken: dict[str, str]
) -> None:
    monkeypatch.setattr(plan, "CHUNK", 2)
    people = [due_subscriber() for _ in range(3)]
    Subscriber.objects.filter(pk=people[0].pk).update(**broken)
    assert plan_due(now=NOW) == 2
    assert set(Delivery.objects.values_list("subscriber_id", flat=True)) == {people[1].pk, people[2].pk}
    people[0].refresh_from_db()
    assert people[0].next_slot_at == NOW - timedelta(minutes=1)


def test_a_first_digest_that_never_came_does_not_stand_for_its_date() -> None:
    ann = due_subscriber()
    digest(ann, slot_key="first", slot_at=NOW - timedelta(hours=2), state=State.CANCELLED)
    assert plan_due(now=NOW) == 1
    assert Delivery.objects.filter(subscriber=ann, kind=Kind.DIGEST).count() == 2


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Shanghai"])
def test_a_digest_in_hand_is_of_the_dates_that_the_database_says(zone: str) -> None:
    summer_ends = datetime(2026, 11, 1, 0, 0, tzinfo=ZoneInfo("America/New_York"))
    moments = [summer_ends + timedelta(hours=hours) for hours in range(-26, 54, 2)]
    kinds = (("first", State.ACCEPTED), ("first", State.CANCELLED), ("second", State.ACCEPTED))
    ann = new_subscriber(timezone=zone)
    for number, moment in enumerate(moments):
        for key, state in kinds:
            digest(ann, slot_key=f"{key}{state}{number}", slot_at=moment, state=state)
    digest(ann, slot_key="2026-11-01", slot_at=moments[0])
    for day in (date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 2)):
        said = set(Delivery.objects.of_date(day, subscriber=ann))
        assert {row for row in Delivery.objects.all() if row.is_of_date(day, subscriber=ann)} == said
        assert said


def test_digests_of_earlier_slots_that_never_left_expire_with_a_batch_of_new_ones() -> None:
    people = [due_subscriber() for _ in range(3)]
    yesterday = {"slot_key": "2026-06-18", "slot_at": NOW - timedelta(days=1)}
    waiting, sent = digest(people[0], **yesterday), digest(people[1], **yesterday, state=State.ACCEPTED)
    assert plan_due(now=NOW) == 3
    waiting.refresh_from_db()
    sent.refresh_from_db()
    assert (waiting.state, sent.state) == (State.EXPIRED, State.ACCEPTED)


def test_a_first_digest_is_the_one_of_its_date() -> None:
    ann = due_subscriber()
    digest(ann, slot_key="first", slot_at=NOW - timedelta(hours=2), state=State.ACCEPTED)
    assert plan_due(now=NOW) == 0
