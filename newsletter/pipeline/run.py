"""One pass of everything that is due, in this process: what the workers otherwise share out."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Min
from django.utils import timezone

from newsletter.adapters.ports import Mailer
from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import CLAIMABLE, State
from newsletter.models.subscriber import Status
from newsletter.pipeline.compose import compose_planned, missing_summaries
from newsletter.pipeline.deliver import deliver_due
from newsletter.pipeline.gather import GatherReport, gather_papers
from newsletter.pipeline.leases import boot_id, dead_owners
from newsletter.pipeline.mailable import pause_reason
from newsletter.pipeline.match import match_papers
from newsletter.pipeline.plan import plan_due
from newsletter.pipeline.stages import Stages
from newsletter.pipeline.summarise import SummariseReport, write_summaries
from newsletter.pipeline.sweep import next_attempt_at, sweep

RETRY_TIME = timedelta(seconds=60)
"""Retries within a command end after this (contract)."""

CHUNK = 500


@dataclass(slots=True)
class RunReport:
    now: datetime
    gathered: GatherReport = field(default_factory=GatherReport)
    matched: int = 0
    summarised: SummariseReport = field(default_factory=SummariseReport)
    composed: int = 0
    deliveries: dict[str, int] = field(default_factory=dict)
    """State at the end → how many messages this pass handled."""
    uncomposed: int = 0
    """Digests that could not be composed; the log says why."""
    next_due_at: datetime | None = None

    @property
    def has_failed(self) -> bool:
        bad = (State.FAILED, State.AMBIGUOUS, State.QUARANTINED, State.RETRY_WAIT)
        return bool(self.gathered.failed or self.uncomposed) or any(
            self.deliveries.get(state.value) for state in bad
        )

    def as_json(self) -> dict[str, Any]:
        """Return the contract's ``run --json``."""
        gathered, summarised = self.gathered, self.summarised
        return {
            "now": self.now.isoformat(),
            "gathered": {
                "seen": gathered.seen,
                "new": gathered.new,
                "updated": gathered.updated,
                "failed": gathered.failed,
                "errors": gathered.errors,
            },
            "matched": self.matched,
            "summarised": {
                "model": summarised.model,
                "extractive": summarised.extractive,
                "withheld": summarised.withheld,
                "failed": summarised.failed,
            },
            "composed": self.composed,
            "deliveries": self.deliveries,
            "next_due_at": self.next_due_at.isoformat() if self.next_due_at else None,
        }


def run_once(
    stages: Stages, *, now: datetime, gather: bool, on_stage: Callable[[str], None] = lambda _: None
) -> RunReport:
    """Gather, match, plan, summarise, compose and deliver what is due at ``now``."""
    report = RunReport(now=now)
    lookback = timedelta(days=stages.config.arxiv_lookback_days)
    if gather:
        on_stage("asking arXiv")
        report.gathered = gather_papers(stages.source, now=now, lookback=lookback)
    on_stage("matching papers to topics")
    report.matched = match_papers(now=now, lookback=lookback)
    on_stage("planning digests")
    plan_due(now=now)
    on_stage("summarising")
    wanted = missing_summaries(now=now, summariser=stages.summariser)
    report.summarised = write_summaries(wanted, summariser=stages.summariser, now=now)
    on_stage("composing")
    composed = compose_planned(
        now=now, summariser=stages.summariser, renderer_for=stages.renderer, is_patient=False
    )
    report.composed, report.uncomposed = composed.composed, composed.failed
    report.summarised.extractive += composed.extracts
    on_stage("delivering")
    report.deliveries = deliver_with_retries(stages.mailer, now=now)
    if composed.skipped:
        report.deliveries[State.SKIPPED.value] = composed.skipped
    report.next_due_at = next_due_at()
    return report


def deliver_with_retries(mailer: Mailer, *, now: datetime) -> dict[str, int]:
    """Deliver what is due, and again what was refused for now, for at most a minute.

    Returns the state at the end → how many of the messages that were open at the beginning.
    """
    deadline = timezone.now() + RETRY_TIME
    sweep(mailer=mailer, real_now=timezone.now(), now=now, dead_owners=dead_owners())
    waiting = list(Delivery.objects.filter(state__in=CLAIMABLE).values_list("pk", flat=True))
    while True:
        deliver_due(mailer=mailer, now=now, owner=boot_id(), deadline=deadline)
        next_try = next_attempt_at()
        if next_try is None or next_try > deadline or pause_reason(mailer.name):
            return _states(waiting)
        time.sleep(max(0.05, (next_try - timezone.now()).total_seconds()))


def _states(deliveries: list[UUID]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for start in range(0, len(deliveries), CHUNK):
        rows = Delivery.objects.filter(pk__in=deliveries[start : start + CHUNK])
        counts.update(rows.values_list("state", flat=True))
    return dict(sorted(counts.items()))


def next_due_at() -> datetime | None:
    """Return when the next reader's digest falls due."""
    found: datetime | None = Subscriber.objects.filter(status=Status.ACTIVE).aggregate(
        at=Min("next_slot_at")
    )["at"]
    return found
