"""Gather: new papers from arXiv, or from saved answers, into the database.

An answer is saved whole, except for invalid entries, or not at all. Every request and its result is recorded.
``gather_history`` judges whether an answer is plausible.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import DataError, IntegrityError, transaction

from newsletter.adapters.ports import Answer, PaperSource, Window
from newsletter.audience.wanted_categories import wanted_categories
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.delivery.retry_policy import LONGEST_WAIT
from newsletter.core.storable import storable
from newsletter.errors import IncompleteAnswer, NewsletterError, TemporaryError
from newsletter.models import GatherRun, Paper
from newsletter.models.limits import faults
from newsletter.models.paper import record_fields
from newsletter.models.revision import keep_revisions
from newsletter.pipeline.db_retry import together_or_apart
from newsletter.pipeline.gather_history import judged, lasting_gap

log = logging.getLogger(__name__)

CHUNK = 500
"""Rows a statement; below SQLite's limit on variables."""
PROBED = timedelta(days=7)
"""The window of a look at the newest entries: longer than any pause between announcements, and no longer than
the look-back, or what only the look finds would have the whole asked for each hour."""
LONGEST_ERROR = 1_000
NO_PAPER = "The file holds no paper that can be read."
BROKEN_OFF = "Another query of the same gather got no answer."


@dataclass(slots=True)
class GatherReport:
    seen: int = 0
    new: int = 0
    updated: int = 0
    failed: int = 0
    """Failed queries."""
    refused: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    doubt: str = ""
    """Why the answer may be incomplete; empty if plausible."""

    @property
    def took_in_nothing(self) -> bool:
        """Whether there were entries, and each one was refused."""
        return bool(self.refused) and not self.seen

    def add(self, run: GatherRun) -> None:
        self.seen += run.received
        self.new += run.new
        self.updated += run.updated
        self.refused += run.refused
        if run.error:
            self.failed += 1
            self.errors.append(run.error)

    def as_json(self) -> dict[str, Any]:
        """Return ``gathered`` of ``run --json``."""
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
    window, answered = Window(start=now - lookback, end=now), list[GatherRun]()
    gap = lasting_gap(now)
    limit = {"most_missing": gap} if gap else {}
    try:
        for answer in source.fetch(asked, window=window, **limit):
            answered.append(save_answer(answer, now=now))
            report.add(answered[-1])
    except Exception as error:  # record every failure, or arXiv would be asked at every tick
        report.add(_record_failure(error, asked=asked, now=now))
        report.doubt = _doubt(answered, BROKEN_OFF)
        return report
    found = judged(answered, asked=asked, days=lookback / timedelta(days=1), now=now)
    if found.is_enough:
        GatherRun.objects.filter(pk__in=[run.pk for run in answered]).update(is_enough=True)
    report.doubt = _doubt(answered, found.doubt)
    return report


def has_newer_papers(source: PaperSource, *, now: datetime, lookback: timedelta) -> bool:
    """Ask arXiv for its newest entries only; say whether one of them is not known yet. Saves no paper."""
    asked = wanted_categories()
    try:
        answer = source.newest(asked, window=Window(start=now - min(PROBED, lookback), end=now))
        # One that cannot be saved would be new at every look.
        sound, _ = _without_odd(answer.papers, now=now)
        new = len({record.arxiv_id for record in sound} - _known_papers(sound).keys())
    except Exception as error:
        _record_failure(error, asked=asked, now=now, is_probe=True)
        return False
    GatherRun.objects.create(
        started_at=now,
        query=answer.query,
        is_probe=True,
        total_results=answer.total_results,
        received=len(answer.papers),
        new=new,
        requests=answer.requests,
    )
    return new > 0


def _doubt(runs: Sequence[GatherRun], why: str) -> str:
    if why and runs:
        log.warning("arXiv's answer is not believed to be all: %s", why)
        GatherRun.objects.filter(pk__in=[run.pk for run in runs]).update(doubt=why)
    return why if runs else ""


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
    """Save one answer and its record; doing it twice changes nothing the second time.

    What cannot be saved on every database is left out, and the record says which and why.
    """
    before = Paper.objects.count()
    papers, odd, updated = save_papers(answer.papers, now=now)
    return GatherRun.objects.create(
        started_at=now,
        query=storable(answer.query),  # a file name may hold bytes that are not UTF-8
        from_file=from_file,
        total_results=answer.total_results,
        received=len(papers),
        new=Paper.objects.count() - before,
        updated=updated,
        refused=[storable(line) for line in (*answer.refused, *odd)],
        missing=answer.missing,
        doubt=NO_PAPER if from_file and not papers else "",
        requests=answer.requests,
    )


