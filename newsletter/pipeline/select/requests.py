"""The summaries that planned digests show: requests of them, which grow with papers, not with subscribers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db.models import DateTimeField, Min, QuerySet
from django.db.models.functions import Greatest

from newsletter.adapters.infra.broker import Queue, wake
from newsletter.core.digests.selection import Place
from newsletter.core.summaries.summary import DetailLevel
from newsletter.models import Delivery, Paper, Selection, SummaryRequest
from newsletter.models.delivery import TRANSACTIONAL, Kind, State

CHUNK = 500

Key = tuple[int, int, str, str]
"""Paper, its version, language, detail."""
Need = tuple[datetime, bool]
"""When it is needed, and whether a person is waiting for it."""


def request_summaries(deliveries: QuerySet[Delivery]) -> None:
    """Ask for what these planned digests show, once each. What is asked for already may come sooner."""
    needed = _needed(deliveries)
    there = _needs(SummaryRequest.objects.filter(paper__in={key[0] for key in needed}))
    _store({key: _sooner(need, there.get(key)) for key, need in needed.items()})
    if needed:
        wake(Queue.SUMMARIZE)


def sync_requests() -> int:
    """Make the requests those of the planned digests; return how many others (composed, left, changed) went.

    Safe to race with selecting: what the one misses the next call finds.
    """
    needed, rows = _needed(Delivery.objects.all()), list(SummaryRequest.objects.all())
    gone = [row.pk for row in rows if _key(row) not in needed]
    for start in range(0, len(gone), CHUNK):
        SummaryRequest.objects.filter(pk__in=gone[start : start + CHUNK]).delete()
    there = _needs(rows)
    _store({key: need for key, need in needed.items() if there.get(key) != need})
    return len(gone)


def _store(needs: Mapping[Key, Need]) -> None:
    rows = [
        SummaryRequest(
            paper_id=paper_id,
            paper_version=version,
            language=language,
            detail=detail,
            needed_at=at,
            is_transactional=is_transactional,
        )
        for (paper_id, version, language, detail), (at, is_transactional) in sorted(needs.items())
    ]
    SummaryRequest.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["paper", "paper_version", "language", "detail"],
        update_fields=["needed_at", "is_transactional"],
        batch_size=CHUNK,
    )


def _key(row: SummaryRequest) -> Key:
    return row.paper_id, row.paper_version, row.language, row.detail


def _needs(rows: Iterable[SummaryRequest]) -> dict[Key, Need]:
    return {_key(row): (row.needed_at, row.is_transactional) for row in rows}


def _needed(deliveries: QuerySet[Delivery]) -> dict[Key, Need]:
    """Return what those show that are planned. One that composing has broken on twice asks for nothing."""
    planned = deliveries.filter(
        kind=Kind.DIGEST, state=State.PLANNED, attempt__lt=2, selection__isnull=False
    ).order_by()
    # Needed at its slot, or at once for one that was planned late.
    at = Greatest("slot_at", "planned_at", output_field=DateTimeField())
    forms: defaultdict[str, list[tuple[str, str, Need]]] = defaultdict(list)
    for checksum, language, detail, is_awaited, first in (
        planned.annotate(is_awaited=TRANSACTIONAL)
        .values_list("selection_id", "subscriber__language", "subscriber__depth", "is_awaited")
        .annotate(first=Min(at))
    ):
        forms[checksum].append((language, detail, (first, bool(is_awaited))))
    needed: dict[tuple[int, str, str], Need] = {}
    for checksum, papers in _shown(planned.values("selection_id")):
        for language, detail, need in forms[checksum]:
            for paper_id, is_near in papers:
                form = paper_id, language, DetailLevel.HEADLINE.value if is_near else detail
                needed[form] = _sooner(need, needed.get(form))
    versions = dict(Paper.objects.filter(pk__in={key[0] for key in needed}).values_list("pk", "version"))
    return {
        (paper_id, versions[paper_id], language, detail): need
        for (paper_id, language, detail), need in needed.items()
        if paper_id in versions
    }


def _sooner(need: Need, other: Need | None) -> Need:
    return (min(need[0], other[0]), need[1] or other[1]) if other else need


def _shown(checksums: QuerySet[Any]) -> Iterator[tuple[str, list[tuple[int, bool]]]]:
    """Yield each selection's papers with a summary, and whether that is only the headline of a near one."""
    shown = Place.SUMMARIZED[0], Place.NEAR[0]
    rows = Selection.objects.filter(pk__in=checksums)
    for checksum, content in rows.values_list("checksum", "content").iterator(CHUNK):
        papers = [(paper[1], paper[0] == Place.NEAR[0]) for paper in content["papers"] if paper[0] in shown]
        yield checksum, papers
