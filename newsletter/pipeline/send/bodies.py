"""When the bodies of a leased batch begin, and the commit of it: the instant an unsubscribe must beat.

A group at a time, each for two seconds: one commit begins up to fifty bodies, or one request's worth. What
has not started two seconds later is begun again, since a reader may have left meanwhile. Each start and each
final dot is written into the send journal before it happens: it says what a group's commit leaves open when
this process dies.

Locks are always taken in the order reader, delivery, so that a begin, an outcome and an unsubscribe cannot
deadlock.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from operator import attrgetter
from typing import Any

from django.db import transaction
from django.db.models import F

from newsletter.adapters.infra.send_journal import Group
from newsletter.core.delivery.send_journal import Event
from newsletter.errors import TemporaryError
from newsletter.models import Delivery, Subscriber, Subscription
from newsletter.models.delivery import UNCOMPOSED, Kind, State
from newsletter.models.set_based import update_each
from newsletter.pipeline.db_retry import with_db_retry
from newsletter.pipeline.send.claim import READER_FIELDS, Ending, Leased, end
from newsletter.pipeline.send.pause import SIGN_UP, hold_pauses, lets_pass, pauses_on
from newsletter.pipeline.send.rate_limit import RateLimit
from newsletter.pipeline.send.recipient_checks import refusals

VALID_SECONDS = 2.0
"""How long a begin is valid, from before its commit."""
FEWEST, MOST = 10, 50
"""Bodies that begin together. A request of more recipients begins as a whole."""
TRIES = 3
"""Begins that may be out of date when they are committed, before the batch is given up."""


def boot_seconds() -> float:
    """Return seconds that nobody sets, and that pass while the machine sleeps."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)


@dataclass(slots=True, kw_only=True)
class GroupedBodies:
    """The ``Bodies`` of one batch."""

    leased: Mapping[str, Leased]
    """By delivery id, in the order in which they will be sent; whoever has an outcome is taken out."""
    group: Group
    lease: timedelta
    rate_limit: RateLimit
    now: datetime
    deadline: datetime | None
    """Real time: no body begins after it."""
    clock: Callable[[], datetime]
    seconds: Callable[[], float]
    _valid_until: dict[str, float] = field(default_factory=dict)
    """Begun and not started; by ``seconds``."""
    _begun: set[str] = field(default_factory=set)
    _refused: set[str] = field(default_factory=set)
    """Released, cancelled, or composed again."""
    _size: int = MOST
    _started: int = 0
    """Since the last begin."""

    def prepare(self, delivery_ids: Sequence[str]) -> frozenset[str]:
        for tries in count():
            missing = [each for each in delivery_ids if self._needs_begin(each)]
            if not missing:
                break
            if tries == TRIES:
                raise TemporaryError("the database takes longer to begin a body than a begin is valid")
            self._begin_group(missing)
        return frozenset(each for each in delivery_ids if each not in self._refused)

    def begin(self, delivery_ids: Sequence[str]) -> frozenset[str]:
        may_start = self.prepare(delivery_ids)
        starting = [each for each in delivery_ids if each in may_start]
        self.group.write(Event.STARTS, starting)
        for each in starting:
            del self._valid_until[each]  # one begin, one start
        self._started += len(starting)
        return may_start

    def end(self, delivery_ids: Sequence[str]) -> None:
        self.group.write(Event.DOT, delivery_ids)

    def _needs_begin(self, delivery_id: str) -> bool:
        return delivery_id not in self._refused and self._valid_until.get(delivery_id, 0.0) <= self.seconds()

    def _has_not_started(self, delivery_id: str) -> bool:
        return delivery_id not in self._begun or delivery_id in self._valid_until

    def _begin_group(self, missing: Sequence[str]) -> None:
        """Begin these, and those that follow as far as they may start in time."""
        waiting = [each for each in self.leased if self._has_not_started(each) and self._needs_begin(each)]
        if any(each in self._begun for each in waiting):  # this server is slow: begin fewer
            self._size = min(MOST, max(FEWEST, 2 * self._started))
        self._started = 0
        wanted = list(dict.fromkeys([*missing, *waiting]))[: max(self._size, len(missing))]
        # What has started was counted: a request that is split counts once.
        new = [each for each in wanted if self._has_not_started(each)]
        later = self._later([self.leased[each].delivery for each in new])
        if later:
            held_back = [each for each in self.leased.values() if each.delivery.pk in later]
            with_db_retry(partial(release, held_back, until=later))
        may_begin = [self.leased[each] for each in wanted if self.leased[each].delivery.pk not in later]
        begun = with_db_retry(partial(self._commit, may_begin))
        self._refused |= set(wanted) - begun.ids
        self._begun |= begun.ids
        self._valid_until |= dict.fromkeys(begun.ids, begun.at + VALID_SECONDS)

    def _later(self, deliveries: Sequence[Delivery]) -> dict[uuid.UUID, datetime]:
        """Return when those may go that must not begin now: past the deadline, or no room."""
        real_now = self.clock()
        if self.deadline is not None and real_now >= self.deadline:
            return {delivery.pk: real_now for delivery in deliveries}
        return self.rate_limit.take(deliveries, real_now=real_now)

    def _commit(self, leased: Sequence[Leased]) -> Begun:
        return begin(
            leased,
            lease=self.lease,
            now=self.now,
            real_now=self.clock(),
            rate_limit=self.rate_limit,
            seconds=self.seconds,
            counted=self._begun,
        )


# --- the commit ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Begun:
    ids: frozenset[str]
    """Those that may be sent."""
    at: float
    """By the clock that was passed in, shortly before the commit: an unsubscribe that came later waited."""


