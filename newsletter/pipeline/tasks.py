"""The stages as workers do them: on the real clock, for a turn at a time, waking the next one.

Whatever a lost message leaves undone, ``tick`` finds in the database a minute later.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import lru_cache, partial
from itertools import count
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from newsletter.adapters.infra.broker import Queue, wake
from newsletter.core.arxiv.announcements import Ask
from newsletter.core.summaries.summary import Voice
from newsletter.models import Delivery, Paper, SummaryRequest, Topic
from newsletter.models.delivery import TRANSACTIONAL, State
from newsletter.pipeline import stages
from newsletter.pipeline.context import Context
from newsletter.pipeline.feedback.provider_events import has_unapplied
from newsletter.pipeline.gather import has_newer_papers
from newsletter.pipeline.gather_history import ask_at
from newsletter.pipeline.revisions import ask_revisions as _ask_revisions
from newsletter.pipeline.search_index import keep_up_quietly
from newsletter.pipeline.stages import Work
from newsletter.pipeline.summarize.figures import remove_figures
from newsletter.pipeline.summarize.full_text import forget_texts
from newsletter.pipeline.weeks import count_trends, freeze_weeks

log = logging.getLogger(__name__)

TURN = timedelta(seconds=20)
"""A task that could go on for long hands over then: whatever else is due gets a process in turn."""
TURNS_A_DAY = 24
SUMMARISE_TIME = timedelta(seconds=90)
"""No paper is begun later in a task; a call may take 130 s (``model_calls``: PATIENCE, REQUEST_SECONDS)."""


@lru_cache(maxsize=1)
def context() -> Context:
    """This process's adapters: a mailer keeps its connection from task to task."""
    return Context(settings.CONFIG)


def gather_if_due() -> None:
    """Ask arXiv one hour after an announcement, then look hourly until about as much came as usually does."""
    now, task = timezone.now(), work()
    ask = ask_at(now)
    if ask is Ask.WHOLE or (
        ask is Ask.NEWEST and has_newer_papers(task.context.source, now=now, lookback=task.lookback)
    ):
        gather()


def ask_revisions() -> None:
    """Ask arXiv for an hour's part of what is due of the papers that were read."""
    updated = _ask_revisions(context().finder, now=timezone.now(), turns=TURNS_A_DAY)
    if updated:
        log.info("updated %d papers that were read", updated)
        keep_up_quietly(context().index_keeper, is_made=False)


def work(**given: Any) -> Work:
    """Return the work of one task: on the real clock, for one turn."""
    now = timezone.now()
    return Work(context=context(), now=now, is_worker=True, **{"deadline": now + TURN} | given)


def gather() -> None:
    report = stages.gather(work())
    log.info("gathered %d papers, %d new, %d queries failed", report.seen, report.new, report.failed)
    match()


def match() -> None:
    made = stages.match(work())
    if made:
        log.info("matched %d papers to topics", made)
        stages.select(work())


def tick() -> None:
    """Plan what is due and wake every stage that has something to do."""
    reconcile()
    forget_texts(real_now=timezone.now())
    _match_if_needed()
    task = work(part_done=_sparsely(partial(wake, Queue.COMPOSE)))
    planned = stages.schedule(task)
    if planned:
        log.info("planned %d digests", planned)
    if Delivery.objects.to_compose(now=task.now).exists():
        wake(Queue.COMPOSE)
    if context().summariser.voice is Voice.MODEL and SummaryRequest.objects.exists():
        wake(Queue.SUMMARIZE)
    if has_unapplied():
        wake(Queue.EVENTS)
    _wake_senders()
    # Last, because it may take a while. What needs refreshing is so at its slot, or when papers come.
    stages.select(work(is_refreshing=False))


