"""Which summaries are still to be written: those that planned digests show, the soonest first.

Selecting stores the requests. Here they follow what becomes of their digests: composed, ended, planned anew.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import DateTimeField, F, Min, QuerySet
from django.db.models.functions import Greatest

from newsletter.adapters.ports import Summariser
from newsletter.core.digests.selection import Place
from newsletter.core.summaries.summary import DetailLevel, Voice
from newsletter.core.summaries.wanted import Wanted
from newsletter.models import Delivery, Paper, Selection, Summary, SummaryRequest
from newsletter.models.delivery import TRANSACTIONAL, Kind, State
from newsletter.pipeline.summarize.store import may_still_come

PATIENCE = timedelta(minutes=30)
"""How long past its slot a digest waits for summaries (docs/delivery.md, "What a digest waits for")."""
CHUNK = 500

Key = tuple[int, int, str, str]
"""Paper, its version, language, detail."""
Need = tuple[datetime, bool]
"""When it is needed, and whether a person is waiting for it."""


def open_requests(
    *, now: datetime, summariser: Summariser, transactional: bool | None = None
) -> list[Wanted]:
    """Return what is requested and may still come, the soonest first; of all, or of what a person awaits."""
    if summariser.voice is Voice.AUTHORS:  # extracts are written when a digest is composed
        return []
    sync_requests()
    requests = SummaryRequest.objects.filter(paper_version=F("paper__version"))
    if transactional is not None:
        requests = requests.filter(is_transactional=transactional)
    rows = Summary.objects.filter(
        paper_id__in=requests.order_by().values("paper_id"),
        paper_version=F("paper__version"),
        model=summariser.model,
        prompt_version=summariser.prompt_version,
    ).defer("content")
    written = {(row.paper_id, row.language): row for row in rows}
    return [
        want
        for want in (
            Wanted(each.paper_id, each.language, DetailLevel(each.detail), each.needed_at)
            for each in requests
        )
        if may_still_come(
            written.get((want.paper_id, summariser.language_for(want.language))),
            want.detail,
            within=PATIENCE,
            is_early=want.due_at is not None and now < want.due_at,
        )
    ]


def sync_requests() -> int:
    """Make the requests those of the planned digests; return how many others (composed, left, changed) went.

    Safe to race with selecting: what the one misses the next call finds.
    """
    there = {
        (each.paper_id, each.paper_version, each.language, each.detail): each
        for each in SummaryRequest.objects.all()
    }
    needed = _needed()
    gone = [each.pk for key, each in there.items() if key not in needed]
    for start in range(0, len(gone), CHUNK):
        SummaryRequest.objects.filter(pk__in=gone[start : start + CHUNK]).delete()
    moved = []
    for key, (at, is_transactional) in needed.items():
        if (row := there.get(key)) and (row.needed_at, row.is_transactional) != (at, is_transactional):
            row.needed_at, row.is_transactional = at, is_transactional
            moved.append(row)
    SummaryRequest.objects.bulk_update(moved, ["needed_at", "is_transactional"], batch_size=CHUNK)
    new = [
        SummaryRequest(
            paper_id=paper_id,
            paper_version=version,
            language=language,
            detail=detail,
            needed_at=needed[key][0],
            is_transactional=needed[key][1],
        )
        for key in sorted(needed.keys() - there.keys())
        for paper_id, version, language, detail in [key]
    ]
    SummaryRequest.objects.bulk_create(new, ignore_conflicts=True, batch_size=CHUNK)
    return len(gone)


def _needed() -> dict[Key, Need]:
    """Return what the planned digests show. One that composing has broken on twice asks for nothing more."""
    planned = Delivery.objects.filter(
        kind=Kind.DIGEST, state=State.PLANNED, attempt__lt=2, selection__isnull=False
    )
    at = Greatest("slot_at", "planned_at", output_field=DateTimeField())
    forms: defaultdict[str, list[tuple[str, str, Need]]] = defaultdict(list)
    for checksum, language, detail, is_transactional, first in (
        planned.order_by()
        .annotate(is_awaited=TRANSACTIONAL)
        .values_list("selection_id", "subscriber__language", "subscriber__depth", "is_awaited")
        .annotate(first=Min(at))
    ):
        forms[checksum].append((language, detail, (first, bool(is_transactional))))
    needed: dict[tuple[int, str, str], Need] = {}
    for checksum, papers in _shown(planned.values("selection_id")):
        for language, asked, (first, is_transactional) in forms[checksum]:
            for paper_id, is_near in papers:
                key = paper_id, language, DetailLevel.HEADLINE.value if is_near else asked
                known_at, known = needed.get(key, (first, False))
                needed[key] = min(first, known_at), is_transactional or known
    versions = dict(Paper.objects.filter(pk__in={key[0] for key in needed}).values_list("pk", "version"))
    return {
        (paper_id, versions[paper_id], language, detail): need
        for (paper_id, language, detail), need in needed.items()
    }


def _shown(checksums: QuerySet[Any]) -> Iterator[tuple[str, list[tuple[int, bool]]]]:
    """Yield each selection's papers that have a summary, and whether it is only the headline of a near one."""
    shown = Place.SUMMARIZED[0], Place.NEAR[0]
    rows = Selection.objects.filter(pk__in=checksums)
    for checksum, content in rows.values_list("checksum", "content").iterator(CHUNK):
        papers = [(paper[1], paper[0] == Place.NEAR[0]) for paper in content["papers"] if paper[0] in shown]
        yield checksum, papers
