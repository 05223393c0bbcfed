"""When the bodies of a leased batch begin: a group at a time, each group for two seconds.

One commit begins up to fifty bodies, or one request's worth. What has not started two seconds later is begun
again, since a reader may have left meanwhile. Each start and each final dot is written into the send journal
before it happens: it says what a group's commit leaves open when this process dies.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import count

from newsletter.adapters.infra.send_journal import Group
from newsletter.core.delivery.send_journal import Event
from newsletter.errors import TemporaryError
from newsletter.models import Delivery
from newsletter.pipeline.db_retry import with_db_retry
from newsletter.pipeline.send.begin import Begun, begin, release
from newsletter.pipeline.send.claim import Leased
from newsletter.pipeline.send.rate_limit import RateLimit

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
