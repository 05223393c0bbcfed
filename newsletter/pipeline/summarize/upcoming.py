"""Readers whose slot is near or has come, and what of their subscriptions is due then: a few columns of each.

When one is due is the rule of ``choose.due_subscriptions``; what costs there once a delivery is kept here
once a schedule.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.db.models import F, Q, QuerySet

from newsletter.core.delivery.cadence import Cadence, Slot, latest_slot
from newsletter.models import Delivery, Subscriber, Subscription
from newsletter.models.delivery import TRANSACTIONAL, UNSETTLED, Kind, State
from newsletter.models.subscriber import Status
from newsletter.pipeline.select.eligibility import Eligibility

CHUNK = 2_000
LONGEST_PERIOD = timedelta(days=32)
"""Longer than from one slot of any cadence to the next."""


@dataclass(frozen=True, slots=True)
class UpcomingOffer:
    """A subscription that is due at the slot, and from when on it offers papers."""

    topic_id: int
    eligibility: Eligibility


@dataclass(slots=True)
class UpcomingSubscriber:
    """One reader's digest."""

    pk: int
    language: str
    depth: str
    max_papers: int
    cadence: str
    at: time
    timezone: str
    anchor_date: date | None
    joined_at: datetime
    seen_papers: bytes
    slot_at: datetime
    is_transactional: bool = False
    """It covers every topic."""
    offers: list[UpcomingOffer] = field(default_factory=list)

    def last_slot(self, cadence: str, *, after: datetime) -> Slot | None:
        """Return the last slot of ``cadence`` up to this digest's, if it is later than ``after``."""
        slot = _last_slot(cadence, self.slot_at, self.at, self.timezone, self.anchor_date)
        return slot if slot and slot.at > after else None


OURS = ("slot_at", "is_transactional", "offers")
COLUMNS = tuple(field.name for field in fields(UpcomingSubscriber) if field.name not in OURS)


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


def readers_due_until(until: datetime, *, now: datetime) -> list[UpcomingSubscriber]:
    """Return everyone whose next slot is after ``now`` and at most at ``until``, if anything is due then."""
    unpaused = Q(paused_until__isnull=True) | Q(paused_until__lte=F("next_slot_at"))
    near = Subscriber.objects.filter(
        unpaused, status=Status.ACTIVE, next_slot_at__gt=now, next_slot_at__lte=until
    )
    rows = near.values_list(*COLUMNS, "next_slot_at").iterator(CHUNK)
    return _with_offers([UpcomingSubscriber(*row) for row in rows], among=near, now=now)


def readers_planned_for(*, now: datetime, transactional: bool) -> list[UpcomingSubscriber]:
    """Return whose digests are planned, or of those what a person awaits, if anything is due in them.

    One that composing has broken on twice asks for nothing more. A reader whose last digest is being sent, or
    waits for evidence that it was, has to wait: its papers may be spent in a moment.
    """
    digests = Delivery.objects.filter(kind=Kind.DIGEST)
    planned = digests.filter(TRANSACTIONAL if transactional else Q(), state=State.PLANNED, attempt__lt=2)
    planned = planned.exclude(subscriber__in=digests.filter(UNSETTLED).values("subscriber"))
    columns = (*(f"subscriber__{column}" for column in COLUMNS), "slot_at")
    rows = planned.annotate(covers_all=TRANSACTIONAL).values_list(*columns, "covers_all").iterator(CHUNK)
    among = Subscriber.objects.filter(pk__in=planned.values("subscriber"))
    return _with_offers([UpcomingSubscriber(*row) for row in rows], among=among, now=now)


def _with_offers(
    digests: Iterable[UpcomingSubscriber], *, among: QuerySet[Subscriber], now: datetime
) -> list[UpcomingSubscriber]:
    """Give each what is due in it; leave out those in which nothing is."""
    by_reader: defaultdict[int, list[UpcomingSubscriber]] = defaultdict(list)
    for digest in digests:
        by_reader[digest.pk].append(digest)
    asked = Delivery.objects.filter(slot_at__gte=now - LONGEST_PERIOD).dates_asked_for(among)
    subscriptions = Subscription.objects.filter(subscriber__in=among, topic__is_active=True)
    for reader_id, topic_id, own, created_at, covered_until in (
        subscriptions.order_by("subscriber_id", "position", "pk")
        .values_list("subscriber_id", "topic_id", "cadence", "created_at", "covered_until")
        .iterator(CHUNK)
    ):
        for digest in by_reader[reader_id]:
            cadence = own or digest.cadence
            slot = digest.last_slot(cadence, after=covered_until or created_at)
            if digest.is_transactional or (slot and (reader_id, slot.key) not in asked):
                eligibility = Eligibility.of(
                    cadence,
                    joined_at=digest.joined_at,
                    created_at=created_at,
                    covered_until=covered_until,
                )
                digest.offers.append(UpcomingOffer(topic_id, eligibility))
    return [digest for digests in by_reader.values() for digest in digests if digest.offers]