def save_papers(
    records: Iterable[PaperRecord], *, now: datetime, is_matched_anew: bool = True
) -> tuple[list[PaperRecord], list[str], int]:
    """Save new papers, new versions and their revisions.

    Return what was saved, a line for each that could not be, and how many papers were updated.
    ``is_matched_anew``: a new version may match topics that the old one did not.
    """
    papers, odd = _without_odd(records, now=now)
    kept = () if is_matched_anew else ("matched_at",)
    try:
        return papers, odd, _save(papers, now=now, kept=kept)
    except (DataError, IntegrityError):  # a limit that the checks do not know
        saved, unsaved = _saved_apart(papers, now=now, kept=kept)
        return saved, odd + unsaved, 0


def _without_odd(records: Iterable[PaperRecord], *, now: datetime) -> tuple[list[PaperRecord], list[str]]:
    """Return the records that can be saved, and a line for each of the others."""
    sound, odd = [], []
    for record in records:
        if found := faults(Paper.from_record(record, first_seen_at=now)):
            odd.append(f"{record.versioned_id[:60]}: {'; '.join(found)}")
        else:
            sound.append(record)
    return sound, odd


@transaction.atomic
def _save(records: Sequence[PaperRecord], *, now: datetime, kept: Collection[str]) -> int:
    """Write new papers and new versions, except the columns ``kept``; return how many of the latter."""
    known = _known_papers(records)
    new = [Paper.from_record(record, first_seen_at=now) for record in records if record.arxiv_id not in known]
    changed = [
        record
        for record in records
        if (paper := known.get(record.arxiv_id))
        and record.version >= paper.version
        and record != paper.record
    ]
    Paper.objects.bulk_create(new, ignore_conflicts=True, batch_size=CHUNK)
    for record in changed:
        fields = {name: value for name, value in record_fields(record).items() if name not in kept}
        Paper.objects.filter(arxiv_id=record.arxiv_id).update(**fields)
    keep_revisions([(known[record.arxiv_id], record) for record in changed], now=now)
    return len(changed)


def _saved_apart(
    records: Sequence[PaperRecord], *, now: datetime, kept: Collection[str]
) -> tuple[list[PaperRecord], list[str]]:
    errors: dict[str, Exception] = {}

    def save(some: Sequence[PaperRecord]) -> list[PaperRecord]:
        try:
            _save(some, now=now, kept=kept)
        except Exception as error:
            errors[some[0].versioned_id] = error
            raise
        return []

    refused = together_or_apart(records, save, done="saved", name=lambda record: record.versioned_id)
    lines = [f"{record.versioned_id}: {errors[record.versioned_id]}" for record in refused]
    return [record for record in records if record not in refused], lines


def _known_papers(records: Sequence[PaperRecord]) -> dict[str, Paper]:
    ids = [record.arxiv_id for record in records]
    known: dict[str, Paper] = {}
    for start in range(0, len(ids), CHUNK):
        known |= {
            paper.arxiv_id: paper for paper in Paper.objects.filter(arxiv_id__in=ids[start : start + CHUNK])
        }
    return known


def _record_failure(
    error: Exception, *, asked: frozenset[str], now: datetime, is_probe: bool = False
) -> GatherRun:
    if not isinstance(error, NewsletterError):
        log.exception("a gather broke off")
    wait = error.retry_after if isinstance(error, TemporaryError) else None
    return GatherRun.objects.create(
        started_at=now,
        query=" OR ".join(f"cat:{category}" for category in sorted(asked)),
        is_probe=is_probe,
        missing=error.missing if isinstance(error, IncompleteAnswer) else 0,
        error=storable(str(error))[:LONGEST_ERROR] or type(error).__name__,
        retry_at=now + timedelta(seconds=min(wait, LONGEST_WAIT.total_seconds())) if wait else None,
    )
