"""Stage 4: whose slot has passed? One delivery row each, whoever else is planning at the same moment."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from newsletter.core.cadence import Slot
from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import OPEN, Kind, State
from newsletter.models.subscriber import Status

CHUNK = 200
log = logging.getLogger(__name__)
RESOLUTION = timedelta(microseconds=1)


def plan_due(*, now: datetime) -> int:
    """Plan a digest for every active reader whose ``next_slot_at`` has passed; return how many.

    Safe to race: a reader's row is locked and moves on by a conditional UPDATE, and (reader, kind, local
    date) is unique. Of several passed slots only the latest is planned.
    """
    planned = 0
    due = due_readers(now=now)
    if not due.exists():
        return 0
    due = due.order_by("next_slot_at").prefetch_related("subscriptions")
    unplannable: set[int] = set()
    while True:
        with transaction.atomic():
            # Whoever holds a row may be changing its cadence: the next tick plans by what they made of it.
            locked = due.exclude(pk__in=unplannable).select_for_update(skip_locked=True, no_key=True)
            chunk = list(locked[:CHUNK])
            timed = [(reader, _slots(reader, now=now)) for reader in chunk]
            planned += sum(_plan(reader, slots, now=now) for reader, slots in timed if slots is not None)
        unplannable.update(reader.pk for reader, slots in timed if slots is None)
        if len(chunk) < CHUNK:
            return planned


def due_readers(*, now: datetime) -> QuerySet[Subscriber]:
    """Return the active readers whose slot has passed and who have not paused."""
    unpaused = Q(paused_until__isnull=True) | Q(paused_until__lte=now)
    return Subscriber.objects.filter(unpaused, status=Status.ACTIVE, next_slot_at__lte=now)


@dataclass(frozen=True, slots=True)
class _Slots:
    passed: Slot | None
    """The latest one; None when the cadence was changed and nothing of the new one has passed yet."""
    following: Slot


def _slots(reader: Subscriber, *, now: datetime) -> _Slots | None:
    """Return when this reader's digests are due, or None when that cannot be said: a row that is broken.

    It stays due, so that the age of the oldest due reader tells the operator; it holds up nobody else.
    """
    try:
        following = reader.next_slot(after=now)
        # next_slot_at itself may be the latest one, so look from just before it.
        since = (reader.next_slot_at or now) - RESOLUTION
        passed = [reader.latest_slot(now=now, cadence=cadence, after=since) for cadence in reader.cadences()]
    except Exception:
        log.exception("no digest can be planned for reader %d", reader.pk)
        return None
    return _Slots(max((slot for slot in passed if slot), key=lambda slot: slot.at, default=None), following)


def _plan(reader: Subscriber, slots: _Slots, *, now: datetime) -> bool:
    """Move the reader on to the next slot and plan the one that has passed."""
    due = Subscriber.objects.filter(pk=reader.pk, next_slot_at=reader.next_slot_at)
    moved, slot = due.update(next_slot_at=slots.following.at), slots.passed
    if not moved or slot is None:
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
    had = Delivery.objects.of_date(slot.date, reader=reader)
    later = Delivery.objects.filter(subscriber=reader, kind=Kind.DIGEST, slot_at__gt=delivery.slot_at)
    return (had | later).exists()


def _expire_older(reader: Subscriber, *, than: Delivery, now: datetime) -> None:
    """End digests that were never handed over: the papers they would have held are offered in the new one."""
    Delivery.objects.filter(
        subscriber=reader, kind=Kind.DIGEST, state__in=OPEN, slot_at__lt=than.slot_at
    ).update(state=State.EXPIRED, outcome_at=now)
