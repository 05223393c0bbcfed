"""Lease deliveries, and commit that the body of a message begins: the instant an unsubscribe must beat.

Locks are always taken in the order reader, delivery, so that a lease, an outcome and an unsubscribe cannot
deadlock. ``outcomes`` handles answers.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Q, prefetch_related_objects

from newsletter.core.delivery.retry_policy import FEW, MAX_ATTEMPTS
from newsletter.models import Delivery, Subscriber, Subscription
from newsletter.models.delivery import LEASABLE, TRANSACTIONAL, UNCOMPOSED, Kind, State
from newsletter.pipeline.send.pause import hold_pauses, lets_pass, pauses_on, sign_up_pause
from newsletter.pipeline.send.rate_limit import RateLimit, Turn
from newsletter.pipeline.send.recipient_checks import recipient_of, refusals
from newsletter.transactional.mails import useful_for

READER_FIELDS = ("email", "email_key", "status", "paused_until", "link_key")


@dataclass(frozen=True, slots=True)
class Leased:
    """A delivery leased by this process, valid as long as its fence is unchanged. Its reader is loaded."""

    delivery: Delivery
    fence: int

    @property
    def id(self) -> str:
        return str(self.delivery.pk)


@dataclass(frozen=True, slots=True)
class Batch:
    """What one call leased, and what it ended because it may not be sent."""

    leased: tuple[Leased, ...] = ()
    ended: Counter[str] = field(default_factory=Counter)
    put_off: int = 0
    """Due, but put off by their domain's rate limit."""

    def __bool__(self) -> bool:
        return bool(self.leased or self.ended or self.put_off)


def lease_batch(
    *,
    mailer_name: str,
    lease: timedelta,
    limit: int,
    owner: str,
    now: datetime,
    real_now: datetime,
    turn: Turn,
    transactional: bool = False,
    shared_limit: int = 0,
    dated_at: datetime | None = None,
) -> Batch:
    """Lease up to ``limit`` due deliveries, or only transactional ones; an empty batch: none is due.

    If more than ``limit`` wait that differ only in personal strings, lease up to ``shared_limit`` of them.
    ``now`` is recorded and compared with readers' pauses; leases and waits are in real time. A first try is
    dated ``dated_at``, or ``now``. ``turn`` is what the rate limits allow.

    1. Lock due rows. No two workers get the same: PostgreSQL skips locked rows, SQLite has one writer at a
       time.
    2. End those that may not be sent; put off those whose domain is at its rate limit.
    3. Set SENDING, the lease, fence + 1 and attempt + 1: a worker that is killed has used its attempt.
    """
    with transaction.atomic():
        pauses = pauses_on(mailer_name)
        if pauses and not lets_pass(Kind.ALERT, pauses):
            return Batch()
        which = Q(kind=Kind.ALERT) if pauses else TRANSACTIONAL if transactional else Q()
        if sign_up_pause():
            which &= ~Q(kind=Kind.CONFIRMATION)
        rows = _lock_due(limit, which=which, real_now=real_now)
        if len(rows) == limit < shared_limit:
            rows = _lock_identical(rows, shared_limit, which=which, real_now=real_now)
        subscribers = _subscribers(rows)
        endings = _endings(rows, subscribers=subscribers, now=now)
        _end(endings, now=now)
        taken = [row for row in rows if row.pk not in endings]
        later = turn.put_off([(row, recipient_of(row, subscribers)) for row in taken], real_now=real_now)
        _put_off([row for row in taken if row.pk in later], later)
        taken = [row for row in taken if row.pk not in later][: turn.room]
        Delivery.objects.filter(pk__in=[row.pk for row in taken]).update(
            state=State.SENDING,
            fence=F("fence") + 1,
            attempt=F("attempt") + 1,
            lease_owner=owner,
            lease_until=real_now + lease,
            transport=mailer_name,
            body_begun_at=None,
        )
        _address(taken, subscribers=subscribers)
        prefetch_related_objects(taken, "selection")  # its papers are seen once it is accepted
    ended = Counter(ending.state.value for ending in endings.values())
    for row in taken:
        row.dated_at = row.dated_at or dated_at or now  # kept once its body begins
    leased = tuple(_leased(row, subscribers, transport=mailer_name) for row in taken)
    return Batch(leased=leased, ended=ended, put_off=len(later))


