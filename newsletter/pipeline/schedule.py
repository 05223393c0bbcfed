"""Whose slot is near, whose has passed? One delivery row each, whoever else is planning at the same moment.

A digest is planned some hours ahead, so that its summaries are there when it is due. The slot is passed
later, once: only then ``next_slot_at`` moves on, and an older digest that never left expires.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from newsletter.core.delivery.cadence import RESOLUTION, Slot
from newsletter.core.delivery.spreading import LONGEST_LEAD, planning_lead
from newsletter.models import Delivery, Subscriber, Subscription
from newsletter.models.delivery import OPEN, PATIENCE, Kind, State
from newsletter.models.set_based import insert_each
from newsletter.models.subscriber import Status

CHUNK = 500
_COLUMNS = ("cadence", "at", "timezone", "anchor_date", "next_slot_at")
"""Of a subscriber: what planning reads."""
_OF_EACH = ("id", "subscriber", "slot_key", "slot_at", "message_id")
"""Of a delivery: in what digests planned together differ."""
log = logging.getLogger(__name__)
LONGEST_DAY = timedelta(hours=26)
"""From the morning of a slot's local date to the slot, and more than that where the clock changes."""


def plan_due(*, now: datetime, part_done: Callable[[], None] = lambda: None) -> int:
    """Plan a digest for every active reader whose ``next_slot_at`` has passed; return how many.

    Safe to race: readers' rows are held while they move on, and (reader, kind, local date) is unique. Of
    several passed slots only the latest is planned. ``part_done`` is called after each chunk that is full.
    """
    return _pass_slots(now=now, do=_plan, part_done=part_done)


def pass_over(*, now: datetime) -> int:
    """Move every reader whose slot has passed on to the next one and plan nothing; return how many.

    A restored database does not know whether the digests of these slots were sent.
    """
    return _pass_slots(now=now, do=_move_on)


def _pass_slots(
    *, now: datetime, do: Callable[..., int], part_done: Callable[[], None] = lambda: None
) -> int:
    """Do this with each chunk of due readers, whose rows are held; return the sum of what it returns."""
    done = 0
    due = due_subscribers(now=now)
    if not due.exists():
        return 0
    due = due.order_by("next_slot_at").only(*_COLUMNS)
    unplannable: set[int] = set()
    while True:
        with transaction.atomic():
            # Whoever holds a row may be changing its cadence: the next tick plans by what they made of it.
            locked = due.exclude(pk__in=unplannable).select_for_update(skip_locked=True, no_key=True)
            chunk = list(locked[:CHUNK])
            texts = _cadences_of_topics(chunk)
            timed = [(each, _slots(each, now=now, of_topics=texts[each.pk])) for each in chunk]
            done += do([(subscriber, slots) for subscriber, slots in timed if slots is not None], now=now)
        unplannable.update(subscriber.pk for subscriber, slots in timed if slots is None)
        if len(chunk) < CHUNK:
            return done
        part_done()


def plan_ahead(*, now: datetime) -> int:
    """Plan the digests of the coming hours, each reader's some time of their own ahead; return how many.

    A reader's row is held meanwhile: whoever changes a schedule drops what was planned by the old one.
    """
    near = _near_subscribers(now=now).values_list("pk", "next_slot_at")
    ready = [pk for pk, slot_at in near if slot_at and slot_at - planning_lead(pk) <= now]
    planned = 0
    for start in range(0, len(ready), CHUNK):
        with transaction.atomic():
            locked = _near_subscribers(now=now).filter(pk__in=ready[start : start + CHUNK]).only(*_COLUMNS)
            chunk = list(locked.select_for_update(skip_locked=True, no_key=True))
            texts = _cadences_of_topics(chunk)
            timed = [(each, slot) for each in chunk if (slot := _slot_ahead(each, of_topics=texts[each.pk]))]
            others = _other_digests(timed)
            new = [
                _planned(subscriber, slot, now=now)
                for subscriber, slot in timed
                if not _has_had(subscriber, slot, others=others[subscriber.pk])
            ]
            insert_each(new, vary=_OF_EACH)
        planned += len(new)
    return planned


def _near_subscribers(*, now: datetime) -> QuerySet[Subscriber]:
    """Return the active readers whose slot is ahead, at most so far, and has no digest yet."""
    unpaused = Q(paused_until__isnull=True) | Q(paused_until__lte=F("next_slot_at"))
    planned = Delivery.objects.filter(
        subscriber=OuterRef("pk"), kind=Kind.DIGEST, slot_at=OuterRef("next_slot_at")
    )
    return Subscriber.objects.filter(
        unpaused,
        ~Exists(planned),
        status=Status.ACTIVE,
        next_slot_at__gt=now,
        next_slot_at__lte=now + LONGEST_LEAD,
    )


def _cadences_of_topics(subscribers: Sequence[Subscriber]) -> defaultdict[int, set[str]]:
    """Return the cadences of each one's subscriptions, as they are stored."""
    found = defaultdict[int, set[str]](set)
    rows = Subscription.objects.filter(subscriber__in=subscribers).order_by()
    for subscriber_id, cadence in rows.values_list("subscriber_id", "cadence").distinct():
        found[subscriber_id].add(cadence)
    return found


