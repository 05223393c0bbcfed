"""Compose: every planned digest composed, skipped, or left to wait for what may still come.

A digest is composed by one worker at a time, and its try is counted before it begins. So one that kills its
worker has used a try. It then goes with few others, then alone, and after five it is QUARANTINED. A try that
was neither fatal nor broken is given back. What a digest is made of is ``composer``'s.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from newsletter.adapters.ports import Summariser
from newsletter.core.delivery.retry_policy import FEW, MAX_ATTEMPTS
from newsletter.models import ArxivGate, Delivery, Paper, Subscription
from newsletter.models.delivery import LEASED, TRANSACTIONAL, State
from newsletter.models.set_based import update_each
from newsletter.pipeline.compose.composer import Composer, RendererFor
from newsletter.pipeline.compose.render import RenderedDigest
from newsletter.pipeline.db_retry import AWAY, RefusedError, together_or_apart
from newsletter.pipeline.gather_history import untried_since, waits_for_papers
from newsletter.pipeline.lease import boot_id
from newsletter.pipeline.select.select import Choice, select, without_unsettled
from newsletter.pipeline.summarize.generate import write_extracts

log = logging.getLogger(__name__)

FIRST_CHUNK, CHUNK, PAIRS = 50, 500, 5_000
"""Digests composed together: few at first, so that the first mails leave soon, then twice as many each time.
And subscriptions a statement: SQLite takes 32,766 parameters."""
LEASE = timedelta(minutes=5)
"""As long as a task may take at all; real time."""


@dataclass(slots=True)
class ComposeReport:
    composed: int = 0
    skipped: int = 0
    waiting: int = 0
    """Summaries are still to come."""
    failed: int = 0
    """Could not be composed; left as they were, and logged."""
    extracts: int = 0
    """Extractive summaries written on the way."""
    stopped_after: UUID | None = None
    """The time was up after this digest; another pass goes on from it."""


def compose_planned(
    *,
    now: datetime,
    summariser: Summariser,
    renderer_for: RendererFor,
    is_patient: bool,
    is_spread: bool = False,
    transactional: bool = False,
    after: UUID | None = None,
    deadline: datetime | None = None,
    part_done: Callable[[], None] = lambda: None,
) -> ComposeReport:
    """Compose every planned digest; a patient one waits for summaries that may still come.

    Where they are spread, each can be leased only after its reader's own delay, counted from the slot. After
    ``deadline`` (real time) no batch is begun; ``after`` is where such a pass stopped. ``part_done`` is
    called after each batch of which something was composed.
    """
    report = ComposeReport()
    composer = Composer(summariser=summariser, renderer_for=renderer_for, now=now, is_spread=is_spread)
    extracted: set[int] = set()

    def compose(rows: Sequence[Delivery]) -> list[Delivery]:
        choices = select(without_unsettled(rows), now=now)
        # Extracts are instant, so a digest never lacks at least those.
        shown = {want.paper_id for choice in choices for want in choice.wanted()}
        report.extracts += write_extracts(shown - extracted, now=now)
        extracted.update(shown)
        composer.load(choices)
        ready = _ready(choices, composer=composer) if is_patient else choices
        rendered, skipped, broken = _render(ready, composer=composer)
        report.composed += composer.store(rendered)
        report.skipped += _skip(skipped, composer=composer)
        report.waiting += len(choices) - len(ready)
        return broken

    for batch in leased(now=now, transactional=transactional, after=after):
        composed = report.composed
        try:
            broken = together_or_apart(batch, compose, done="composed")
        except RefusedError as refused:
            _end(batch, broken=refused.broken)
            raise
        report.failed += len(broken)
        _end(batch, broken=broken)
        if report.composed > composed:
            part_done()
        if deadline is not None and timezone.now() >= deadline:
            report.stopped_after = batch[-1].pk
            break
    return report


def _end(batch: Sequence[Delivery], *, broken: Sequence[Delivery]) -> None:
    release(broken, is_counted=True)
    release([row for row in batch if row not in broken])


def _ready(choices: Sequence[Choice], *, composer: Composer) -> list[Choice]:
    """Leave out the digests that wait, for thirty minutes at most, for papers or summaries to come.

    One whose slot passed while the service was off also waits until papers are asked for, if that is due.
    """
    now = composer.now
    # Papers may be coming in right now, or have come in and not been matched yet.
    gathering = (
        ArxivGate.objects.filter(held_until__gt=timezone.now()).exists()
        or Paper.objects.filter(matched_at=None, first_seen_at__lte=now).exists()
    )
    late = any(choice.delivery.was_planned_late for choice in choices)
    untried = untried_since(now) if late else None

    def waits(choice: Choice) -> bool:
        delivery = choice.delivery
        if (left := delivery.waits_until - now) <= timedelta(0):
            return False
        return (
            gathering
            or waits_for_papers(delivery, untried=untried)
            or any(composer.lookup.may_still_come(want, within=left) for want in choice.wanted())
        )

    return [choice for choice in choices if not waits(choice)]


def _render(
    choices: Sequence[Choice], *, composer: Composer
) -> tuple[list[tuple[Choice, RenderedDigest]], list[Choice], list[Delivery]]:
    """Return what is rendered, what is to be skipped, and those where that broke: they hold up no other."""
    rendered, skipped, broken = [], [], []
    for choice in choices:
        try:
            if choice.has_something_to_say():
                rendered.append((choice, composer.render(choice)))
            else:
                skipped.append(choice)
        except AWAY:
            raise
        except Exception:
            log.exception("delivery %s could not be composed", choice.delivery.pk)
            broken.append(choice.delivery)
    return rendered, skipped, broken


def _skip(choices: Sequence[Choice], *, composer: Composer) -> int:
    """Nothing to say: the period counts as covered, and the next digest says which days were empty."""
    now = composer.now
    covered = {"state": State.SKIPPED, "covers_until": now, "outcome_at": now}
    with transaction.atomic():
        skipped = update_each(
            Delivery,
            [(each.delivery.pk, list(each.selection.topics), composer.ignorance(each)) for each in choices],
            match=["id"],
            change=["topics", "last_detail"],
            to_all=covered | {"lease_owner": "", "lease_until": None},
            where={"state": [State.PLANNED]},
        )
        gone = [each for each in choices if each.delivery.pk in skipped]
        pairs = [(each.subscriber.pk, topic) for each in gone for topic in each.selection.topics]
        for start in range(0, len(pairs), PAIRS):
            update_each(
                Subscription,
                pairs[start : start + PAIRS],
                match=["subscriber", "topic"],
                change=[],
                to_all={"covered_until": now},
            )
    return len(skipped)


def leased(*, now: datetime, transactional: bool, after: UUID | None = None) -> Iterator[list[Delivery]]:
    """Take every planned digest that nobody else has taken, or of those what a person awaits.

    Those that lost no try come first, in batches, from the id ``after`` on; then the others, a few at a time
    or alone. Each batch is to be ended by ``release``.
    """
    # Whoever begins holds nothing: what stands in our name broke off, and we are still here.
    ours = Delivery.objects.filter(LEASED, state=State.PLANNED, lease_owner=boot_id())
    release(list(ours.only("pk")))
    planned = Delivery.objects.to_compose(now=now).filter(TRANSACTIONAL if transactional else Q())
    # What has lost most tries comes last: if it kills this worker too, the others are done.
    tried = planned.filter(attempt__gt=0).order_by("attempt", "pk").values_list("pk", "attempt")
    groups = _groups(list(tried))
    calm = planned.filter(attempt=0)
    most = CHUNK if after else min(FIRST_CHUNK, CHUNK)
    batch = _lease(calm.filter(pk__gt=after) if after else calm, now=now, most=most)
    while batch:
        yield batch
        most = min(2 * most, CHUNK)
        batch = _lease(calm.filter(pk__gt=batch[-1].pk), now=now, most=most)
    for keys in groups:
        few = _lease(planned.filter(pk__in=keys), now=now)
        if few and few[0].state == State.PLANNED:
            yield few


def _groups(tried: Sequence[tuple[UUID, int]]) -> list[list[UUID]]:
    """Return what is tried again together: a few after one lost try, so that a bad one is soon alone."""
    once = [key for key, attempt in tried if attempt == 1]
    groups = [once[start : start + FEW] for start in range(0, len(once), FEW)]
    return groups + [[key] for key, attempt in tried if attempt > 1]


def release(deliveries: Sequence[Delivery], *, is_counted: bool = False) -> None:
    """Let others take what is still planned of these; whether the try counts is the caller's to say."""
    held = Delivery.objects.filter(pk__in=[row.pk for row in deliveries], lease_owner=boot_id())
    attempt = F("attempt") if is_counted else F("attempt") - 1
    held.filter(state=State.PLANNED).update(attempt=attempt, lease_owner="", lease_until=None)


def _lease(planned: QuerySet[Delivery], *, now: datetime, most: int = CHUNK) -> list[Delivery]:
    """Take a batch of these. One whose tries are used up is quarantined, and returned as such."""
    real_now = timezone.now()
    is_free = Q(lease_until__isnull=True) | Q(lease_until__lt=real_now)
    planned = planned.filter(is_free).order_by("pk").select_for_update(skip_locked=True, of=("self",))
    planned = planned.prefetch_related("subscriber__subscriptions__topic")
    with transaction.atomic():
        rows = list(planned[:most])
        ours = Delivery.objects.filter(pk__in=[row.pk for row in rows])
        if rows and rows[0].attempt >= MAX_ATTEMPTS:
            rows[0].state = State.QUARANTINED
            why = f"composing it broke off {rows[0].attempt} times"
            ours.update(state=State.QUARANTINED, last_detail=why, outcome_at=now)
        else:
            ours.update(attempt=F("attempt") + 1, lease_owner=boot_id(), lease_until=real_now + LEASE)
    return rows
