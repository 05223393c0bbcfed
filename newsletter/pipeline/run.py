"""One pass of everything that is due, in this process: what ``newsletter run`` does and the workers share out."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min
from django.utils import timezone

from newsletter.adapters.ports import Mailer, PaperSource, Summariser
from newsletter.config import Config
from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import State
from newsletter.models.subscriber import Status
from newsletter.pipeline.compose import RendererFor, compose_planned, missing_summaries
from newsletter.pipeline.deliver import deliver_due, sweep
from newsletter.pipeline.gather import GatherReport, gather_papers
from newsletter.pipeline.match import match_papers
from newsletter.pipeline.plan import plan_due
from newsletter.pipeline.summarise import SummariseReport, write_summaries

RETRY_SECONDS = 60
"""Retries within a command end after this (contract)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """The adapters a pass works with."""

    source: PaperSource
    summariser: Summariser
    mailer: Mailer
    renderer_for: RendererFor
    config: Config


@dataclass(slots=True)
class RunReport:
    now: datetime
    gathered: GatherReport = field(default_factory=GatherReport)
    matched: int = 0
    summarised: SummariseReport = field(default_factory=SummariseReport)
    composed: int = 0
    deliveries: dict[str, int] = field(default_factory=dict)
    """Final or present state → digests and notices this pass touched."""
    next_due_at: datetime | None = None

    @property
    def has_failed(self) -> bool:
        bad = (State.FAILED, State.AMBIGUOUS, State.QUARANTINED, State.RETRY_WAIT)
        return bool(self.gathered.failed) or any(self.deliveries.get(state) for state in bad)

    def as_json(self) -> dict[str, Any]:
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
    touched_since = timezone.now()
    plan_due(now=now)
    on_stage("summarising")
    wanted = missing_summaries(now=now, summariser=stages.summariser)
    report.summarised = write_summaries(wanted, summariser=stages.summariser, now=now)
    on_stage("composing")
    composed = compose_planned(
        now=now, summariser=stages.summariser, renderer_for=stages.renderer_for, is_patient=False
    )
    report.composed = composed.composed
    report.summarised.extractive += composed.extracts
    on_stage("delivering")
    report.deliveries = _deliver(stages.mailer, now=now)
    if composed.skipped:
        report.deliveries[State.SKIPPED.value] = composed.skipped
    report.next_due_at = next_due_at()
    return report
