"""Planning among rows that are broken: they hold up nobody else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import Kind, State
from newsletter.pipeline import plan
from newsletter.pipeline.plan import plan_due
from tests.pipeline.deliveries import NOW, digest, reader

pytestmark = pytest.mark.django_db


def due_reader(**fields: str) -> Subscriber:
    return reader(cadence="daily", next_slot_at=NOW - timedelta(minutes=1), **fields)


@pytest.mark.parametrize("broken", [{"timezone": "Mars/Olympus"}, {"cadence": "hourly"}])
def test_a_reader_whose_slots_cannot_be_told_holds_up_nobody_else(
    monkeypatch: pytest.MonkeyPatch, broken: dict[str, str]
) -> None:
    monkeypatch.setattr(plan, "CHUNK", 2)
    people = [due_reader() for _ in range(3)]
    Subscriber.objects.filter(pk=people[0].pk).update(**broken)
    assert plan_due(now=NOW) == 2
    assert set(Delivery.objects.values_list("subscriber_id", flat=True)) == {people[1].pk, people[2].pk}
    people[0].refresh_from_db()
    assert people[0].next_slot_at == NOW - timedelta(minutes=1)


def test_a_first_digest_that_never_came_does_not_stand_for_its_date() -> None:
    ann = due_reader()
    digest(ann, slot_key="first", slot_at=NOW - timedelta(hours=2), state=State.CANCELLED)
    assert plan_due(now=NOW) == 1
    assert Delivery.objects.filter(subscriber=ann, kind=Kind.DIGEST).count() == 2


def test_a_first_digest_is_the_one_of_its_date() -> None:
    ann = due_reader()
    digest(ann, slot_key="first", slot_at=NOW - timedelta(hours=2), state=State.ACCEPTED)
    assert plan_due(now=NOW) == 0
