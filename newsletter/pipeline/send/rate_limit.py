"""The rate limits of one transport, over all workers together.

They are checked twice. A lease takes only what may begin now, so that no row is held while it waits; mails to
a domain at its limit are put off, each to its own time, and delay no others. And each body is counted when it
begins: in the windows of seconds just before, in the day within the same transaction. What does not fit is
released.
"""

from __future__ import annotations

import logging
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db.models import F, Min

from newsletter.adapters.infra.rate_windows import RateWindows
from newsletter.audience.suppression import address_key
from newsletter.config import Config
from newsletter.core.delivery.rate_limits import Window, daily_limit, windows, without_kept
from newsletter.errors import BadInput, TemporaryError
from newsletter.models import Delivery, SendDay

log = logging.getLogger(__name__)

UNLIMITED = 1_000_000
"""More than anybody leases at once."""
AGAIN = timedelta(seconds=5)
"""Wait after Redis did not answer."""


class RateBucket(NamedTuple):
    """Messages that share windows: one limited domain or all others, transactional or not."""

    domain: str
    """Empty for all domains without a rate of their own."""
    transactional: bool


@dataclass(slots=True)
class Turn:
    """What one lease may take. Redis is asked before, never within the lease's transaction."""

    rate_limit: RateLimit
    room: int
    """Messages that may begin now."""
    wait: timedelta = timedelta()
    """Time until another one may begin, if there is no room."""
    held: str = ""
    """Why nothing may begin for now, where a short wait does not help."""
    buckets: dict[RateBucket, int] = field(default_factory=dict)
    """Room by limited bucket."""

    def put_off(
        self, rows: Sequence[tuple[Delivery, str]], *, real_now: datetime
    ) -> dict[uuid.UUID, datetime]:
        """Return when each of these rows (with its address) may go whose bucket is full."""
        later: dict[uuid.UUID, datetime] = {}
        for row, address in rows:
            bucket = self.rate_limit.bucket(row, address)
            if bucket not in self.buckets:
                continue
            if self.buckets[bucket] > 0:
                self.buckets[bucket] -= 1
            else:
                later[row.pk] = self.rate_limit.next_place(bucket, real_now=real_now)
        return later