def begin(
    leased: Sequence[Leased],
    *,
    lease: timedelta,
    now: datetime,
    real_now: datetime,
    rate_limit: RateLimit,
    seconds: Callable[[], float],
    counted: Collection[str] = (),
) -> Begun:
    """Commit that these bodies begin, before the first byte of one is sent. Again for one is no harm.

    The ids in ``counted`` are in the day's count already.

    1. Lock the readers: an unsubscribe commits before this (the delivery is then CANCELLED, or composed again
       without the topic) or after it. Keep only deliveries whose fence is still ours.
    2. Release what a pause holds, or whose reader has a new address or new links.
    3. Cancel what may no longer be sent; send digests with a topic that was left back to be composed.
    4. Count the rest in the day's limit; release those beyond it.
    5. Set ``body_begun_at`` and a fresh lease.
    """
    if not leased:
        return Begun(frozenset(), seconds())
    with transaction.atomic():
        subscribers, ours = _lock(leased)
        hold_pauses()
        pauses = pauses_on(ours[0].transport, SIGN_UP) if ours else []
        moved = {row.pk for row in ours if _has_moved(row, subscribers)}
        held_back = moved | {row.pk for row in ours if not lets_pass(row.kind, pauses)}
        _release(held_back, until=real_now)
        ours = [row for row in ours if row.pk not in held_back]
        refused = refusals(ours, subscribers=subscribers, now=now)
        end({key: Ending(State.CANCELLED, refusal) for key, refusal in refused.items()}, now=now)
        ours = [row for row in ours if row.pk not in refused]
        outdated = _with_topics_left(ours)
        _have_composed_again(outdated)
        ours = [row for row in ours if row.pk not in outdated]
        new = [row for row in ours if str(row.pk) not in counted]
        beyond = {row.pk for row in rate_limit.take_of_today(new, real_now=real_now)}
        _release(beyond, until=real_now)
        allowed = [row for row in ours if row.pk not in beyond]
        update_each(
            Delivery,
            [(row.pk, row.dated_at) for row in allowed],
            match=("id",),
            change=("dated_at",),
            to_all={"body_begun_at": now, "lease_until": real_now + lease},
        )
        at = seconds()
    return Begun(frozenset(str(row.pk) for row in allowed), at)


def release(leased: Sequence[Leased], *, until: Mapping[uuid.UUID, datetime]) -> None:
    """Release leases whose bodies have not started, each until its time; the attempt does not count."""
    rows = [
        (each.delivery.pk, each.fence, each.delivery.attempt - 1, until[each.delivery.pk]) for each in leased
    ]
    update_each(
        Delivery,
        rows,
        match=("id", "fence"),
        change=("attempt", "next_attempt_at"),
        to_all=_RELEASED,
        where={"state": [State.SENDING]},
    )


_UNLEASED: dict[str, Any] = {"lease_owner": "", "lease_until": None, "body_begun_at": None}
_RELEASED = _UNLEASED | {"state": State.RETRY_WAIT}


def _lock(leased: Sequence[Leased]) -> tuple[dict[int, Subscriber], list[Delivery]]:
    """Lock readers, then deliveries; return the readers by id, and the deliveries that are ours yet."""
    ids = {each.delivery.subscriber_id for each in leased if each.delivery.subscriber_id}
    known = {each.delivery.subscriber_id: each.delivery.subscriber for each in leased}
    locked = Subscriber.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk")
    subscribers = {
        key: _as_locked(key, values, known[key]) for key, *values in locked.values_list("pk", *READER_FIELDS)
    }
    rows = Delivery.objects.filter(pk__in=[each.delivery.pk for each in leased], state=State.SENDING)
    fences = dict(rows.order_by("pk").select_for_update().values_list("pk", "fence"))
    return subscribers, [each.delivery for each in leased if fences.get(each.delivery.pk) == each.fence]


_reader = attrgetter(*READER_FIELDS)


def _as_locked(key: int, values: Sequence[Any], known: Subscriber | None) -> Subscriber:
    """Return the reader: the one that was leased with the delivery, unless something has changed."""
    if known is not None and _reader(known) == tuple(values):
        return known
    return Subscriber(pk=key, **dict(zip(READER_FIELDS, values, strict=True)))


def _has_moved(row: Delivery, subscribers: Mapping[int, Subscriber]) -> bool:
    """Whether its reader got a new address or new links since it was leased: the message must be rebuilt."""
    subscriber = subscribers.get(row.subscriber_id or 0)
    if subscriber is None or row.subscriber is None:
        return False
    has_other_links = subscriber.link_key != row.subscriber.link_key
    return has_other_links or (row.kind == Kind.DIGEST and subscriber.email != row.recipient)


def _with_topics_left(rows: Iterable[Delivery]) -> set[uuid.UUID]:
    """Return those that cover a topic that their reader left after they were composed."""
    covering = [row for row in rows if row.topics]
    if not covering:
        return set()
    subscribed = Subscription.objects.filter(subscriber__in={row.subscriber_id for row in covering})
    kept = set(subscribed.values_list("subscriber_id", "topic_id"))
    return {row.pk for row in covering if any((row.subscriber_id, topic) not in kept for topic in row.topics)}


def _release(keys: Collection[uuid.UUID], *, until: datetime) -> None:
    """Release what may not be sent as it was leased; the attempt does not count."""
    if keys:
        changes = _RELEASED | {"next_attempt_at": until, "attempt": F("attempt") - 1}
        Delivery.objects.filter(pk__in=keys).update(**changes)


def _have_composed_again(keys: Collection[uuid.UUID]) -> None:
    if keys:
        changes = UNCOMPOSED | _UNLEASED | {"attempt": F("attempt") - 1}
        Delivery.objects.filter(pk__in=keys).update(**changes)
