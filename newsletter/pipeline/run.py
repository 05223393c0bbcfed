"""One pass of everything that is due, in this process: what the workers otherwise share out."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Min
from django.utils import timezone

from newsletter.adapters.ports import Mailer
from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import State
from newsletter.models.subscriber import Status
from newsletter.pipeline.claims import boot_id
from newsletter.pipeline.compose import compose_planned, missing_summaries
from newsletter.pipeline.deliver import deliver_due, sweep
from newsletter.pipeline.gather import GatherReport, gather_papers
from newsletter.pipeline.match import match_papers
from newsletter.pipeline.plan import plan_due
from newsletter.pipeline.stages import Stages
from newsletter.pipeline.summarise import SummariseReport, write_summaries

RETRY_SECONDS = 60.0
"""Retries within a command end after this (contract)."""


@dataclass(slots=True)
class RunReport:
    now: datetime
    gathered: GatherReport = field(default_factory=GatherReport)
    matched: int = 0
    summarised: SummariseReport = field(default_factory=SummariseReport)
    composed: int = 0
    deliveries: dict[str, int] = field(default_factory=dict)
    """State at the end → how many messages this pass handled."""
    next_due_at: datetime | None = None

    @property
    def has_failed(self) -> bool:
        bad = (State.FAILED, State.AMBIGUOUS, State.QUARANTINED, State.RETRY_WAIT)
        return bool(self.gathered.failed) or any(self.deliveries.get(state.value) for state in bad)

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
    report.composed = composed.composed
    report.summarised.extractive += composed.extracts
    on_stage("delivering")
    report.deliveries = deliver_with_retries(stages.mailer, now=now)
    if composed.skipped:
        report.deliveries[State.SKIPPED.value] = composed.skipped
    report.next_due_at = next_due_at()
    return report


def deliver_with_retries(mailer: Mailer, *, now: datetime) -> dict[str, int]:
    """Deliver what is due, and again what was refused for now, for at most a minute."""
    deadline = time.monotonic() + RETRY_SECONDS
    states: dict[str, str] = {}
    sweep(mailer=mailer, real_now=timezone.now(), now=now)
    while True:
        report = deliver_due(mailer=mailer, now=now, owner=boot_id(), seconds=deadline - time.monotonic())
        states |= report.states
        pause = _until_next_attempt()
        if pause is None or time.monotonic() + pause > deadline:
            return dict(sorted(Counter(states.values()).items()))
        time.sleep(pause)


def _until_next_attempt() -> float | None:
    """Return the seconds until a refused message falls due again; None when there is none."""
    waiting = Delivery.objects.filter(state=State.RETRY_WAIT).aggregate(at=Min("next_attempt_at"))["at"]
    return max(0.05, (waiting - timezone.now()).total_seconds()) if waiting else None


def next_due_at() -> datetime | None:
    """Return when the next reader's digest falls due."""
    found: datetime | None = Subscriber.objects.filter(status=Status.ACTIVE).aggregate(
        at=Min("next_slot_at")
    )["at"]
    return found
