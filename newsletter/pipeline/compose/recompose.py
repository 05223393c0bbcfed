"""A composed digest rendered anew, with the template of now, for as long as no worker has leased it.

It keeps its id, its Message-ID and its date, and its papers too unless they are to be selected again.
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
from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import LEASABLE, UNCOMPOSED, Kind
from newsletter.models.selection import store_selections
from newsletter.pipeline.compose.composer import Composer, RendererFor
from newsletter.pipeline.select.select import Choice, choose, stored, without_unsettled
from newsletter.pipeline.summarize.generate import write_extracts

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
    changed_topics: set[str] = field(default_factory=set)
    """Slugs of topics in them that were changed and not matched since: no digest can follow from them yet."""
    reselected: int = 0
    """Of those recomposed: hold other papers now."""


def recompose(
    ids: Sequence[uuid.UUID] | None,
    *,
    summariser: Summariser,
    renderer_for: RendererFor,
    subscriber: Subscriber | None = None,
    reselect_at: datetime | None = None,
) -> RecomposeReport:
    """Render anew these digests, or all that wait (None), or all of ``reader``'s.

    With ``reselect_at`` their papers are chosen again, as of that moment.
    """
    report = RecomposeReport()
    waiting = Delivery.objects.filter(kind=Kind.DIGEST, state__in=LEASABLE, covers_until__isnull=False)
    if subscriber is not None:
        waiting = waiting.filter(subscriber=subscriber)
    if ids is not None:
        waiting = waiting.filter(pk__in=ids)
        known = Delivery.objects.filter(kind=Kind.DIGEST, pk__in=ids).count()
        report.unknown = len(set(ids)) - known
        report.claimed = known - waiting.count()
    for covers_until, rows in _batches(waiting):
        now = reselect_at or covers_until
        if reselect_at is None:
            choices = stored(rows)
        else:
            settled = without_unsettled(rows)
            report.claimed += len(rows) - len(settled)
            choices = choose(settled, now=now)
            write_extracts({want.paper_id for choice in choices for want in choice.wanted()}, now=now)
        composer = Composer(summariser=summariser, renderer_for=renderer_for, now=now)
        composer.load(choices)
        for choice in choices:
            subscriptions = choice.subscriber.subscriptions.all()
            report.changed_topics |= {each.topic.slug for each in subscriptions if each.topic.looks_back}
            _render_anew(choice, composer=composer, report=report)
    return report


def _batches(waiting: QuerySet[Delivery]) -> Iterator[tuple[datetime, list[Delivery]]]:
    """Yield them by the moment up to which they offer papers: a batch is chosen as of one moment."""
    last_id = None
    while True:
        query = waiting.filter(pk__gt=last_id) if last_id else waiting
        chunk = list(
            query.order_by("pk").prefetch_related("subscriber__subscriptions__topic", "selection")[:CHUNK]
        )
        if not chunk:
            return
        last_id = chunk[-1].pk
        by_moment = defaultdict[datetime, list[Delivery]](list)
        for row in chunk:
            if row.covers_until is not None:
                by_moment[row.covers_until].append(row)
        yield from by_moment.items()


def _render_anew(choice: Choice, *, composer: Composer, report: RecomposeReport) -> None:
    row = choice.delivery
    is_reselected = choice.selection.paper_ids != row.paper_ids
    # A lease raises the fence and reads what it sends under a lock: one of the two comes first.
    unleased = Delivery.objects.filter(pk=row.pk, state__in=LEASABLE, fence=row.fence)
    if is_reselected and not choice.has_something_to_say():
        stored = unleased.update(**UNCOMPOSED, selection=None)  # composing it ends it as skipped
    else:
        rendered = composer.render(choice)
        fragments = rendered.checksums()
        before = row.fragments, row.placeholders, row.subject, row.paper_ids
        if (fragments, rendered.placeholders, rendered.subject, choice.selection.paper_ids) == before:
            report.unchanged += 1
            return
        with transaction.atomic():
            composer.fragment_store.save(rendered.fragments)
            [selection] = store_selections([composer.final(choice, rendered.digest)])
            stored = unleased.update(
                subject=rendered.subject,
                fragments=fragments,
                body_key=rendered.body_key(slot_key=row.slot_key),
                placeholders=rendered.placeholders,
                selection=selection,
                topics=list(choice.selection.topics),
                covers_until=composer.now,
            )
    report.recomposed += stored
    report.claimed += 1 - stored
    report.reselected += stored * is_reselected
