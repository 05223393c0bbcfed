"""Stage 4: whose slot has passed? One delivery row each, whoever else is planning at the same moment."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q

from newsletter.core.cadence import Slot
from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import FIRST, OPEN, Kind, State
from newsletter.models.subscriber import Status

CHUNK = 200
RESOLUTION = timedelta(microseconds=1)


def plan_due(*, now: datetime) -> int:
    """Plan a digest for every active reader whose ``next_slot_at`` has passed; return how many.

    Safe to race: a reader's row is locked and moves on by a conditional UPDATE, and (reader, kind, local
    date) is unique. Of several passed slots only the latest is planned.
    """
    planned = 0
    unpaused = Q(paused_until__isnull=True) | Q(paused_until__lte=now)
    due = Subscriber.objects.filter(unpaused, status=Status.ACTIVE, next_slot_at__lte=now)
    if not due.exists():
        return 0
    due = due.order_by("next_slot_at", "pk").prefetch_related("subscriptions")
    while True:
        with transaction.atomic():
            # Whoever holds a row may be changing its cadence: the next tick plans by what they made of it.
            chunk = list(due.select_for_update(skip_locked=True, no_key=True)[:CHUNK])
            planned += sum(_plan(reader, now=now) for reader in chunk)
        if len(chunk) < CHUNK:
            return planned


def _plan(reader: Subscriber, *, now: datetime) -> bool:
    """Move the reader on to the next slot and plan the one that has passed."""
    passed_at = reader.next_slot_at
    following = reader.next_slot(after=now)
    moved = Subscriber.objects.filter(pk=reader.pk, next_slot_at=passed_at).update(next_slot_at=following.at)
    if not moved or passed_at is None:
        return False
    # next_slot_at itself may be the latest one, so look from just before it.
    since = passed_at - RESOLUTION
    passed = [reader.latest_slot(now=now, cadence=cadence, after=since) for cadence in reader.cadences()]
    slot = max((slot for slot in passed if slot), key=lambda slot: slot.at, default=None)
    if slot is None:  # the cadence was changed, and nothing of the new one has passed yet
        return False
    delivery = Delivery.planned(
        subscriber_id=reader.pk, kind=Kind.DIGEST, slot_key=slot.date.isoformat(), slot_at=slot.at, now=now
    )
    if _has_had(reader, delivery, slot=slot):
        return False
    Delivery.objects.bulk_create([delivery], ignore_conflicts=True)
    _expire_older(reader, than=delivery, now=now)
    return True


def _has_had(reader: Subscriber, delivery: Delivery, *, slot: Slot) -> bool:
    """Whether the reader had, or is getting, a digest that stands for this slot's.

    One that was asked for may be later than the slot: it has offered all that this one would. And a first
    digest is the one of its local date.
    """
    morning = datetime.combine(slot.date, time.min, tzinfo=ZoneInfo(reader.timezone))
    first = Q(slot_key=FIRST, slot_at__gte=morning, slot_at__lt=morning + timedelta(days=1))
    never_came = (State.CANCELLED, State.EXPIRED, State.FAILED, State.QUARANTINED)
    had = Q(slot_key=delivery.slot_key) | Q(slot_at__gt=delivery.slot_at) | (first & ~Q(state__in=never_came))
    return Delivery.objects.filter(had, subscriber=reader, kind=Kind.DIGEST).exists()


def _expire_older(reader: Subscriber, *, than: Delivery, now: datetime) -> None:
    """End digests that were never handed over: the papers they would have held are offered in the new one."""
    Delivery.objects.filter(
        subscriber=reader, kind=Kind.DIGEST, state__in=OPEN, slot_at__lt=than.slot_at
    ).update(state=State.EXPIRED, outcome_at=now)
