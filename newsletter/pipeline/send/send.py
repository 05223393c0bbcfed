"""Send: hand over what is due, a batch at a time, until nothing can be leased.

The order within a batch is what keeps the promises: claim and commit, write the messages, commit that a body
begins, send, record the answer. No lock is held while sending. Lost workers and lost answers are left to
``reconcile``.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from random import SystemRandom

from django.utils import timezone

from newsletter.adapters.ports import Mailer, Outcome
from newsletter.core.delivery.retry_policy import retry_delay
from newsletter.models import Delivery
from newsletter.pipeline.compose.message import outgoing
from newsletter.pipeline.db_retry import with_db_retry
from newsletter.pipeline.lease import lapse
from newsletter.pipeline.send.claim import (
    Batch,
    Leased,
    begin,
    is_due,
    lease_batch,
    make_due,
    release,
)
from newsletter.pipeline.send.outcomes import Moment, record
from newsletter.pipeline.send.pause import pause_reason
from newsletter.pipeline.send.rate_limit import UNLIMITED, RateLimit, Turn

logger = logging.getLogger(__name__)


_chance = SystemRandom().random
SHORTEST_NAP, LONGEST_NAP = 0.02, 1.0
"""Seconds between two looks at a full rate window."""


@dataclass(slots=True)
class DeliveryReport:
    states: Counter[str] = field(default_factory=Counter)
    """How many deliveries left this call in which state; one that was tried twice counts twice."""
    paused: str | None = None
    """Why the transport is paused, if it is."""
    held: str = ""
    """Why nothing more begins for now although mails are due: the daily limit is used up."""

    @property
    def handled(self) -> int:
        return self.states.total()


def send_due(
    *,
    mailer: Mailer,
    now: datetime,
    owner: str,
    transactional: bool = False,
    limit: int | None = None,
    deadline: datetime | None = None,
    rate_limit: RateLimit | None = None,
    clock: Callable[[], datetime] = timezone.now,
    sleep: Callable[[float], None] = time.sleep,
    chance: Callable[[], float] = _chance,
) -> DeliveryReport:
    """Send what is due, or only transactional mail, until nothing can be leased.

    1. Wait while the rate has no room; stop when nothing is due or the day is used up.
    2. Lease a batch, send it, and record each answer.
    3. Repeat until ``deadline`` or ``limit``.

    ``now`` is recorded and compared with readers' pauses; ``clock`` is real time, for leases and waits. After
    ``deadline`` (real time) no batch is leased and no body begins; beyond ``limit`` deliveries no batch is
    leased. Any number of workers may run it, each under its own ``owner``.
    """
    report, started = DeliveryReport(), clock()
    rate_limit = rate_limit or RateLimit(mailer.name)
    sending = _Sending(
        mailer=mailer, rate_limit=rate_limit, now=now, deadline=deadline, clock=clock, chance=chance
    )

    def lease(turn: Turn) -> Batch:
        # This owner is sending nothing now: what it still holds was left by a task that broke off.
        lapse(Delivery.objects.filter(lease_owner=owner), real_now=clock())
        left = limit - report.handled if limit is not None else UNLIMITED
        return lease_batch(
            mailer_name=mailer.name,
            lease=mailer.lease,
            limit=min(mailer.batch_size, left),
            shared_limit=min(mailer.shared_batch_size, left),
            owner=owner,
            now=now,
            real_now=clock(),
            turn=turn,
            transactional=transactional,
            dated_at=now + (clock() - started),  # this call may last for hours
        )

    make_due(real_now=clock())
    while (deadline is None or clock() < deadline) and (limit is None or report.handled < limit):
        turn = rate_limit.turn(transactional=transactional, real_now=clock())
        if turn.room == 0 and not turn.held and is_due(transactional=transactional, real_now=clock()):
            sleep(_nap(turn))
            continue
        batch = with_db_retry(partial(lease, turn))
        if not batch:
            report.held = turn.held
            break
        report.states += batch.ended
        report.states += sending.send(batch.leased)
    report.paused = pause_reason(mailer.name)
    return report


def _nap(turn: Turn) -> float:
    """Return the seconds until there may be room; others use the rate too, so look again soon."""
    return min(max(turn.wait.total_seconds(), SHORTEST_NAP), LONGEST_NAP)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sending:
    """Sends leased batches by one mailer."""

    mailer: Mailer
    rate_limit: RateLimit
    now: datetime
    deadline: datetime | None
    clock: Callable[[], datetime]
    chance: Callable[[], float]

    def send(self, leased: Sequence[Leased]) -> Counter[str]:
        """Send a batch and record each answer as it comes; return how many ended in which state."""
        left = {each.id: each.delivery for each in leased}
        states: Counter[str] = Counter()
        try:
            for outcome in self._outcomes(leased):
                delivery = left.pop(outcome.delivery_id)
                at = Moment(now=self.now, real_now=self.clock(), chance=self.chance())
                if state := with_db_retry(partial(record, delivery, outcome, at=at)):
                    states[state] += 1
                else:  # its reader was erased meanwhile: remove the copy just written
                    self.mailer.forget([outcome.delivery_id])
        except Exception:
            logger.exception("%s broke off with %d of %d unsent", self.mailer.name, len(left), len(leased))
        return states + self._abandon(list(left.values()))

    def _outcomes(self, leased: Sequence[Leased]) -> Iterator[Outcome]:
        by_id = {each.id: each for each in leased}
        deliveries = [each.delivery for each in leased]
        messages, unwritten = with_db_retry(partial(outgoing, deliveries, with_bytes=self.mailer.sends_bytes))
        yield from unwritten

        counted, begun = set[str](), set[str]()

        def allow(ids: Sequence[str]) -> frozenset[str]:
            new = [
                by_id[each] for each in ids if each not in counted
            ]  # a split request was counted as a whole
            later = self._later([each.delivery for each in new])
            held_back = [each for each in new if each.delivery.pk in later]
            counted.update(each.id for each in new if each.delivery.pk not in later)
            may_go = [by_id[each] for each in ids if by_id[each].delivery.pk not in later]
            with_db_retry(partial(release, held_back, until=later))
            allowed = with_db_retry(partial(self._begin, may_go, begun=begun))
            begun.update(allowed)
            return allowed

        yield from self.mailer.send(messages, begin=allow)

    def _later(self, deliveries: Sequence[Delivery]) -> dict[uuid.UUID, datetime]:
        """Return when those may go that must not begin now: past the deadline, or no room."""
        real_now = self.clock()
        if self.deadline is not None and real_now >= self.deadline:
            return {delivery.pk: real_now for delivery in deliveries}
        return self.rate_limit.take(deliveries, real_now=real_now)

    def _begin(self, leased: Sequence[Leased], *, begun: Collection[str]) -> frozenset[str]:
        return begin(
            leased,
            lease=self.mailer.lease,
            now=self.now,
            real_now=self.clock(),
            rate_limit=self.rate_limit,
            counted=begun,
        )

    def _abandon(self, deliveries: Sequence[Delivery]) -> Counter[str]:
        """End the leases of what got no answer, with a wait: the failure may repeat."""
        states: Counter[str] = Counter()
        for delivery in deliveries:
            delay = retry_delay(delivery.attempt, chance=self.chance())
            ours = Delivery.objects.filter(pk=delivery.pk, fence=delivery.fence)
            states += with_db_retry(partial(lapse, ours, real_now=self.clock(), delay=delay))
        return states
