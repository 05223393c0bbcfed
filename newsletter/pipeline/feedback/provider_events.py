"""Provider events: stored once each, then applied, in any order.

An event moves its delivery upwards only (``core/delivery/events.py``). Any event shows that the
provider accepted the mail, so it settles an ambiguous delivery, and may come before our own record of the
acceptance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from newsletter.adapters.infra.broker import Queue, wake
from newsletter.adapters.ports import ProviderEvent
from newsletter.core.delivery.events import EventKind, outranks, reported_state
from newsletter.core.storable import storable_value
from newsletter.models import Delivery, DeliveryEvent, Subscriber
from newsletter.models.delivery import LEASABLE, SENT, UNCOMPOSED, Kind, State
from newsletter.pipeline.db_retry import RefusedError, together_or_apart
from newsletter.pipeline.send import subscriber_status
from newsletter.pipeline.send.outcomes import mark_seen

CHUNK = 100
"""Events a transaction: other writers get their turn in between."""
MOST_REFUSED = 2
"""Chunks in a row of which nothing can be applied, before the others are left for another time."""
EVIDENCE = Q(delivery__state=State.AMBIGUOUS)
"""Selects the events that settle an ambiguous delivery."""


def store_events(provider: str, events: Sequence[ProviderEvent]) -> int:
    """Store the new ones in one transaction and wake the worker; return how many were new.

    An event about an unknown delivery is stored without it. Nothing else changes, so after a failure the
    provider sends all again.
    """
    with transaction.atomic():
        keys = {event.dedupe_key for event in events}
        known = DeliveryEvent.objects.filter(provider=provider, dedupe_key__in=keys)
        new = keys.difference(known.values_list("dedupe_key", flat=True))
        ids = {event.delivery_id for event in events if event.delivery_id}
        _lock_subscribers(ids)  # an erasure at the same time comes before or after this
        ours = set(Delivery.objects.filter(pk__in=ids).values_list("pk", flat=True))
        rows = {
            event.dedupe_key: DeliveryEvent(
                provider=provider,
                dedupe_key=event.dedupe_key,
                delivery_id=event.delivery_id if event.delivery_id in ours else None,
                kind=event.kind,
                at=event.at,
                payload=_payload(event),
            )
            for event in events
            if event.dedupe_key in new
        }
        # Sorted, so that concurrent copies of the same request cannot deadlock.
        DeliveryEvent.objects.bulk_create((rows[key] for key in sorted(rows)), ignore_conflicts=True)
        if rows:
            wake(Queue.EVENTS)
    return len(rows)


def _payload(event: ProviderEvent) -> dict[str, str | int]:
    detail: dict[str, str | int] = storable_value(event.detail)
    return detail | ({"cause": event.cause.value} if event.cause else {})


def apply_events(
    *,
    now: datetime,
    which: Q | None = None,
    deadline: datetime | None = None,
    clock: Callable[[], datetime] = timezone.now,
) -> int:
    """Apply every stored event, or ``which``, that was not applied yet; return how many were.

    None is begun after ``deadline`` (real time). One that cannot be applied is logged, left as it is, and
    does not stop the others. Any number of workers may run it.
    """
    applied = refused = 0

    def apply(keys: Sequence[int]) -> list[int]:
        nonlocal applied
        applied += _apply(keys, now=now)
        return []

    for chunk in _unapplied(which):
        if deadline is not None and clock() >= deadline:
            break
        try:
            together_or_apart(chunk, apply, done="applied", name=lambda key: f"event {key}")
            refused = 0
        except RefusedError:
            # What cannot be applied stays, and comes first in every pass: look further.
            refused += 1
            if refused == MOST_REFUSED:
                raise
    return applied


def has_unapplied() -> bool:
    return DeliveryEvent.objects.filter(applied_at=None).exists()


def _unapplied(which: Q | None) -> Iterator[list[int]]:
    waiting = DeliveryEvent.objects.filter(applied_at=None).order_by("pk")
    waiting = waiting if which is None else waiting.filter(which)
    last = 0
    while chunk := list(waiting.filter(pk__gt=last).values_list("pk", flat=True)[:CHUNK]):
        yield chunk
        last = chunk[-1]


@transaction.atomic
def _apply(keys: Sequence[int], *, now: datetime) -> int:
    """Apply these events by their time. Locks are taken in the order reader, delivery, event."""
    events = DeliveryEvent.objects.filter(pk__in=keys)
    delivery_ids = {key for key in events.values_list("delivery_id", flat=True) if key}
    subscribers = _lock_subscribers(delivery_ids)
    about = Delivery.objects.filter(pk__in=delivery_ids)
    deliveries = {row.pk: row for row in about.select_for_update(no_key=True).order_by("pk")}
    unapplied = events.filter(applied_at=None).select_for_update().order_by("at", "pk")
    done = []
    for event in unapplied:
        if event.delivery_id and (delivery := deliveries.get(event.delivery_id)):
            _apply_one(event, delivery, subscribers.get(delivery.subscriber_id or 0), now=now)
        done.append(event.pk)
    DeliveryEvent.objects.filter(pk__in=done).update(applied_at=now)
    return len(done)


def _lock_subscribers(delivery_ids: Iterable[UUID]) -> dict[int, Subscriber]:
    about = Delivery.objects.filter(pk__in=delivery_ids).exclude(subscriber=None)
    subscriber_ids = set(about.values_list("subscriber_id", flat=True))
    locked = Subscriber.objects.select_for_update(no_key=True).filter(pk__in=subscriber_ids).order_by("pk")
    return {subscriber.pk: subscriber for subscriber in locked}


def _apply_one(
    event: DeliveryEvent, delivery: Delivery, subscriber: Subscriber | None, *, now: datetime
) -> None:
    _move(delivery, event, subscriber, now=now)
    follow = _FOLLOWS.get(event.payload.get("cause", event.kind))
    if follow is not None and subscriber is not None:
        follow(event, delivery, subscriber)


def _move(delivery: Delivery, event: DeliveryEvent, subscriber: Subscriber | None, *, now: datetime) -> None:
    """Move the delivery upwards. One not known to be accepted becomes accepted."""
    state = State(reported_state(EventKind(event.kind)))
    if not outranks(state, delivery.state):
        return
    was_accepted = delivery.state in SENT
    delivery.state = state
    changed: list[str] = ["state"]
    if not was_accepted:
        delivery.outcome_at, delivery.next_attempt_at = now, None
        delivery.lease_owner, delivery.lease_until = "", None
        delivery.last_detail = f"accepted, as {event.provider} reported"
        changed += ["outcome_at", "next_attempt_at", "lease_owner", "lease_until", "last_detail"]
    delivery.save(update_fields=changed)
    if not was_accepted and subscriber is not None:
        mark_seen([delivery], {subscriber.pk: subscriber})
        _take_out_of_later_ones(delivery, subscriber)


def _take_out_of_later_ones(delivery: Delivery, subscriber: Subscriber) -> None:
    """Compose later digests again without the papers of a mail that had arrived after all, unless sent.

    One in RETRY_WAIT may have been accepted in spite of its answer: it keeps its content.
    """
    others = Delivery.objects.filter(subscriber=subscriber, kind=Kind.DIGEST, state__in=LEASABLE, retries=0)
    carrying = [row.pk for row in others.select_related("selection") if row.paper_ids & delivery.paper_ids]
    # If a worker has leased it meanwhile, the papers come twice rather than never.
    if carrying and others.filter(pk__in=carrying).update(**UNCOMPOSED):
        wake(Queue.COMPOSE)


# --- what follows for the reader -------------------------------------------------------------------------


def _bounced(event: DeliveryEvent, delivery: Delivery, subscriber: Subscriber) -> None:
    subscriber_status.bounced(delivery, subscriber, at=event.at)


def _soft_bounced(event: DeliveryEvent, delivery: Delivery, subscriber: Subscriber) -> None:
    subscriber_status.soft_bounced(delivery, subscriber, at=event.at)


def _complained(event: DeliveryEvent, delivery: Delivery, subscriber: Subscriber) -> None:
    subscriber_status.complained(delivery, subscriber, at=event.at)


def _left(event: DeliveryEvent, delivery: Delivery, subscriber: Subscriber) -> None:
    subscriber_status.left(delivery, subscriber, at=event.at)


def _arrived(_event: DeliveryEvent, delivery: Delivery, subscriber: Subscriber) -> None:
    subscriber_status.arrived(delivery, subscriber)


_FOLLOWS: dict[str, Callable[[DeliveryEvent, Delivery, Subscriber], None]] = {
    EventKind.HARD_BOUNCE: _bounced,
    EventKind.SOFT_BOUNCE: _soft_bounced,
    EventKind.COMPLAINT: _complained,
    EventKind.UNSUBSCRIBE: _left,
    EventKind.GROUP_UNSUBSCRIBE: _left,
    EventKind.DELIVERED: _arrived,
}
