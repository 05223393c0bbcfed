"""Compose: every planned digest composed, skipped, or left to wait for what may still come.

What a digest is made of is ``composer``'s.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from newsletter.adapters.ports import Summariser
from newsletter.models import ArxivGate, Delivery, Paper, Subscription
from newsletter.models.delivery import State
from newsletter.pipeline.compose.composer import Composer, RendererFor
from newsletter.pipeline.compose.fragments import StoredFragments
from newsletter.pipeline.compose.lease import leased, release
from newsletter.pipeline.compose.render import RenderedDigest
from newsletter.pipeline.db_retry import AWAY, together_or_apart
from newsletter.pipeline.select.select import Choice, select, without_unsettled
from newsletter.pipeline.summarize.generate import write_extracts
from newsletter.pipeline.summarize.requests import PATIENCE

log = logging.getLogger(__name__)


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
) -> ComposeReport:
    """Compose every planned digest; a patient one waits for summaries that may still come.

    Where they are spread, each can be claimed only after its reader's own delay, counted from the slot. After
    ``deadline`` (real time) no batch is begun; ``after`` is where such a pass stopped.
    """
    report = ComposeReport()
    fragment_store = StoredFragments()

    def compose(rows: Sequence[Delivery]) -> list[Delivery]:
        choices = select(without_unsettled(rows), now=now)
        # Extracts are instant, so a digest never lacks at least those.
        chosen = {want.paper_id for choice in choices for want in choice.wanted()}
        report.extracts += write_extracts(chosen, now=now)
        composer = Composer.set_up(
            choices,
            summariser=summariser,
            renderer_for=renderer_for,
            now=now,
            fragment_store=fragment_store,
        )
        composer.is_spread = is_spread
        ready = _ready(choices, composer=composer) if is_patient else choices
        rendered, broken = _render(ready, composer=composer, report=report)
        report.composed += composer.store(rendered)
        report.waiting += len(choices) - len(ready)
        return broken

    for batch in leased(now=now, transactional=transactional, after=after):
        broken = together_or_apart(batch, compose, done="composed")
        report.failed += len(broken)
        release(broken, is_counted=True)
        release([row for row in batch if row not in broken])
        if deadline is not None and timezone.now() >= deadline:
            report.stopped_after = batch[-1].pk
            break
    return report


def _ready(choices: Sequence[Choice], *, composer: Composer) -> list[Choice]:
    """Leave out the digests that wait, for thirty minutes at most, for papers or summaries to come."""
    gathering = _is_gathering(now=composer.now)
    return [
        choice
        for choice in choices
        if (left := choice.delivery.slot_at + PATIENCE - composer.now) <= timedelta(0)
        or not (gathering or composer.is_lacking(choice, within=left))
    ]


def _is_gathering(*, now: datetime) -> bool:
    """Whether papers are coming in right now, or have come in and were not yet matched."""
    at_arxiv = ArxivGate.objects.filter(held_until__gt=timezone.now())
    return at_arxiv.exists() or Paper.objects.filter(matched_at=None, first_seen_at__lte=now).exists()


def _render(
    choices: Sequence[Choice], *, composer: Composer, report: ComposeReport
) -> tuple[list[tuple[Choice, RenderedDigest]], list[Delivery]]:
    """Render or skip each; return what is rendered, and those where that broke: they hold up no other."""
    rendered, broken = [], []
    for choice in choices:
        try:
            if choice.has_something_to_say():
                rendered.append((choice, composer.render(choice)))
            else:
                report.skipped += _skip(choice, ignorance=composer.ignorance(choice), now=composer.now)
        except AWAY:
            raise
        except Exception:
            log.exception("delivery %s could not be composed", choice.delivery.pk)
            broken.append(choice.delivery)
    return rendered, broken


def _skip(choice: Choice, *, ignorance: str, now: datetime) -> bool:
    """Nothing to say: the period counts as covered, and the next digest says which days were empty."""
    topics = list(choice.selection.topics)
    with transaction.atomic():
        skipped = Delivery.objects.filter(pk=choice.delivery.pk, state=State.PLANNED).update(
            state=State.SKIPPED,
            topics=topics,
            last_detail=ignorance,
            covers_until=now,
            outcome_at=now,
            lease_owner="",
            lease_until=None,
        )
        if skipped:
            Subscription.objects.filter(subscriber=choice.subscriber, topic_id__in=topics).update(
                covered_until=now
            )
    return bool(skipped)
