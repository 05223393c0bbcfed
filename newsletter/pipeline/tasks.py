"""The stages as workers run them: on the real clock, waking the next stage, each idempotent and safe to race.

Whatever a lost message leaves undone, ``tick`` finds in the database a minute later.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from functools import lru_cache, partial
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from newsletter.adapters.infra.broker import Queue, publish_prefetch, wake
from newsletter.core.arxiv.announcements import Ask, what_to_ask
from newsletter.core.summaries.summary import Voice
from newsletter.core.summaries.wanted import Wanted
from newsletter.models import Delivery, GatherRun, Paper, Topic
from newsletter.models.delivery import TRANSACTIONAL, Kind, State
from newsletter.pipeline.compose.compose import compose_planned, missing_summaries
from newsletter.pipeline.context import Context
from newsletter.pipeline.db_retry import with_db_retry
from newsletter.pipeline.feedback.provider_events import apply_events, has_unapplied
from newsletter.pipeline.feedback.reconcile import reconcile
from newsletter.pipeline.gather import gather_papers, has_newer_papers
from newsletter.pipeline.gather_history import recent_tries
from newsletter.pipeline.lease import boot_id, dead_owners
from newsletter.pipeline.match import match_papers
from newsletter.pipeline.schedule import plan_due
from newsletter.pipeline.send.send import send_due
from newsletter.pipeline.summarize.figures import remove_figures
from newsletter.pipeline.summarize.full_text import forget_texts
from newsletter.pipeline.summarize.generate import READING_PATIENCE, write_summaries
from newsletter.pipeline.summarize.prefetch import upcoming_summaries

log = logging.getLogger(__name__)

TURN = timedelta(seconds=20)
"""A task that could go on for long hands over then: whatever else is due gets a process in turn."""
SUMMARISE_TIME = timedelta(seconds=90)
"""No paper is begun later in a task; a call may take 130 s (``model_calls``: PATIENCE, REQUEST_SECONDS)."""


@lru_cache(maxsize=1)
def context() -> Context:
    """This process's adapters: a mailer keeps its connection from task to task."""
    return Context(settings.CONFIG)


def gather_if_due() -> None:
    """Ask arXiv one hour after an announcement, then look hourly until about as much came as usually does."""
    now = timezone.now()
    is_held_off = GatherRun.objects.filter(retry_at__gt=now, from_file=False).exists()
    if is_held_off or not Topic.objects.filter(is_active=True).exists():
        return
    ask = what_to_ask(now, tries=recent_tries(now))
    if ask is Ask.WHOLE or (
        ask is Ask.NEWEST and has_newer_papers(context().source, now=now, lookback=_lookback())
    ):
        gather()


def gather() -> None:
    now = timezone.now()
    report = gather_papers(context().source, now=now, lookback=_lookback())
    log.info("gathered %d papers, %d new, %d queries failed", report.seen, report.new, report.failed)
    match()


def match() -> None:
    made = match_papers(now=timezone.now(), lookback=_lookback())
    if made:
        log.info("matched %d papers to topics", made)


def tick() -> None:
    """Plan what is due and wake every stage that has something to do."""
    now = timezone.now()
    settle()
    forget_texts(real_now=now)
    _match_if_needed()
    planned = with_db_retry(partial(plan_due, now=now))
    if planned:
        log.info("planned %d digests", planned)
    waiting = Delivery.objects.filter(kind=Kind.DIGEST, state=State.PLANNED)
    if waiting.exists():
        wake(Queue.SUMMARIZE)
        wake(Queue.COMPOSE)
    if has_unapplied():
        wake(Queue.EVENTS)
    _wake_senders()


def summarize() -> None:
    """Write the summaries that planned digests want, awaited ones first, then have the digests composed."""
    _match_if_needed()
    deadline = timezone.now() + SUMMARISE_TIME
    for transactional in (True, False):
        wanted = missing_summaries(
            now=timezone.now(), summariser=context().summariser, transactional=transactional
        )
        if _write(wanted, deadline=deadline):
            wake(Queue.SUMMARIZE)
        wake(Queue.TRANSACTIONAL if transactional else Queue.COMPOSE)


