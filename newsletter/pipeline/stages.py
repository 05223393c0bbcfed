"""The stages in the order of the flow: one list for a pass in one process and for the workers.

A stage is a function of its ``Work``. A pass does one after the other; a worker does one when its task is
woken. They differ in the clock, in who wakes what, and in how long they may take: all of that stands in
``Work``. Each stage is idempotent and safe to race.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from newsletter.pipeline.compose.compose import ComposeReport, compose_planned
from newsletter.pipeline.context import Context
from newsletter.pipeline.db_retry import with_db_retry
from newsletter.pipeline.feedback.provider_events import apply_events
from newsletter.pipeline.feedback.reconcile import ReconcileReport
from newsletter.pipeline.feedback.reconcile import reconcile as _reconcile
from newsletter.pipeline.gather import GatherReport, gather_papers
from newsletter.pipeline.lease import boot_id, dead_owners
from newsletter.pipeline.match import match_papers
from newsletter.pipeline.revisions import ask_revisions
from newsletter.pipeline.schedule import plan_ahead, plan_due
from newsletter.pipeline.select.profiles import carry_over
from newsletter.pipeline.select.select import select_planned
from newsletter.pipeline.select.snapshots import renew_snapshot
from newsletter.pipeline.send.send import DeliveryReport, send_due
from newsletter.pipeline.summarize.generate import READING_PATIENCE, SummariseReport, write_summaries
from newsletter.pipeline.summarize.store import open_requests
from newsletter.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What one call of a stage works with, and how far it goes; by default one pass of all that is due."""

    context: Context
    now: datetime
    """The clock that is recorded, planned and compared by; leases and waits are in real time."""
    is_worker: bool = False
    """Others go on with what is left: wait for what may still come, spread what is sent, plan ahead."""
    deadline: datetime | None = None
    """Real time: begin nothing more after it."""
    transactional: bool | None = None
    """Only what a person is waiting for, or only what nobody is; None: all."""
    after: UUID | None = None
    """Go on after this digest, where an earlier call stopped."""
    is_refreshing: bool = True
    """Bring every stored selection up to date, not only make those that are missing."""
    progress: Progress = field(default_factory=Progress)
    part_done: Callable[[], None] = lambda: None
    """Called whenever planning or composing has stored a part: the next stage can begin with that."""

    @property
    def lookback(self) -> timedelta:
        return timedelta(days=self.context.config.arxiv_lookback_days)


def gather(work: Work) -> GatherReport:
    work.progress.stage("asking arXiv")
    report = gather_papers(work.context.source, now=work.now, lookback=work.lookback)
    renew_snapshot(now=work.now)
    if not (work.is_worker or report.failed):  # workers have a task for it
        ask_revisions(work.context.finder, now=work.now)
    return report


def events(work: Work) -> int:
    """Apply what providers have reported."""
    return apply_events(now=work.now, deadline=work.deadline)


def match(work: Work) -> int:
    work.progress.stage("matching papers to topics")
    return match_papers(now=work.now, lookback=work.lookback)


def reconcile(work: Work) -> ReconcileReport:
    """End the leases of processes that are gone, and find out about lost answers."""
    return _reconcile(
        mailer=work.context.mailer,
        journal=work.context.journal,
        real_now=timezone.now(),
        now=work.now,
        dead_owners=dead_owners(),
    )


def schedule(work: Work) -> int:
    """Plan what is due, and where workers will go on with it what is due in the coming hours."""
    work.progress.stage("planning digests")
    planned = with_db_retry(lambda: plan_due(now=work.now, part_done=work.part_done))
    return planned + (with_db_retry(lambda: plan_ahead(now=work.now)) if work.is_worker else 0)


def select(work: Work) -> int:
    """Store what planned digests offer, and ask for their summaries."""
    selected = with_db_retry(
        lambda: select_planned(now=work.now, is_refreshing=work.is_refreshing, deadline=work.deadline)
    )
    with_db_retry(lambda: carry_over(now=work.now))
    return selected


def summarize(work: Work) -> SummariseReport:
    """Write the summaries that planned digests show, the soonest needed first."""
    summariser = work.context.summariser
    wanted = open_requests(now=work.now, summariser=summariser, transactional=work.transactional)
    work.progress.stage("summarising", total=len(wanted))
    return write_summaries(
        wanted,
        summariser=summariser,
        now=work.now,
        full_text=work.context.full_text_for,
        patience=READING_PATIENCE if work.is_worker else timedelta(0),
        on_paper=work.progress.step,
        deadline=work.deadline,
    )


def compose(work: Work) -> ComposeReport:
    work.progress.stage("composing")
    return with_db_retry(
        lambda: compose_planned(
            now=work.now,
            summariser=work.context.summariser,
            renderer_for=work.context.renderer,
            is_patient=work.is_worker,
            is_spread=work.is_worker,
            transactional=bool(work.transactional),
            after=work.after,
            deadline=work.deadline,
            part_done=work.part_done,
        )
    )


def send(work: Work) -> DeliveryReport:
    return send_due(
        mailer=work.context.mailer,
        journal=work.context.journal,
        rate_limit=work.context.rate_limit,
        now=work.now,
        owner=boot_id(),
        transactional=bool(work.transactional),
        deadline=work.deadline,
    )


STAGES: tuple[Callable[[Work], Any], ...] = (
    gather,
    events,
    match,
    reconcile,
    schedule,
    select,
    summarize,
    compose,
    send,
)
