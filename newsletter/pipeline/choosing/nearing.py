"""Readers whose next slot is near, and what of their subscriptions will then be due: a few columns of each.

When one is due is the rule of ``choose.due_subscriptions``; what costs there once a delivery is kept here
once a schedule.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import F, Q, QuerySet

from newsletter.core.cadence import Cadence, Slot, latest_slot
from newsletter.models import Delivery, Subscriber, Subscription
from newsletter.models.subscriber import Status
from newsletter.pipeline.choosing.reach import Reach

CHUNK = 2_000
LONGEST_PERIOD = timedelta(days=32)
"""Longer than from one slot of any cadence to the next."""


@dataclass(frozen=True, slots=True)
class NearOffer:
    """A subscription that will be due, and from when on it offers papers."""

    topic_id: int
    reach: Reach


@dataclass(slots=True)
class NearReader:
    pk: int
    language: str
    depth: str
    max_papers: int
    cadence: str
    at: time
    timezone: str
    anchor_date: date | None
    next_slot_at: datetime
    joined_at: datetime
    spent: bytes
    offers: list[NearOffer] = field(default_factory=list)

    def last_slot(self, cadence: str, *, after: datetime) -> Slot | None:
        """Return the last slot of ``cadence`` up to this reader's next one, if it is later than ``after``."""
        slot = _last_slot(cadence, self.next_slot_at, self.at, self.timezone, self.anchor_date)
        return slot if slot and slot.at > after else None


COLUMNS = tuple(field.name for field in fields(NearReader) if field.name != "offers")


@lru_cache(maxsize=50_000)
def _last_slot(cadence: str, until: datetime, at: time, timezone: str, anchor: date | None) -> Slot | None:
    return latest_slot(
        Cadence.parse(cadence),
        after=until - LONGEST_PERIOD,
        now=until,
        at=at,
        zone=ZoneInfo(timezone),
        anchor=anchor,
    )


def readers_due_until(until: datetime, *, now: datetime) -> Iterator[NearReader]:
    """Yield everyone whose next slot is after ``now`` and at most at ``until``, if anything is due then."""
    rows = _near(until, now=now)
    readers = {reader.pk: reader for reader in map(_reader, rows.values(*COLUMNS).iterator(CHUNK))}
    asked = Delivery.objects.filter(slot_at__gte=now - LONGEST_PERIOD).dates_asked_for(rows)
    subscriptions = Subscription.objects.filter(subscriber__in=rows, topic__is_active=True)
    for reader_id, topic_id, own, created_at, covered_until in (
        subscriptions.order_by("subscriber_id", "position", "pk")
        .values_list("subscriber_id", "topic_id", "cadence", "created_at", "covered_until")
        .iterator(CHUNK)
    ):
        if reader := readers.get(reader_id):
            cadence = own or reader.cadence
            slot = reader.last_slot(cadence, after=covered_until or created_at)
            if slot and (reader_id, slot.key) not in asked:
                reach = Reach.of(
                    cadence,
                    joined_at=reader.joined_at,
                    created_at=created_at,
                    covered_until=covered_until,
                )
                reader.offers.append(NearOffer(topic_id, reach))
    return (reader for reader in readers.values() if reader.offers)


def _reader(row: dict[str, Any]) -> NearReader:
    return NearReader(**row | {"spent": bytes(row["spent"])})


def _near(until: datetime, *, now: datetime) -> QuerySet[Subscriber]:
    unpaused = Q(paused_until__isnull=True) | Q(paused_until__lte=F("next_slot_at"))
    return Subscriber.objects.filter(
        unpaused, status=Status.ACTIVE, next_slot_at__gt=now, next_slot_at__lte=until
    )
