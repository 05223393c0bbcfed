"""Send: hand over what is due, a batch at a time, until nothing can be leased.

The order within a batch is what keeps the promises: claim and commit, write the messages, commit that a body
begins, send, record the answer. No lock is held while sending. Lost workers and lost answers are left to
``reconcile``.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import SystemRandom
from uuid import UUID

from django.utils import timezone

from newsletter.adapters.infra.send_journal import Group, JournalError, SendJournal
from newsletter.adapters.ports import Bodies, Mailer, Outcome, Verdict
from newsletter.core.delivery.retry_policy import retry_delay
from newsletter.core.delivery.send_journal import Answer, Event
from newsletter.models import Delivery
from newsletter.models.delivery import LEASED
from newsletter.pipeline.compose.message import outgoing
from newsletter.pipeline.db_retry import AWAY, together_or_apart, with_db_retry
from newsletter.pipeline.send.bodies import MOST, VALID_SECONDS, GroupedBodies, boot_seconds
from newsletter.pipeline.send.claim import Batch, Leased, is_due, lease_batch, make_due
from newsletter.pipeline.send.lost import lapse
from newsletter.pipeline.send.outcomes import Answered, Moment, record
from newsletter.pipeline.send.pause import pause_reason
from newsletter.pipeline.send.rate_limit import UNLIMITED, RateLimit, Turn

logger = logging.getLogger(__name__)


_chance = SystemRandom().random
SHORTEST_NAP, LONGEST_NAP = 0.02, 1.0
"""Seconds between two looks at a full rate window."""
JOURNAL_WAIT = timedelta(minutes=1)
"""Until what the journal had no space for is tried again."""


@dataclass(slots=True)
class DeliveryReport:
    states: Counter[str] = field(default_factory=Counter)
    """How many deliveries left this call in which state; one that was tried twice counts twice."""
    paused: str | None = None
    """Why the transport is paused, if it is."""
    held: str = ""
    """Why nothing more begins for now although mails are due: the day is used up, or the disk is full."""
    is_cut_short: bool = False
    """It came to its deadline or limit: more may be due."""

    @property
    def handled(self) -> int:
        return self.states.total()


def send_due(
    *,
    mailer: Mailer,
    journal: SendJournal,
    now: datetime,
    owner: str,
    transactional: bool = False,
    limit: int | None = None,
    deadline: datetime | None = None,
    rate_limit: RateLimit | None = None,
    clock: Callable[[], datetime] = timezone.now,
    seconds: Callable[[], float] = boot_seconds,
    sleep: Callable[[float], None] = time.sleep,
    chance: Callable[[], float] = _chance,
) -> DeliveryReport:
    """Send what is due, or only transactional mail, until nothing can be leased.

    1. Wait while the rate has no room; stop when nothing is due or the day is used up.
    2. Lease a batch, send it, and record the answers in groups.
    3. Repeat until ``deadline`` or ``limit``.

    ``now`` is recorded and compared with readers' pauses; ``clock`` is real time, for leases and waits;
    ``seconds`` measures how long a begin is valid. After ``deadline`` (real time) no batch is leased and no
    body begins; beyond ``limit`` deliveries no batch is leased. Any number of workers may run it, each under
    its own ``owner`` and with its own journal.
    """
    report, started = DeliveryReport(), clock()
    rate_limit = rate_limit or RateLimit(mailer.name)
    sending = _Sending(
        mailer=mailer,
        journal=journal,
        owner=owner,
        rate_limit=rate_limit,
        now=now,
        deadline=deadline,
        clock=clock,
        seconds=seconds,
        chance=chance,
        transactional=transactional,
    )
    make_due(real_now=clock())
    try:
        while (deadline is None or clock() < deadline) and (limit is None or report.handled < limit):
            turn = rate_limit.turn(transactional=transactional, real_now=clock())
            if turn.room == 0 and not turn.held and is_due(transactional=transactional, real_now=clock()):
                sleep(_nap(turn))
                continue
            left = limit - report.handled if limit is not None else UNLIMITED
            dated_at = now + (clock() - started)  # this call may last for hours
            batch = with_db_retry(partial(sending.lease, turn, most=left, dated_at=dated_at))
            if not batch:
                report.held = turn.held
                break
            report.states += batch.ended
            if batch.group is not None:
                sending.send(batch.leased, group=batch.group, states=report.states)
        else:
            report.is_cut_short = True
    except JournalError as error:
        logger.warning("%s", error)
        report.held = str(error)
    report.paused = pause_reason(mailer.name)
    return report


def _nap(turn: Turn) -> float:
    """Return the seconds until there may be room; others use the rate too, so look again soon."""
    return min(max(turn.wait.total_seconds(), SHORTEST_NAP), LONGEST_NAP)


@dataclass(slots=True, kw_only=True)
class _Sending:
    """Sends leased batches by one mailer."""

    mailer: Mailer
    journal: SendJournal
    owner: str
    rate_limit: RateLimit
    now: datetime
    deadline: datetime | None
    clock: Callable[[], datetime]
    seconds: Callable[[], float]
    chance: Callable[[], float]
    transactional: bool
    _holds_nothing: bool = False
    """Whether this owner certainly has no lease: a task may have broken off, a lease may have been committed
    although its answer was lost."""
    _answers: dict[UUID, Answered] = field(default_factory=dict)
    """In the journal, and still to be recorded."""
    _oldest: float = 0.0
    """When the first of them came, by ``seconds``."""

    def lease(self, turn: Turn, *, most: int, dated_at: datetime) -> Batch:
        """Lease a batch of at most ``most``, once what this owner may still hold is ended."""
        if not self._holds_nothing:
            self._give_up()
        self._holds_nothing = False
        batch = lease_batch(
            mailer_name=self.mailer.name,
            lease=self.mailer.lease,
            limit=min(self.mailer.batch_size, most),
            shared_limit=min(self.mailer.shared_batch_size, most),
            owner=self.owner,
            now=self.now,
            real_now=self.clock(),
            turn=turn,
            journal=self.journal,
            transactional=self.transactional,
            dated_at=dated_at,
        )
        self._holds_nothing = not batch.leased
        return batch

    def send(self, leased: Sequence[Leased], *, group: Group, states: Counter[str]) -> None:
        """Send a batch and record its answers in groups; count how many ended in which state.

        Raises JournalError, with nothing of the batch left open. If the database stays away its error is
        raised: the journal has the answers, and whoever sends next in this process records them.
        """
        left = {each.id: each for each in leased}
        bodies = self._bodies(left, group=group)
        full: JournalError | None = None
        try:
            for outcome in self._outcomes(leased, bodies=bodies):
                self._take(left.pop(outcome.delivery_id).delivery, outcome, group=group)
                if len(self._answers) >= MOST or self.seconds() - self._oldest >= VALID_SECONDS:
                    self._record(states)
        except JournalError as error:
            full = error
        except AWAY:
            raise
        except Exception:
            logger.exception("%s broke off with %d of %d unsent", self.mailer.name, len(left), len(leased))
        self._record(states)
        if full is not None:
            states.update(with_db_retry(partial(self._give_up, delay=JOURNAL_WAIT, given_back=1)))
            raise full
        if left or self._answers:
            # With a wait: the failure may repeat.
            delay = retry_delay(leased[0].delivery.attempt, chance=self.chance())
            states.update(with_db_retry(partial(self._give_up, delay=delay)))
        self._holds_nothing = True

    def _bodies(self, leased: Mapping[str, Leased], *, group: Group) -> GroupedBodies:
        return GroupedBodies(
            leased=leased,
            group=group,
            lease=self.mailer.lease,
            rate_limit=self.rate_limit,
            now=self.now,
            deadline=self.deadline,
            clock=self.clock,
            seconds=self.seconds,
        )

    def _give_up(self, *, delay: timedelta = timedelta(), given_back: int = 0) -> Counter[str]:
        """End every lease of this owner, who is sending nothing now."""
        self._answers.clear()
        return lapse(
            Delivery.objects.filter(LEASED, lease_owner=self.owner),
            journal=self.journal,
            at=self._moment(),
            is_of_here=True,
            delay=delay,
            given_back=given_back,
        )

    def _outcomes(self, leased: Sequence[Leased], *, bodies: Bodies) -> Iterator[Outcome]:
        deliveries = [each.delivery for each in leased]
        messages, unwritten = with_db_retry(partial(outgoing, deliveries, with_bytes=self.mailer.sends_bytes))
        yield from unwritten
        yield from self.mailer.send(messages, bodies=bodies)

    def _take(self, delivery: Delivery, outcome: Outcome, *, group: Group) -> None:
        """Write an answer into the journal; it will be recorded with others."""
        if not self._answers:
            self._oldest = self.seconds()
        self._answers[delivery.pk] = Answered(delivery, outcome, self._moment())
        if outcome.verdict is not Verdict.NOT_BEGUN:
            answer = Answer(
                verdict=outcome.verdict,
                code=outcome.code,
                provider_id=outcome.provider_id,
                retry_after=outcome.retry_after,
            )
            group.write(Event.ANSWER, [outcome.delivery_id], answer=answer)

    def _record(self, states: Counter[str]) -> None:
        """Record the answers; one on which that breaks stays, and harms none of the others."""

        def step(deliveries: Sequence[Delivery]) -> list[Delivery]:
            found = with_db_retry(partial(record, [self._answers[delivery.pk] for delivery in deliveries]))
            states.update(found.values())
            # A reader was erased meanwhile: remove the copy just written.
            self.mailer.forget([str(delivery.pk) for delivery in deliveries if delivery.pk not in found])
            for delivery in deliveries:
                del self._answers[delivery.pk]
            return []

        if self._answers:
            together_or_apart(
                [each.delivery for each in self._answers.values()], step, done="recorded", most=None
            )

    def _moment(self) -> Moment:
        return Moment(now=self.now, real_now=self.clock(), chance=self.chance())
