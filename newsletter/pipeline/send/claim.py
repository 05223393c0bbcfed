"""Lease due deliveries, a batch at a time, and end those that may not be sent. The next step: ``bodies``."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import takewhile

from django.db import transaction
from django.db.models import Max, Q, prefetch_related_objects

from newsletter.adapters.infra.send_journal import Group, SendJournal
from newsletter.core.delivery.retry_policy import FEW, MAX_ATTEMPTS
from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import LEASABLE, TRANSACTIONAL, Kind, State
from newsletter.models.set_based import update_each
from newsletter.pipeline.send.pause import SIGN_UP, lets_pass, pauses_on
from newsletter.pipeline.send.rate_limit import Turn
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
    group: Group | None = None
    """Where lines about them are written; None when nothing was leased."""
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
    journal: SendJournal,
    transactional: bool = False,
    shared_limit: int = 0,
    dated_at: datetime | None = None,
) -> Batch:
    """Lease up to ``limit`` due deliveries, or only transactional ones; an empty batch: none is due.

    Digests that differ only in personal strings are leased together wherever they stand among those that are
    due: as many requests as ``limit`` holds whole, or one of up to ``shared_limit``.
    ``now`` is recorded and compared with readers' pauses; leases and waits are in real time. A first try is
    dated ``dated_at``, or ``now``. ``turn`` is what the rate limits allow. Raises JournalError.

    1. Lock due rows. No two workers get the same: PostgreSQL skips locked rows, SQLite has one writer at a
       time.
    2. End those that may not be sent; put off those whose domain is at its rate limit.
    3. Set SENDING, the lease, the place in the send journal, fence + 1 and attempt + 1: a worker that is
       killed has used its attempt.
    """
    with transaction.atomic():
        pauses = pauses_on(mailer_name, SIGN_UP)
        if not lets_pass(Kind.ALERT, pauses):
            return Batch()
        which = TRANSACTIONAL if transactional else Q()
        if any(pause.transport != SIGN_UP for pause in pauses):
            which = Q(kind=Kind.ALERT)
        elif pauses:
            which &= ~Q(kind=Kind.CONFIRMATION)
        rows = _lock_due(limit, which=which, real_now=real_now)
        if len(rows) == limit < shared_limit:  # of fewer, all that are due are here
            rows = _lock_requests(rows, shared_limit, which=which, real_now=real_now)
        subscribers = _subscribers(rows)
        endings = _endings(rows, subscribers=subscribers, now=now)
        end(endings, now=now)
        taken = [row for row in rows if row.pk not in endings]
        later = turn.put_off([(row, recipient_of(row, subscribers)) for row in taken], real_now=real_now)
        _put_off([row for row in taken if row.pk in later], later)
        taken = _side_by_side([row for row in taken if row.pk not in later][: turn.room])
        group = journal.next_group() if taken else None
        prefetch_related_objects(taken, "selection")  # its papers are seen once it is accepted
        for row in taken:
            row.recipient = recipient_of(row, subscribers)
            row.subscriber = subscribers.get(row.subscriber_id or 0)
            row.dated_at = row.dated_at or dated_at or now  # kept once its body begins
            row.state, row.transport = State.SENDING, mailer_name
            row.fence, row.attempt = row.fence + 1, row.attempt + 1
        _save_lease(taken, group=group, owner=owner, until=real_now + lease, transport=mailer_name)
    return Batch(
        leased=tuple(Leased(delivery=row, fence=row.fence) for row in taken),
        group=group,
        ended=Counter(ending.state.value for ending in endings.values()),
        put_off=len(later),
    )


def _save_lease(
    rows: Sequence[Delivery], *, group: Group | None, owner: str, until: datetime, transport: str
) -> None:
    to_all = {
        "state": State.SENDING,
        "lease_owner": owner,
        "lease_until": until,
        "transport": transport,
        "journal": group and group.journal_id,
        "journal_group": group and group.number,
        "body_begun_at": None,
    }
    update_each(
        Delivery,
        [(row.pk, row.fence, row.attempt, row.recipient) for row in rows],
        match=("id",),
        change=("fence", "attempt", "recipient"),
        to_all=to_all,
    )


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


def _lock_requests(rows: Sequence[Delivery], most: int, *, which: Q, real_now: datetime) -> list[Delivery]:
    """Return whole requests, locked: a digest of ``rows`` with all that are identical to it.

    The first one has at most ``most``; others follow as long as all together are no more than ``rows``.
    """
    fresh = Delivery.objects.filter(which, state=State.COMPOSED, attempt=0, next_attempt_at__lte=real_now)
    keys = [row.body_key if row.state == State.COMPOSED and not row.attempt else "" for row in rows]
    identical = fresh.filter(body_key__in={*keys} - {""}).order_by("next_attempt_at")
    parts = identical.filter(body_key=keys[0]), identical.exclude(body_key=keys[0])
    requests = dict[str, list[uuid.UUID]]()
    for key, pk in (pair for part in parts for pair in part.values_list("body_key", "pk")[:most]):
        requests.setdefault(key, []).append(pk)
    chosen = list[uuid.UUID]()
    for row, key in zip(rows, keys, strict=True):
        request = requests.pop(key, []) if key else [row.pk]
        if chosen and len(chosen) + len(request) > len(rows):
            break
        chosen += request
    known = {row.pk: row for row in rows}
    missing = fresh.filter(pk__in=[pk for pk in chosen if pk not in known])
    known |= {row.pk: row for row in missing.select_for_update(skip_locked=True)}
    return [known[pk] for pk in chosen if pk in known]


def _side_by_side(rows: Sequence[Delivery]) -> list[Delivery]:
    """Return identical digests one after the other: they go, and begin, in one request."""
    first = dict[str, int]()
    for place, row in enumerate(rows):
        first.setdefault(row.body_key or str(row.pk), place)
    return sorted(rows, key=lambda row: first[row.body_key or str(row.pk)])


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


def end(endings: Mapping[uuid.UUID, Ending], *, now: datetime) -> None:
    for ending in set(endings.values()):
        Delivery.objects.filter(pk__in=[key for key, each in endings.items() if each == ending]).update(
            state=ending.state,
            last_detail=str(ending.reason),
            outcome_at=now,
            lease_owner="",
            lease_until=None,
            body_begun_at=None,  # it may have begun in a group, and has not started
        )


def _put_off(rows: Sequence[Delivery], until: Mapping[uuid.UUID, datetime]) -> None:
    waits = [(row.pk, until[row.pk]) for row in rows]
    update_each(Delivery, waits, match=("id",), change=("next_attempt_at",))


def make_due(*, real_now: datetime) -> int:
    """Give a time to waiting deliveries that have none, so that none is overlooked."""
    forgotten = Delivery.objects.filter(state__in=LEASABLE, next_attempt_at__isnull=True)
    return forgotten.update(next_attempt_at=real_now)


def is_due(*, transactional: bool, real_now: datetime) -> bool:
    """Whether anything, or anything transactional, could be leased now."""
    return Delivery.objects.due(real_now=real_now).filter(TRANSACTIONAL if transactional else Q()).exists()
