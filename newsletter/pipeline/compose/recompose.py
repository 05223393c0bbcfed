"""A composed digest rendered anew, with the template of now, for as long as no worker has claimed it.

It keeps its papers, its id, its Message-ID and its date. What is no longer as it was when it was composed (a
topic that changed, a paper withdrawn) is left alone: then the same papers could not be shown.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from newsletter.adapters.ports import Summariser
from newsletter.models import Delivery
from newsletter.models.delivery import LEASABLE, Kind
from newsletter.pipeline.compose.composer import Composer, RendererFor
from newsletter.pipeline.compose.message import body_key
from newsletter.pipeline.select.select import Choice, choose

CHUNK = 200


@dataclass(slots=True)
class RecomposeReport:
    recomposed: int = 0
    unchanged: int = 0
    """They look the same with the template of now."""
    claimed: int = 0
    """A worker had them, or took them meanwhile; they may be sent by now."""
    unknown: int = 0
    """No digest has this id."""
    differing: int = 0
    """Would hold other papers now: left as they were."""
    changed_topics: set[str] = field(default_factory=set)
    """Slugs of topics in them that were changed and not matched since: no digest can follow from them yet."""


def recompose(
    ids: Sequence[uuid.UUID] | None, *, summariser: Summariser, renderer_for: RendererFor
) -> RecomposeReport:
    """Render anew these digests, or all that wait (None)."""
    report = RecomposeReport()
    waiting = Delivery.objects.filter(kind=Kind.DIGEST, state__in=LEASABLE, covers_until__isnull=False)
    if ids is not None:
        waiting = waiting.filter(pk__in=ids)
        known = Delivery.objects.filter(kind=Kind.DIGEST, pk__in=ids).count()
        report.unknown = len(set(ids)) - known
        report.claimed = known - waiting.count()
    for composed_at, rows in _batches(waiting):
        pool, choices = choose(rows, now=composed_at)
        composer = Composer.set_up(
            choices, pool=pool, summariser=summariser, renderer_for=renderer_for, now=composed_at
        )
        for choice in choices:
            subscriptions = choice.reader.subscriptions.all()
            report.changed_topics |= {each.topic.slug for each in subscriptions if each.topic.looks_back}
            _render_anew(choice, composer=composer, report=report)
    return report


def _batches(waiting: QuerySet[Delivery]) -> Iterator[tuple[datetime, list[Delivery]]]:
    """Yield them by the moment up to which they offer papers: a batch is chosen as of one moment."""
    last_id = None
    while True:
        query = waiting.filter(pk__gt=last_id) if last_id else waiting
        chunk = list(query.order_by("pk").prefetch_related("subscriber__subscriptions__topic")[:CHUNK])
        if not chunk:
            return
        last_id = chunk[-1].pk
        by_moment = defaultdict[datetime, list[Delivery]](list)
        for row in chunk:
            if row.covers_until is not None:
                by_moment[row.covers_until].append(row)
        yield from by_moment.items()


def _render_anew(choice: Choice, *, composer: Composer, report: RecomposeReport) -> None:
    row, rendered = choice.delivery, composer.render(choice)
    papers = composer.account(choice, rendered.digest)
    if {paper_id for ids in papers.values() for paper_id in ids} != row.paper_ids:
        report.differing += 1
        return
    fragments = [fragment.checksum for fragment in rendered.fragments]
    if (fragments, rendered.placeholders, rendered.subject) == (row.fragments, row.placeholders, row.subject):
        report.unchanged += 1
        return
    with transaction.atomic():
        composer.fragment_store.save()
        # A claim raises the fence and reads what it sends under a lock: one of the two comes first.
        unclaimed = Delivery.objects.filter(pk=row.pk, state__in=LEASABLE, fence=row.fence)
        stored = unclaimed.update(
            subject=rendered.subject,
            fragments=fragments,
            body_key=body_key(subject=rendered.subject, slot_key=row.slot_key, fragments=fragments),
            placeholders=rendered.placeholders,
            papers=papers,
        )
    report.recomposed += stored
    report.claimed += 1 - stored
