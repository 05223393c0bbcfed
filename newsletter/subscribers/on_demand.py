"""A digest on demand: the digest of its local date, early or late."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum, auto

from django.db import transaction

from newsletter.adapters.infra.broker import Queue, wake
from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import OPEN, Kind, State
from newsletter.subscribers.change import lock, reschedule

NEVER_BEGUN = (State.SKIPPED, State.CANCELLED)
"""A digest of today in such a state was never sent: it is made after all."""


class Answer(Enum):
    PLANNED = auto()
    """It is planned, with every topic; the next one comes at the next slot of another date."""
    UNDER_WAY = auto()
    """One is being made or sent already."""
    HAD_TODAY = auto()
    """Today's was sent: one local date has at most one digest."""
    NOT_MAILED = auto()
    """The reader has paused or left."""


@transaction.atomic
def send_one_now(subscriber: Subscriber, *, now: datetime) -> Answer:
    """Plan a digest of everything new on the reader's topics, unless this local date has had one."""
    lock(subscriber)
    if not subscriber.accepts_mail(now=now):
        return Answer.NOT_MAILED
    today = now.astimezone(subscriber.zone).date()
    digests = Delivery.objects.filter(subscriber=subscriber, kind=Kind.DIGEST)
    digests.planned_ahead(now=now).delete()  # it is this one, or is planned again for its slot
    if digests.filter(state__in=(*OPEN, State.SENDING)).exists():
        return Answer.UNDER_WAY
    unsent = digests.filter(slot_key=today.isoformat(), state__in=NEVER_BEGUN).first()
    if unsent is None and digests.of_date(today, subscriber=subscriber).exists():
        return Answer.HAD_TODAY
    if unsent is not None:
        _revive(unsent, now=now)
    else:
        _plan(subscriber, today=today, now=now)
    if subscriber.next_slot_at is None or subscriber.next_slot_at > now:
        reschedule(subscriber, now=now)
    # Its summaries may have to be written first.
    wake(Queue.SUMMARIZE)
    wake(Queue.TRANSACTIONAL)
    return Answer.PLANNED


def _plan(subscriber: Subscriber, *, today: date, now: datetime) -> None:
    delivery = Delivery.planned(
        subscriber_id=subscriber.pk, kind=Kind.DIGEST, slot_key=today.isoformat(), slot_at=now, now=now
    )
    delivery.is_on_demand = True
    delivery.save(force_insert=True)


def _revive(delivery: Delivery, *, now: datetime) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(
        state=State.PLANNED,
        is_on_demand=True,
        slot_at=now,
        planned_at=now,
        outcome_at=None,
        next_attempt_at=None,
        attempt=0,
        lease_owner="",
        lease_until=None,
        last_detail="",
    )
