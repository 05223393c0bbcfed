"""Stage 1: new papers from arXiv, or from saved answers, into the database.

An answer is saved whole or not at all, together with the record of what was asked and answered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from newsletter.adapters.ports import Answer, PaperSource, Window
from newsletter.core.papers import PaperRecord
from newsletter.errors import NewsletterError, TemporaryError
from newsletter.models import GatherRun, Paper
from newsletter.models.paper import record_fields
from newsletter.widening import wanted_categories

CHUNK = 500
"""Rows a statement; below SQLite's limit on variables."""


@dataclass(slots=True)
class GatherReport:
    seen: int = 0
    new: int = 0
    updated: int = 0
    failed: int = 0
    """Failed queries."""
    refused: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def add(self, run: GatherRun) -> None:
        self.seen += run.received
        self.new += run.new
        self.updated += run.updated
        self.refused += run.refused
        if run.error:
            self.failed += 1
            self.errors.append(run.error)

    def as_json(self) -> dict[str, Any]:
        """Return ``gathered`` of the contract's ``run --json``."""
        return {
            "seen": self.seen,
            "new": self.new,
            "updated": self.updated,
            "failed": self.failed,
            "errors": self.errors,
            "refused": self.refused,
        }


def gather_papers(source: PaperSource, *, now: datetime, lookback: timedelta) -> GatherReport:
    """Ask arXiv for what the active topics need. A failure is recorded and reported, not raised."""
    report = GatherReport()
    asked = wanted_categories()
    if not asked:
        return report
    try:
        for answer in source.fetch(asked, window=Window(start=now - lookback, end=now)):
            report.add(save_answer(answer, now=now))
    except NewsletterError as error:
        report.add(_record_failure(error, asked=asked, now=now))
    return report


def gather_files(
    source: PaperSource,
    *,
    paths: Iterable[str],
    now: datetime,
    on_file: Callable[[str], None] = lambda _: None,
) -> GatherReport:
    """Read saved API answers. All are read before any is saved: raises BadInput with nothing written."""
    report = GatherReport()
    answers = []
    for path in paths:
        answers.append(source.read_file(path))
        on_file(path)
    with transaction.atomic():
        for answer in answers:
            report.add(save_answer(answer, now=now, from_file=True))
    return report


@transaction.atomic
def save_answer(answer: Answer, *, now: datetime, from_file: bool = False) -> GatherRun:
    """Save one whole answer and its record; doing it twice changes nothing the second time."""
    known = _known_papers(answer.papers)
    new = [
        Paper.from_record(record, first_seen_at=now)
        for record in answer.papers
        if record.arxiv_id not in known
    ]
    changed = [record for record in answer.papers if _replaces(record, known.get(record.arxiv_id))]
    before = Paper.objects.count()
    Paper.objects.bulk_create(new, ignore_conflicts=True, batch_size=CHUNK)
    for record in changed:
        Paper.objects.filter(arxiv_id=record.arxiv_id).update(**record_fields(record))
    return GatherRun.objects.create(
        started_at=now,
        query=answer.query,
        from_file=from_file,
        total_results=answer.total_results,
        received=len(answer.papers),
        new=Paper.objects.count() - before,
        updated=len(changed),
        refused=list(answer.refused),
        requests=answer.requests,
    )


def _known_papers(records: tuple[PaperRecord, ...]) -> dict[str, Paper]:
    ids = [record.arxiv_id for record in records]
    known: dict[str, Paper] = {}
    for start in range(0, len(ids), CHUNK):
        known |= {
            paper.arxiv_id: paper for paper in Paper.objects.filter(arxiv_id__in=ids[start : start + CHUNK])
        }
    return known


def _replaces(record: PaperRecord, known: Paper | None) -> bool:
    """Whether ``record`` says something that ``known`` does not: never an older version."""
    return known is not None and record.version >= known.version and record != known.record


def _record_failure(error: NewsletterError, *, asked: frozenset[str], now: datetime) -> GatherRun:
    wait = error.retry_after if isinstance(error, TemporaryError) else None
    return GatherRun.objects.create(
        started_at=now,
        query=" OR ".join(f"cat:{category}" for category in sorted(asked)),
        error=str(error),
        retry_at=now + timedelta(seconds=wait) if wait else None,
    )
