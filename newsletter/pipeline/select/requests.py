"""Asking for the summaries that selected digests show. The rows grow with papers, not with subscribers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from newsletter.adapters.infra.broker import Queue, wake
from newsletter.core.summaries.wanted import Wanted
from newsletter.models import Delivery, Paper, SummaryRequest

CHUNK = 500


def needed_at(delivery: Delivery) -> datetime:
    """Return when a digest's summaries are needed: at its slot, or at once for one that was planned late."""
    return max(delivery.slot_at, delivery.planned_at)


def request_summaries(wanted: Iterable[tuple[Wanted, Delivery]]) -> None:
    """Store each once, with the soonest time at which it is needed."""
    soonest: dict[Wanted, tuple[bool, datetime]] = {}
    for want, delivery in wanted:
        # "Not transactional" sorts last, as a later time does.
        asked = not delivery.is_transactional, needed_at(delivery)
        soonest[want] = min(asked, soonest.get(want, asked))
    versions = dict(
        Paper.objects.filter(pk__in={want.paper_id for want in soonest}).values_list("pk", "version")
    )
    rows = [
        SummaryRequest(
            paper_id=want.paper_id,
            paper_version=versions[want.paper_id],
            language=want.language,
            detail=want.detail.value,
            needed_at=at,
            is_transactional=not is_not,
        )
        for want, (is_not, at) in sorted(soonest.items(), key=lambda item: item[0].paper_id)
        if want.paper_id in versions
    ]
    SummaryRequest.objects.bulk_create(rows, ignore_conflicts=True, batch_size=CHUNK)
    _move_up(rows)
    if rows:
        wake(Queue.SUMMARIZE)


def _move_up(rows: Iterable[SummaryRequest]) -> None:
    """Have requests that were there already come as soon: one statement a slot, language and detail."""
    groups: defaultdict[tuple[str, str, datetime, bool], list[int]] = defaultdict(list)
    for row in rows:
        groups[row.language, row.detail, row.needed_at, row.is_transactional].append(row.paper_id)
    for (language, detail, at, is_transactional), paper_ids in groups.items():
        for start in range(0, len(paper_ids), CHUNK):
            there = SummaryRequest.objects.filter(
                paper_id__in=paper_ids[start : start + CHUNK], language=language, detail=detail
            )
            there.filter(needed_at__gt=at).update(needed_at=at)
            if is_transactional:
                there.filter(is_transactional=False).update(is_transactional=True)