def _slot_ahead(subscriber: Subscriber, *, of_topics: Collection[str]) -> Slot | None:
    """Return the slot at ``next_slot_at``; None where the cadences have none (passing it puts that right)."""
    if subscriber.next_slot_at is None:
        return None
    try:
        cadences = subscriber.cadences(of_topics)
        slot = subscriber.next_slot(after=subscriber.next_slot_at - RESOLUTION, cadences=cadences)
    except Exception:  # a broken row: it is told of once its slot passes
        return None
    return slot if slot.at == subscriber.next_slot_at else None


def due_subscribers(*, now: datetime) -> QuerySet[Subscriber]:
    """Return the active readers whose slot has passed and who have not paused."""
    unpaused = Q(paused_until__isnull=True) | Q(paused_until__lte=now)
    return Subscriber.objects.filter(unpaused, status=Status.ACTIVE, next_slot_at__lte=now)


@dataclass(frozen=True, slots=True)
class _Slots:
    passed: Slot | None
    """The latest one; None when the cadence was changed and nothing of the new one has passed yet."""
    following: Slot


def _slots(subscriber: Subscriber, *, now: datetime, of_topics: Collection[str]) -> _Slots | None:
    """Return when this reader's digests are due, or None when that cannot be said: a row that is broken.

    It stays due, so that the age of the oldest due reader tells the operator; it holds up nobody else.
    """
    try:
        cadences = subscriber.cadences(of_topics)
        following = subscriber.next_slot(after=now, cadences=cadences)
        # next_slot_at itself may be the latest one, so look from just before it.
        since = (subscriber.next_slot_at or now) - RESOLUTION
        passed = [subscriber.latest_slot(now=now, cadence=cadence, after=since) for cadence in cadences]
    except Exception:
        log.exception("no digest can be planned for reader %d", subscriber.pk)
        return None
    return _Slots(max((slot for slot in passed if slot), key=lambda slot: slot.at, default=None), following)


def _plan(timed: Sequence[tuple[Subscriber, _Slots]], *, now: datetime) -> int:
    """Move these readers, whose rows we hold, on to their next slots, and plan the ones that have passed."""
    _move_on(timed, now=now)
    passed = [(subscriber, slots.passed) for subscriber, slots in timed if slots.passed is not None]
    others = _other_digests(passed)
    new = [
        _planned(subscriber, slot, now=now)
        for subscriber, slot in passed
        if not _has_had(subscriber, slot, others=others[subscriber.pk])
    ]
    insert_each(new, vary=_OF_EACH)
    ahead = [
        row
        for subscriber, slot in passed
        for row in others[subscriber.pk]
        if row.state == State.PLANNED and (row.slot_key, row.slot_at) == (slot.key, slot.at)
    ]
    if late := [row.pk for row in ahead if row.slot_at + PATIENCE < now]:
        # Planned before the service went off: its patience begins only now.
        Delivery.objects.filter(pk__in=late, state=State.PLANNED).update(planned_at=now)
    started = {row.subscriber_id for row in (*new, *ahead)}
    _expire(
        [
            row
            for subscriber, slot in passed
            if subscriber.pk in started
            for row in others[subscriber.pk]
            if row.slot_at < slot.at
        ],
        now=now,
    )
    return len(new)


def _move_on(timed: Sequence[tuple[Subscriber, _Slots]], *, now: datetime) -> int:  # noqa: ARG001 - as _plan
    """Move these readers, whose rows we hold, on to their next slots; return how many."""
    following = defaultdict[datetime, list[int]](list)
    for subscriber, slots in timed:
        following[slots.following.at].append(subscriber.pk)
    for at, subscribers in following.items():
        Subscriber.objects.filter(pk__in=subscribers).update(next_slot_at=at)
    return len(timed)


def _planned(subscriber: Subscriber, slot: Slot, *, now: datetime) -> Delivery:
    return Delivery.planned(
        subscriber_id=subscriber.pk, kind=Kind.DIGEST, slot_key=slot.key, slot_at=slot.at, now=now
    )


def _other_digests(passed: Sequence[tuple[Subscriber, Slot]]) -> defaultdict[int, list[Delivery]]:
    """Return those of these readers' digests that are for such a slot, about as late or later, or open."""
    others = defaultdict[int, list[Delivery]](list)
    if not passed:
        return others
    keys = {slot.date.isoformat() for _, slot in passed}
    recent = Q(slot_at__gte=min(slot.at for _, slot in passed) - LONGEST_DAY)
    rows = Delivery.objects.filter(
        Q(slot_key__in=keys) | recent | Q(state__in=OPEN),
        subscriber__in=[subscriber.pk for subscriber, _ in passed],
        kind=Kind.DIGEST,
    )
    for row in rows.only("subscriber_id", "kind", "slot_key", "slot_at", "state"):
        others[row.subscriber_id or 0].append(row)
    return others


def _has_had(subscriber: Subscriber, slot: Slot, *, others: Sequence[Delivery]) -> bool:
    """Whether the reader had, or is getting, a digest that stands for this slot's.

    One that was asked for may be later than the slot: it has offered all that this one would. And a first
    digest is the one of its local date.
    """
    return any(row.slot_at > slot.at or row.is_of_date(slot.date, subscriber=subscriber) for row in others)


def _expire(older: Sequence[Delivery], *, now: datetime) -> None:
    """End digests that were never handed over: the papers they would have held are offered in the new one."""
    keys = [row.pk for row in older if row.state in OPEN]
    if keys:
        Delivery.objects.filter(pk__in=keys, state__in=OPEN).update(state=State.EXPIRED, outcome_at=now)