def begin(
    leased: Sequence[Leased],
    *,
    lease: timedelta,
    now: datetime,
    real_now: datetime,
    rate_limit: RateLimit,
    counted: Collection[str] = (),
) -> frozenset[str]:
    """Commit that these bodies begin, before the first byte is sent; return the ids of those that may.

    The ids in ``counted`` are in the day's count already.

    1. Lock the readers: an unsubscribe commits before this (the delivery is then CANCELLED, or composed again
       without the topic) or after it. Keep only deliveries whose fence is still ours.
    2. Release what a pause holds, or whose reader has a new address or new links.
    3. Cancel what may no longer be sent; send digests with a topic that was left back to be composed.
    4. Count the rest in the day's limit; release those beyond it.
    5. Set ``body_begun_at`` and a fresh lease.
    """
    fences = {each.delivery.pk: each.fence for each in leased}
    subscriber_ids = {each.delivery.subscriber_id for each in leased if each.delivery.subscriber_id}
    with transaction.atomic():
        locked = Subscriber.objects.select_for_update(no_key=True).only(*READER_FIELDS)
        subscribers = {
            subscriber.pk: subscriber for subscriber in locked.filter(pk__in=subscriber_ids).order_by("pk")
        }
        held = Delivery.objects.select_for_update().filter(pk__in=fences, state=State.SENDING).order_by("pk")
        standing = dict(held.values_list("pk", "fence"))
        ours = [each.delivery for each in leased if standing.get(each.delivery.pk) == each.fence]
        hold_pauses()
        pauses = pauses_on(ours[0].transport) if ours else []
        pauses += [pause for pause in (sign_up_pause(),) if pause]
        held_back = [row for row in ours if _has_moved(row, subscribers) or not lets_pass(row.kind, pauses)]
        _release(held_back, real_now=real_now)
        ours = [row for row in ours if row not in held_back]
        refused = refusals(ours, subscribers=subscribers, now=now)
        _end({key: Ending(State.CANCELLED, refusal) for key, refusal in refused.items()}, now=now)
        ours = [row for row in ours if row.pk not in refused]
        outdated = _with_topics_left(ours)
        _have_composed_again(outdated)
        ours = [row for row in ours if row not in outdated]
        new = [row for row in ours if str(row.pk) not in counted]
        beyond = rate_limit.take_of_today(new, real_now=real_now)
        _release(beyond, real_now=real_now)
        put_off = {row.pk for row in beyond}
        allowed = [row for row in ours if row.pk not in put_off]
        for dated_at in {row.dated_at for row in allowed}:  # one, unless some of them are retries
            keys = sorted(row.pk for row in allowed if row.dated_at == dated_at)
            Delivery.objects.filter(pk__in=keys).update(
                body_begun_at=now, lease_until=real_now + lease, dated_at=dated_at
            )
    return frozenset(str(row.pk) for row in allowed)


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a delivery will not be sent."""

    state: State
    reason: str


def _lock_due(limit: int, *, which: Q, real_now: datetime) -> list[Delivery]:
    """Return due rows, locked: RETRY_WAIT first, each state in the order of its index."""
    rows: list[Delivery] = []
    for state in (State.RETRY_WAIT, State.COMPOSED):
        due = Delivery.objects.filter(which, state=state, next_attempt_at__lte=real_now)
        due = due.order_by("next_attempt_at").select_for_update(skip_locked=True)
        rows += due[: limit - len(rows)] if len(rows) < limit else ()
    # A message whose worker died may have killed it: retry it with few others, then alone.
    lost = rows[0].attempt if rows else 0
    alike = list(takewhile(lambda row: row.attempt == lost, rows))
    return alike[: {0: limit, 1: FEW}.get(lost, 1)]


def _lock_identical(rows: list[Delivery], limit: int, *, which: Q, real_now: datetime) -> list[Delivery]:
    """Return all digests identical to the first of ``rows``, locked, if they are more than ``rows``."""
    key = rows[0].body_key if rows[0].state == State.COMPOSED else ""
    due = Delivery.objects.filter(which, state=State.COMPOSED, body_key=key, next_attempt_at__lte=real_now)
    identical = due.filter(attempt=0).order_by("next_attempt_at").select_for_update(skip_locked=True)
    found = list(identical[:limit]) if key else []
    return found if len(found) > len(rows) else rows


def _subscribers(rows: Sequence[Delivery]) -> dict[int, Subscriber]:
    ids = {row.subscriber_id for row in rows if row.subscriber_id}
    return Subscriber.objects.only(*READER_FIELDS).in_bulk(ids)


def _endings(
    rows: Sequence[Delivery], *, subscribers: Mapping[int, Subscriber], now: datetime
) -> dict[uuid.UUID, Ending]:
    refused = refusals(rows, subscribers=subscribers, now=now)
    waiting = (row for row in rows if row.state == State.RETRY_WAIT and row.kind == Kind.DIGEST)
    newest = _newest_slots(waiting, now=now)
    endings = {}
    for row in rows:
        if (refusal := refused.get(row.pk)) is not None:
            endings[row.pk] = Ending(State.CANCELLED, refusal)
        elif newest.get(row.subscriber_id, row.slot_at) > row.slot_at:
            endings[row.pk] = Ending(State.EXPIRED, "the next slot came first")
        elif row.kind != Kind.DIGEST and now - row.slot_at >= useful_for(row):
            endings[row.pk] = Ending(State.EXPIRED, "it came too late to be of use")
        elif row.attempt >= MAX_ATTEMPTS:
            endings[row.pk] = Ending(State.QUARANTINED, f"{row.attempt} attempts ended without an outcome")
    return endings


def _newest_slots(waiting: Iterable[Delivery], *, now: datetime) -> dict[int | None, datetime]:
    """Return the latest slot that has come: planning expires waiting digests, but not those being sent."""
    ids = {row.subscriber_id for row in waiting if row.subscriber_id}
    digests = (
        Delivery.objects.filter(subscriber_id__in=ids, kind=Kind.DIGEST, slot_at__lte=now)
        if ids
        else Delivery.objects.none()
    )
    return dict(digests.order_by().values_list("subscriber_id").annotate(Max("slot_at")))


def _end(endings: Mapping[uuid.UUID, Ending], *, now: datetime) -> None:
    for ending in set(endings.values()):
        Delivery.objects.filter(pk__in=[key for key, each in endings.items() if each == ending]).update(
            state=ending.state,
            last_detail=str(ending.reason),
            outcome_at=now,
            lease_owner="",
            lease_until=None,
        )


def _has_moved(row: Delivery, subscribers: Mapping[int, Subscriber]) -> bool:
    """Whether its reader got a new address or new links since it was leased: the message must be rebuilt."""
    subscriber = subscribers.get(row.subscriber_id or 0)
    if subscriber is None or row.subscriber is None:
        return False
    has_other_links = subscriber.link_key != row.subscriber.link_key
    return has_other_links or (row.kind == Kind.DIGEST and subscriber.email != row.recipient)


def _with_topics_left(rows: Iterable[Delivery]) -> list[Delivery]:
    """Return those that cover a topic that their reader left after they were composed."""
    covering = [row for row in rows if row.topics]
    subscribers = {row.subscriber_id for row in covering}
    subscribed = Subscription.objects.filter(subscriber__in=subscribers)
    kept = set(subscribed.values_list("subscriber_id", "topic_id"))
    return [row for row in covering if any((row.subscriber_id, topic) not in kept for topic in row.topics)]


def release(leased: Sequence[Leased], *, until: Mapping[uuid.UUID, datetime]) -> None:
    """Release leases whose bodies have not begun, each until its time; the attempt does not count."""
    for each in leased:
        ours = Delivery.objects.filter(pk=each.delivery.pk, fence=each.fence, state=State.SENDING)
        ours.filter(body_begun_at__isnull=True).update(**_waiting(until[each.delivery.pk]))


def _put_off(rows: Sequence[Delivery], until: Mapping[uuid.UUID, datetime]) -> None:
    for row in rows:
        row.next_attempt_at = until[row.pk]
    Delivery.objects.bulk_update(rows, ["next_attempt_at"], batch_size=200)


def _release(rows: Sequence[Delivery], *, real_now: datetime) -> None:
    """Release what may not be sent as it was leased; the attempt does not count."""
    Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(**_waiting(real_now))


def _have_composed_again(rows: Sequence[Delivery]) -> None:
    changes = UNCOMPOSED | {"attempt": F("attempt") - 1, "lease_owner": "", "lease_until": None}
    Delivery.objects.filter(pk__in=[row.pk for row in rows]).update(**changes)


def _waiting(until: datetime) -> dict[str, Any]:
    return {
        "state": State.RETRY_WAIT,
        "attempt": F("attempt") - 1,
        "next_attempt_at": until,
        "lease_owner": "",
        "lease_until": None,
    }


def _address(rows: Sequence[Delivery], *, subscribers: Mapping[int, Subscriber]) -> None:
    """Set each row's recipient, and save those that changed."""
    moved = []
    for row in rows:
        recipient = recipient_of(row, subscribers)
        if row.recipient != recipient:
            row.recipient = recipient
            moved.append(row)
    Delivery.objects.bulk_update(moved, ["recipient"])


def _leased(row: Delivery, subscribers: Mapping[int, Subscriber], *, transport: str) -> Leased:
    row.subscriber = subscribers.get(row.subscriber_id or 0)
    row.state, row.transport = State.SENDING, transport
    row.fence, row.attempt = row.fence + 1, row.attempt + 1
    return Leased(delivery=row, fence=row.fence)


def make_due(*, real_now: datetime) -> int:
    """Give a time to waiting deliveries that have none, so that none is overlooked."""
    forgotten = Delivery.objects.filter(state__in=LEASABLE, next_attempt_at__isnull=True)
    return forgotten.update(next_attempt_at=real_now)


def is_due(*, transactional: bool, real_now: datetime) -> bool:
    """Whether anything, or anything transactional, could be leased now."""
    return Delivery.objects.due(real_now=real_now).filter(TRANSACTIONAL if transactional else Q()).exists()