def prefetch() -> None:
    """Write the summaries that digests of the coming hours will want, after those that are wanted now."""
    now, summariser = timezone.now(), context().summariser
    if summariser.voice is Voice.AUTHORS:
        return
    wanted = missing_summaries(now=now, summariser=summariser)
    wanted += upcoming_summaries(now=now, summariser=summariser)
    if _write(wanted, deadline=now + SUMMARISE_TIME):
        publish_prefetch()


def _write(wanted: list[Wanted], *, deadline: datetime) -> bool:
    """Write what this task has time for; say whether another should go on at once."""
    if not wanted:
        return False
    report = write_summaries(
        wanted,
        summariser=context().summariser,
        now=timezone.now(),
        full_text=context().full_text_for,
        patience=READING_PATIENCE,
        deadline=deadline,
    )
    done = report.model + report.failed
    log.info("summarised %d papers, %d of them not usable, %d left", done, report.failed, report.left)
    return bool(report.left and done)


def compose(*, after: str = "") -> None:
    """Compose what is planned, from the digest of this id on where an earlier task stopped."""
    _compose(transactional=False, after=after)
    _wake_senders()


def send() -> None:
    _send(transactional=False)


def transactional(*, after: str = "") -> None:
    """Do what a person is waiting for: notices, first digests, digests asked for now."""
    _match_if_needed()
    _compose(transactional=True, after=after)
    _send(transactional=True)


def events() -> None:
    """Apply what providers have reported; what is left after the task's time is another task's."""
    now = timezone.now()
    applied = apply_events(now=now, deadline=now + TURN)
    if applied:
        log.info("applied %d events", applied)
        if has_unapplied():
            wake(Queue.EVENTS)


def retry() -> None:
    """Settle what a dead worker left, and wake the deliverers of whatever has fallen due again."""
    settle()
    _wake_senders()


def settle() -> None:
    """End the leases of processes that are gone, and find out about lost answers."""
    now = timezone.now()
    report = reconcile(mailer=context().mailer, real_now=now, now=now, dead_owners=dead_owners())
    if report.lapsed or report.settled:
        log.warning("taken from lost workers: %s; settled: %s", dict(report.lapsed), dict(report.settled))


def forget_figures() -> None:
    """Remove the figures that may be shown no longer: the setting, a licence, a withdrawal."""
    removed = remove_figures()
    if removed:
        log.info("removed %d figures", removed)


def _match_if_needed() -> None:
    if (
        Paper.objects.filter(matched_at=None).exists()
        or Topic.objects.filter(is_active=True, looks_back=True).exists()
    ):
        match()


def _compose(*, transactional: bool, after: str) -> None:
    deadline = timezone.now() + TURN
    report = with_db_retry(
        lambda: compose_planned(
            now=timezone.now(),
            summariser=context().summariser,
            renderer_for=context().renderer,
            is_patient=True,
            is_spread=True,
            transactional=transactional,
            after=UUID(after) if after else None,
            deadline=deadline,
        )
    )
    if report.stopped_after:
        wake(Queue.TRANSACTIONAL if transactional else Queue.COMPOSE, after=report.stopped_after)
    if report.composed or report.skipped:
        log.info("composed %d digests, skipped %d", report.composed, report.skipped)


def _send(*, transactional: bool) -> None:
    """Hand over what is due; what is left after the task's time is taken up by another task."""
    settle()  # only here are this machine's dead workers known
    now = timezone.now()
    report = send_due(
        mailer=context().mailer,
        rate_limit=context().rate_limit,
        now=now,
        owner=boot_id(),
        transactional=transactional,
        deadline=now + TURN,
    )
    if report.states:
        log.info("delivered: %s", dict(report.states))
    if report.states[State.PLANNED]:  # a topic was left meanwhile
        wake(Queue.TRANSACTIONAL if transactional else Queue.COMPOSE)
    if not (report.paused or report.held):  # the next look is at most five seconds away
        _wake_senders()


def _wake_senders() -> None:
    due = Delivery.objects.due(real_now=timezone.now())
    for those, queue in (
        (due.filter(TRANSACTIONAL), Queue.TRANSACTIONAL),
        (due.exclude(TRANSACTIONAL), Queue.SEND),
    ):
        if those.exists():
            wake(queue)


def _lookback() -> timedelta:
    return timedelta(days=settings.CONFIG.arxiv_lookback_days)
