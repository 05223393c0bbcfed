"""One pass of everything that is due, in this process: what the workers otherwise share out."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Min
from django.utils import timezone

from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import LEASABLE, Kind, State
from newsletter.models.subscriber import Status
from newsletter.pipeline.context import Context
from newsletter.pipeline.feedback.reconcile import next_attempt_at
from newsletter.pipeline.gather import GatherReport
from newsletter.pipeline.monitor.alerts import check_health
from newsletter.pipeline.monitor.circuit_breaker import look_at_bounces
from newsletter.pipeline.send.pause import pause_reason
from newsletter.pipeline.stages import STAGES, Work, send
from newsletter.pipeline.summarize.figures import remove_figures
from newsletter.pipeline.summarize.full_text import forget_texts
from newsletter.pipeline.summarize.generate import SummariseReport
from newsletter.pipeline.weeks import count_trends
from newsletter.progress import SILENT, Progress

RETRY_TIME = timedelta(seconds=60)
"""Retries within a command end after this: somebody may be waiting for it to exit."""

NOT_ACCEPTED = {
    State.RETRY_WAIT.value: "not accepted yet, to be tried again in some minutes",
    State.FAILED.value: "refused for good",
    State.AMBIGUOUS.value: "may have arrived or not, and will not be sent again",
    State.QUARANTINED.value: "set aside after several broken attempts",
}
"""The states that make a pass a failed one, in words."""

MOST_PROBLEMS = 10
"""Lines; a provider that puts the recipient into its answers would give one a reader."""
CHUNK = 500


@dataclass(slots=True)
class RunReport:
    now: datetime
    gathered: GatherReport = field(default_factory=GatherReport)
    matched: int = 0
    summarised: SummariseReport = field(default_factory=SummariseReport)
    composed: int = 0
    deliveries: dict[str, int] = field(default_factory=dict)
    """State at the end → how many messages this pass handled, and digests that it skipped."""
    kinds: dict[tuple[str, str], int] = field(default_factory=dict)
    """The same by kind of mail and state: an alert to the operator is no reader's digest."""
    uncomposed: int = 0
    """Digests that could not be composed; the log says why, and the next pass tries again."""
    next_due_at: datetime | None = None
    problems: list[str] = field(default_factory=list)
    """One line for each way in which mail was not accepted."""
    paused: str | None = None
    """Why nothing is being sent, if so."""
    held: str = ""
    """Why some mails wait for another day, if they do."""

    @property
    def has_failed(self) -> bool:
        return bool(self.gathered.failed or self.uncomposed) or any(
            self.deliveries.get(state) for state in NOT_ACCEPTED
        )

    def as_json(self) -> dict[str, Any]:
        """Return what ``run --json`` prints: scripts rely on its keys."""
        summarised = self.summarised
        return {
            "now": self.now.isoformat(),
            "gathered": self.gathered.as_json(),
            "matched": self.matched,
            "summarised": {
                "model": summarised.model,
                "extractive": summarised.extractive,
                "withheld": summarised.withheld,
                "failed": summarised.failed,
            },
            "composed": self.composed,
            "uncomposed": self.uncomposed,
            "deliveries": self.deliveries,
            "problems": self.problems,
            "paused": self.paused,
            "held": self.held or None,
            "next_due_at": self.next_due_at.isoformat() if self.next_due_at else None,
        }


def run_once(context: Context, *, now: datetime, gather: bool, progress: Progress = SILENT) -> RunReport:
    """Gather, match, plan, summarise, compose and deliver what is due at ``now``, and watch how it went."""
    report = RunReport(now=now)
    work = Work(context=context, now=now, progress=progress)
    skipped = {"send"} if gather else {"send", "gather"}
    done = {stage.__name__: stage(work) for stage in STAGES if stage.__name__ not in skipped}
    report.gathered, report.matched = done.get("gather", report.gathered), done["match"]
    report.summarised, composed = done["summarize"], done["compose"]
    report.composed, report.uncomposed = composed.composed, composed.failed
    report.summarised.extractive += composed.extracts
    progress.stage("delivering")
    look_at_bounces(context.mailer.name, now=now)  # what was reported since the last pass
    # A pass waits in this process for what a worker would be woken for again.
    handled, report.held = send_with_retries(work)
    handled += _tell_operator(work)
    report.kinds = _kinds(handled)
    report.problems = _problems(handled)
    report.paused = pause_reason(context.mailer.name)
    if report.paused:
        report.held = ""  # one reason at a time: the pause goes first
    if composed.skipped:
        report.kinds[Kind.DIGEST.value, State.SKIPPED.value] = composed.skipped
    for (_, state), count in sorted(report.kinds.items(), key=lambda each: each[0][1]):
        report.deliveries[state] = report.deliveries.get(state, 0) + count
    report.next_due_at = next_due_at()
    forget_texts(real_now=timezone.now())
    remove_figures()
    count_trends()
    return report


def send_with_retries(work: Work) -> tuple[list[UUID], str]:
    """Deliver what is due, what somebody awaits first; then for at most a minute try again what was refused.

    A rate is waited for as long as it takes. Returns the messages that could be leased at the beginning, and
    why some of them wait for another day, if they do.
    """
    waiting = list(Delivery.objects.filter(state__in=LEASABLE).values_list("pk", flat=True))
    send(replace(work, transactional=True))
    report = send(work)
    deadline = timezone.now() + RETRY_TIME
    while not (report.paused or report.held):
        deadline = max(deadline, work.context.rate_limit.put_off_until() or deadline)
        next_try = next_attempt_at()
        if next_try is None or max(next_try, timezone.now()) > deadline:
            break
        time.sleep(max(0.05, (next_try - timezone.now()).total_seconds()))
        report = send(replace(work, deadline=deadline))
    return waiting, report.held


def _tell_operator(work: Work) -> list[UUID]:
    """Do what the workers' watch does each minute, and send its alerts; return those that were new."""
    waiting = Delivery.objects.filter(kind=Kind.ALERT, state__in=LEASABLE).values_list("pk", flat=True)
    before = set(waiting)
    check_health(now=work.now)
    new = [key for key in waiting.all() if key not in before]
    if new:
        send(replace(work, transactional=True))
    return new


def _kinds(deliveries: Sequence[UUID]) -> dict[tuple[str, str], int]:
    """Return (kind, state) → how many of these are in it now."""
    counts: Counter[tuple[str, str]] = Counter()
    for start in range(0, len(deliveries), CHUNK):
        rows = Delivery.objects.filter(pk__in=deliveries[start : start + CHUNK])
        counts.update(rows.values_list("kind", "state"))
    return dict(counts)


def _problems(deliveries: Sequence[UUID]) -> list[str]:
    """Return what the transport said of those it did not accept, equal answers as one line."""
    said: Counter[tuple[str, str]] = Counter()
    for start in range(0, len(deliveries), CHUNK):
        rows = Delivery.objects.filter(
            pk__in=deliveries[start : start + CHUNK], state__in=tuple(NOT_ACCEPTED)
        )
        for state, code, detail in rows.values_list("state", "last_code", "last_detail"):
            said[state, " ".join(f"{code} {detail}".split())] += 1
    return [
        f"{count} mail{'' if count == 1 else 's'} {NOT_ACCEPTED[state]}: {detail}"
        for (state, detail), count in said.most_common(MOST_PROBLEMS)
    ]


def next_due_at() -> datetime | None:
    """Return when the next reader's digest falls due."""
    found: datetime | None = Subscriber.objects.filter(status=Status.ACTIVE).aggregate(
        at=Min("next_slot_at")
    )["at"]
    return found
