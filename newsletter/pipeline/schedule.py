"""Stage 4: whose slot has passed? One delivery row each, whoever else is planning at the same moment."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from newsletter.core.delivery.cadence import Slot
from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import OPEN, Kind, State
from newsletter.models.subscriber import Status

CHUNK = 200
log = logging.getLogger(__name__)
RESOLUTION = timedelta(microseconds=1)
LONGEST_DAY = timedelta(hours=26)
"""From the morning of a slot's local date to the slot, and more than that where the clock changes."""


def plan_due(*, now: datetime) -> int:
    """Plan a digest for every active reader whose ``next_slot_at`` has passed; return how many.

    Safe to race: readers' rows are held while they move on, and (reader, kind, local date) is unique. Of
    several passed slots only the latest is planned.
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
            planned += _plan([(reader, slots) for reader, slots in timed if slots is not None], now=now)
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


def _plan(timed: Sequence[tuple[Subscriber, _Slots]], *, now: datetime) -> int:
    """Move these readers, whose rows we hold, on to their next slots, and plan the ones that have passed."""
    following = defaultdict[datetime, list[int]](list)
    for reader, slots in timed:
        following[slots.following.at].append(reader.pk)
    for at, readers in following.items():
        Subscriber.objects.filter(pk__in=readers).update(next_slot_at=at)
    passed = [(reader, slots.passed) for reader, slots in timed if slots.passed is not None]
    others = _other_digests(passed)
    new = {
        reader.pk: Delivery.planned(
            subscriber_id=reader.pk,
            kind=Kind.DIGEST,
            slot_key=slot.date.isoformat(),
            slot_at=slot.at,
            now=now,
        )
        for reader, slot in passed
        if not _has_had(reader, slot, others=others[reader.pk])
    }
    Delivery.objects.bulk_create(new.values(), ignore_conflicts=True)
    _expire([row for pk, each in new.items() for row in others[pk] if row.slot_at < each.slot_at], now=now)
    return len(new)


def _other_digests(passed: Sequence[tuple[Subscriber, Slot]]) -> defaultdict[int, list[Delivery]]:
    """Return those of these readers' digests that are for such a slot, about as late or later, or open."""
    others = defaultdict[int, list[Delivery]](list)
    if not passed:
        return others
    keys = {slot.date.isoformat() for _, slot in passed}
    recent = Q(slot_at__gte=min(slot.at for _, slot in passed) - LONGEST_DAY)
    rows = Delivery.objects.filter(
        Q(slot_key__in=keys) | recent | Q(state__in=OPEN),
        subscriber__in=[reader.pk for reader, _ in passed],
        kind=Kind.DIGEST,
    )
    for row in rows.only("subscriber_id", "kind", "slot_key", "slot_at", "state"):
        others[row.subscriber_id or 0].append(row)
    return others


def _has_had(reader: Subscriber, slot: Slot, *, others: Sequence[Delivery]) -> bool:
    """Whether the reader had, or is getting, a digest that stands for this slot's.

    One that was asked for may be later than the slot: it has offered all that this one would. And a first
    digest is the one of its local date.
    """
    return any(row.slot_at > slot.at or row.is_of_date(slot.date, reader=reader) for row in others)


def _expire(older: Sequence[Delivery], *, now: datetime) -> None:
    """End digests that were never handed over: the papers they would have held are offered in the new one."""
    keys = [row.pk for row in older if row.state in OPEN]
    if keys:
        Delivery.objects.filter(pk__in=keys, state__in=OPEN).update(state=State.EXPIRED, outcome_at=now)
