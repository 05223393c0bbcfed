"""Run by the tick: end expired leases, and settle ambiguous deliveries once there is evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Min

from newsletter.adapters.infra.send_journal import SendJournal
from newsletter.adapters.ports import Mailer, Outcome, Verdict
from newsletter.models import Delivery
from newsletter.models.delivery import LEASABLE, State
from newsletter.pipeline.feedback.provider_events import EVIDENCE, apply_events
from newsletter.pipeline.send.claim import make_due
from newsletter.pipeline.send.lost import end_leases, expire_leases, remove_journals
from newsletter.pipeline.send.outcomes import Answered, Moment, record

CHUNK = 200


@dataclass(slots=True)
class ReconcileReport:
    """How many deliveries went to which state."""

    lapsed: Counter[str] = field(default_factory=Counter)
    """Taken from workers that are dead or too slow."""
    settled: Counter[str] = field(default_factory=Counter)
    """Formerly ambiguous: accepted, to be retried, or left AMBIGUOUS for good."""


def reconcile(
    *,
    mailer: Mailer,
    journal: SendJournal,
    real_now: datetime,
    now: datetime,
    dead_owners: Collection[str] = (),
) -> ReconcileReport:
    """End leases that have run out, and those of ``dead_owners``; settle what there is evidence for.

    Provider events are applied first: they are the evidence.

    Without evidence a digest is not sent again: after 30 minutes it stays AMBIGUOUS, and its papers, never
    marked as seen, are offered in the next slot.
    """
    apply_events(now=now, which=EVIDENCE)
    at = Moment(now=now, real_now=real_now)
    report = ReconcileReport(lapsed=expire_leases(journal=journal, at=at))
    if dead_owners:
        report.lapsed += end_leases(dead_owners, journal=journal, at=at)
    make_due(real_now=real_now)
    for delivery in _unsettled():
        if state := _settle(delivery, mailer=mailer, at=at):
            report.settled[state] += 1
    remove_journals(journal, real_now=real_now)
    return report


def next_attempt_at() -> datetime | None:
    """Return when the next delivery can be leased (real time), or None when none waits."""
    waiting = Delivery.objects.filter(state__in=LEASABLE)
    earliest: datetime | None = waiting.aggregate(earliest=Min("next_attempt_at"))["earliest"]
    return earliest


def _unsettled() -> Iterator[Delivery]:
    """Yield every delivery that waits for evidence, in chunks: settling one removes it from the query."""
    waiting = Delivery.objects.filter(state=State.AMBIGUOUS, next_attempt_at__isnull=False).order_by("pk")
    last = None
    while chunk := list((waiting.filter(pk__gt=last) if last else waiting)[:CHUNK]):
        yield from chunk
        last = chunk[-1].pk


def _settle(delivery: Delivery, *, mailer: Mailer, at: Moment) -> str:
    """Record the evidence about one; return its new state, or "" while it stays open."""
    known = mailer.evidence(str(delivery.pk)) if delivery.transport == mailer.name else None
    if known is None:
        return _give_up(delivery, at=at)
    if known:
        outcome = Outcome(
            delivery_id=str(delivery.pk), verdict=Verdict.ACCEPTED, detail="evidence of acceptance"
        )
        return record([Answered(delivery, outcome, at)]).get(delivery.pk, "")
    absent = Delivery.objects.filter(pk=delivery.pk, fence=delivery.fence, state=State.AMBIGUOUS)
    moved = absent.update(state=State.RETRY_WAIT, next_attempt_at=at.real_now, body_begun_at=None)
    return State.RETRY_WAIT.value if moved else ""


def _give_up(delivery: Delivery, *, at: Moment) -> str:
    if delivery.next_attempt_at is None or delivery.next_attempt_at > at.real_now:
        return ""
    still = Delivery.objects.filter(pk=delivery.pk, fence=delivery.fence, state=State.AMBIGUOUS)
    still.update(next_attempt_at=None, outcome_at=at.now)
    return State.AMBIGUOUS.value
