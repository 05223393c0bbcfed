"""Workers spread the claims of one slot over five minutes; the slot itself never moves."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from pytest_django import Settings

from newsletter.core.delivery.spreading import LONGEST, own_delay
from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import FIRST
from newsletter.pipeline.compose.compose import compose_planned
from newsletter.pipeline.schedule import plan_due
from tests.fakes.papers import paper_record
from tests.pipeline.newsroom import Newsroom

pytestmark = pytest.mark.django_db(transaction=True)
READERS = 12


@pytest.fixture
def slot() -> datetime:
    """The slot is in real time here, since claims are: the last full minute."""
    return timezone.now().replace(second=0, microsecond=0)


@pytest.fixture
def room(tmp_path: Path, slot: datetime) -> Newsroom:
    room = Newsroom(tmp_path / "outbox")
    room.topic("heads", "cat:cs.CV AND ti:heads")
    joined = slot - timedelta(days=2)
    for number in range(READERS):
        room.subscriber(f"r{number}@example.org", "heads", cadence="daily", at=f"{slot:%H:%M}", now=joined)
    Subscriber.objects.update(next_slot_at=slot)
    room.take_in(paper_record(1, published_at=joined), now=joined + timedelta(hours=1))
    return room


def compose(room: Newsroom, *, now: datetime, is_spread: bool) -> list[Delivery]:
    compose_planned(
        now=now,
        summariser=room.context.summariser,
        renderer_for=room.context.renderer,
        is_patient=False,
        is_spread=is_spread,
    )
    return list(Delivery.objects.order_by("subscriber_id"))


def test_each_subscriber_has_a_delay_of_their_own_from_the_slot(room: Newsroom, slot: datetime) -> None:
    plan_due(now=slot)
    rows = compose(room, now=slot, is_spread=True)
    assert len(rows) == READERS
    for row in rows:
        assert row.subscriber_id is not None
        wanted = slot + own_delay(row.subscriber_id)
        # One whose moment has passed while this test ran is claimable at once.
        assert row.next_attempt_at is not None
        assert row.next_attempt_at == wanted or row.next_attempt_at - wanted < timedelta(minutes=2)
        assert row.slot_at == slot
        assert row.slot_key == f"{slot.astimezone(ZoneInfo('UTC')):%Y-%m-%d}"
    assert len({row.next_attempt_at for row in rows}) > READERS // 2


def test_a_catch_up_is_not_delayed_further(room: Newsroom, slot: datetime) -> None:
    Subscriber.objects.update(next_slot_at=slot - timedelta(days=1))
    Delivery.objects.all().delete()
    plan_due(now=slot - timedelta(minutes=1))
    rows = compose(room, now=slot, is_spread=True)
    assert len(rows) == READERS
    assert all(row.next_attempt_at and row.next_attempt_at <= timezone.now() for row in rows)


def test_one_pass_by_hand_ignores_the_delays(room: Newsroom, slot: datetime) -> None:
    assert room.run(slot).deliveries == {"ACCEPTED": READERS}


@pytest.mark.parametrize("change", [{"slot_key": FIRST}, {"is_on_demand": True}])
def test_whom_somebody_waits_for_is_not_delayed(
    room: Newsroom, slot: datetime, change: dict[str, object]
) -> None:
    plan_due(now=slot)
    Delivery.objects.update(**change)
    rows = compose(room, now=slot, is_spread=True)
    assert len(rows) == READERS
    assert all(row.next_attempt_at and row.next_attempt_at <= timezone.now() for row in rows)
    assert timezone.now() < slot + LONGEST


def test_the_operator_may_spread_over_another_time_or_not_at_all(
    room: Newsroom, slot: datetime, settings: Settings
) -> None:
    plan_due(now=slot)
    settings.CONFIG = settings.CONFIG.model_copy(update={"spread": 30.0})
    rows = compose(room, now=slot, is_spread=True)
    assert max(row.next_attempt_at or slot for row in rows) > slot + LONGEST
    for row in rows:
        wanted = slot + 6 * own_delay(row.subscriber_id or 0)
        assert row.next_attempt_at is not None
        assert row.next_attempt_at == wanted or row.next_attempt_at - wanted < timedelta(minutes=2)
    Delivery.objects.update(state="PLANNED")
    settings.CONFIG = settings.CONFIG.model_copy(update={"spread": 0.0})
    rows = compose(room, now=slot, is_spread=True)
    assert len(rows) == READERS
    assert all(row.next_attempt_at and row.next_attempt_at <= timezone.now() for row in rows)