def summarize() -> None:
    """Write the summaries that planned digests want, awaited ones first, then have the digests composed."""
    _match_if_needed()
    stages.select(work(is_refreshing=False))  # what was planned a moment ago has asked for nothing yet
    deadline = timezone.now() + SUMMARISE_TIME
    for is_transactional, queue in ((True, Queue.TRANSACTIONAL), (False, Queue.COMPOSE)):
        report = stages.summarize(work(transactional=is_transactional, deadline=deadline))
        done = report.model + report.failed
        if done:
            log.info("summarised %d papers, %d of them not usable, %d left", done, report.failed, report.left)
        if done and report.left:
            wake(Queue.SUMMARIZE)
        wake(queue)


def compose(*, after: str = "") -> None:
    """Compose what is planned, from the digest of this id on where an earlier task stopped."""
    _compose(transactional=False, after=after)


def send() -> None:
    _send(transactional=False)


def transactional(*, after: str = "") -> None:
    """Do what a person is waiting for: transactional mails, first digests, digests asked for now."""
    _match_if_needed()
    _compose(transactional=True, after=after)
    _send(transactional=True)


def events() -> None:
    """Apply what providers have reported; what is left after the task's time is another task's."""
    applied = stages.events(work())
    if applied:
        log.info("applied %d events", applied)
        if has_unapplied():
            wake(Queue.EVENTS)


def retry() -> None:
    """Settle what a dead worker left, and wake the deliverers of whatever has fallen due again."""
    reconcile()
    _wake_senders()


def reconcile() -> None:
    report = stages.reconcile(work())
    if report.lapsed or report.settled:
        log.warning("taken from lost workers: %s; settled: %s", dict(report.lapsed), dict(report.settled))


def forget_figures() -> None:
    """Remove the figures that may be shown no longer: the setting, a licence, a withdrawal."""
    removed = remove_figures()
    if removed:
        log.info("removed %d figures", removed)


def close_weeks() -> None:
    """Store the lists of weeks that are over, and count what rose in them."""
    frozen = freeze_weeks(now=timezone.now())
    if frozen:
        log.info("stored %d weeks of topics", frozen)
    count_trends()


def _match_if_needed() -> None:
    if (
        Paper.objects.filter(matched_at=None).exists()
        or Topic.objects.filter(is_active=True, looks_back=True).exists()
    ):
        match()


def _compose(*, transactional: bool, after: str) -> None:
    report = stages.compose(
        work(transactional=transactional, after=UUID(after) if after else None, part_done=_wake_senders)
    )
    if report.stopped_after:
        wake(Queue.TRANSACTIONAL if transactional else Queue.COMPOSE, after=report.stopped_after)
    if report.composed or report.skipped:
        log.info("composed %d digests, skipped %d", report.composed, report.skipped)


def _send(*, transactional: bool) -> None:
    """Hand over what is due; what is left after the task's time is taken up by another task."""
    reconcile()  # only here are this machine's dead workers known
    report = stages.send(work(transactional=transactional))
    if report.states:
        log.info("delivered: %s", dict(report.states))
    if report.states[State.PLANNED]:  # a topic was left meanwhile
        wake(Queue.TRANSACTIONAL if transactional else Queue.COMPOSE)
    # What falls due a moment later waits for the next look, five seconds at most: a task a mail costs much.
    if report.is_cut_short and not report.paused:
        _wake_senders()


def _sparsely(wake_next: Callable[[], None]) -> Callable[[], None]:
    """Return what wakes the first, second, fourth, eighth time it is called, and so on.

    Who was woken goes on with what is added meanwhile. A message for every part would stand in the queue
    before the next tick.
    """
    times = count(1)

    def called() -> None:
        if (time := next(times)) & (time - 1) == 0:
            wake_next()

    return called


def _wake_senders() -> None:
    due = Delivery.objects.due(real_now=timezone.now())
    for those, queue in (
        (due.filter(TRANSACTIONAL), Queue.TRANSACTIONAL),
        (due.exclude(TRANSACTIONAL), Queue.SEND),
    ):
        if those.exists():
            wake(queue)