@dataclass(slots=True)
class RateLimit:
    """The limits of one transport; without any, everything passes and nothing is counted."""

    transport: str
    rate: float | None = None
    domain_rates: Mapping[str, float] = field(default_factory=dict)
    daily: int | None = None
    warmup: int | None = None
    counts: RateWindows | None = None
    _put_off_until: dict[RateBucket, datetime] = field(default_factory=dict)

    @classmethod
    def of(cls, config: Config, *, transport: str) -> RateLimit:
        is_counted = config.send_rate is not None or bool(config.domain_rates)
        return cls(
            transport=transport,
            rate=config.send_rate,
            domain_rates={_domain(f"x@{domain}"): rate for domain, rate in config.domain_rates.items()},
            daily=config.send_daily,
            warmup=config.warmup,
            counts=RateWindows(config.redis_url) if is_counted else None,
        )

    # --- before a lease ----------------------------------------------------------------------------------

    def turn(self, *, transactional: bool, real_now: datetime) -> Turn:
        """Return what may be leased now, of everything or only of transactional mail."""
        left = self.left_today(transactional=transactional, real_now=real_now)
        if left == 0:
            return Turn(self, room=0, held="today's mails are used up; what waits goes on tomorrow (UTC)")
        turn = Turn(self, room=UNLIMITED if left is None else left)
        if self.counts is None:
            return turn
        try:
            if self.rate is not None:
                free, seconds = self.counts.room(
                    windows(self.transport, self.rate, transactional=transactional)
                )
                turn.room, turn.wait = min(turn.room, free), timedelta(seconds=seconds)
            for domain in self.domain_rates:
                for bucket in (
                    RateBucket(domain, transactional=True),
                    RateBucket(domain, transactional=False),
                ):
                    turn.buckets[bucket] = self.counts.room(self._domain_windows(bucket))[0]
        except TemporaryError as error:
            return Turn(self, room=0, held=str(error))
        return turn

    def next_place(self, bucket: RateBucket, *, real_now: datetime) -> datetime:
        """Return the next free moment of a full bucket, each time a later one."""
        narrowest = self._domain_windows(bucket)[0]
        step = timedelta(seconds=narrowest.seconds / narrowest.amount)
        at = max(self._put_off_until.get(bucket, real_now), real_now) + step
        self._put_off_until[bucket] = at
        return at

    def put_off_until(self) -> datetime | None:
        """Return the latest time to which this process has put off a message."""
        return max(self._put_off_until.values(), default=None)

    # --- when bodies begin -------------------------------------------------------------------------------

    def take(self, rows: Iterable[Delivery], *, real_now: datetime) -> dict[uuid.UUID, datetime]:
        """Count these messages, which are about to begin; return when those that do not fit may go."""
        if self.counts is None:
            return {}
        buckets = defaultdict[RateBucket, list[Delivery]](list)
        for row in rows:
            buckets[self.bucket(row, row.recipient)].append(row)
        later = dict[uuid.UUID, datetime]()
        for bucket, group in buckets.items():
            passed, again_at = self._take(bucket, len(group), real_now=real_now)
            later |= {row.pk: again_at for row in group[passed:]}
        return later

    def _take(self, bucket: RateBucket, wanted: int, *, real_now: datetime) -> tuple[int, datetime]:
        through = self._domain_windows(bucket)
        if self.rate is not None:
            through += windows(self.transport, self.rate, transactional=bucket.transactional)
        if self.counts is None or not through:
            return wanted, real_now
        try:
            passed = self.counts.take(through, wanted)
            return passed, real_now + timedelta(seconds=self.counts.room(through)[1])
        except TemporaryError as error:
            log.warning("%s", error)
            return 0, real_now + AGAIN

    def take_of_today(self, rows: Sequence[Delivery], *, real_now: datetime) -> list[Delivery]:
        """Count these in the day, within the transaction in which they begin; return those beyond it."""
        day = real_now.date()
        limit = self.limit_on(day)
        if limit is None or not rows:
            return []
        counted, _ = SendDay.objects.select_for_update().get_or_create(transport=self.transport, day=day)
        digests, transactional, beyond = counted.digests, counted.transactional, list[Delivery]()
        for row in rows:
            if digests + transactional >= limit or (
                not row.is_transactional and digests >= without_kept(limit)
            ):
                beyond.append(row)
            elif row.is_transactional:
                transactional += 1
            else:
                digests += 1
        SendDay.objects.filter(pk=counted.pk).update(
            digests=F("digests") + digests - counted.digests,
            transactional=F("transactional") + transactional - counted.transactional,
        )
        return beyond

    # --- the day -----------------------------------------------------------------------------------------

    def limit_on(self, day: date) -> int | None:
        """Return how many may begin on ``day``; a warm-up counts from the first day that was counted."""
        if self.warmup is None:
            return self.daily
        first = SendDay.objects.filter(transport=self.transport).aggregate(day=Min("day"))["day"] or day
        return daily_limit(daily=self.daily, warmup=self.warmup, day=max(0, (day - first).days))

    def left_today(self, *, transactional: bool, real_now: datetime) -> int | None:
        """Return how many more may begin today; None: any number."""
        limit = self.limit_on(real_now.date())
        if limit is None:
            return None
        counted = SendDay.objects.filter(transport=self.transport, day=real_now.date()).first()
        digests, others = (counted.digests, counted.transactional) if counted else (0, 0)
        left = limit - digests - others
        return max(0, left if transactional else min(left, without_kept(limit) - digests))

    # --- buckets -----------------------------------------------------------------------------------------

    def bucket(self, row: Delivery, address: str) -> RateBucket:
        domain = _domain(address) if self.domain_rates else ""
        return RateBucket(domain if domain in self.domain_rates else "", transactional=row.is_transactional)

    def _domain_windows(self, bucket: RateBucket) -> tuple[Window, ...]:
        if not bucket.domain:
            return ()
        return windows(
            f"{self.transport} {bucket.domain}",
            self.domain_rates[bucket.domain],
            transactional=bucket.transactional,
        )


def _domain(address: str) -> str:
    try:
        return address_key(address).rpartition("@")[2]
    except BadInput:  # no domain to limit; writing its headers raises the error
        return ""
