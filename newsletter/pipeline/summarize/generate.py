"""Summarize: each selected paper summarised once per (version, language, prompt version, model).

A lease of the row keeps two workers from paying twice. What a model gets wrong is recorded with its reason,
and the extractive summary stands in, labelled.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from django.db import connections
from django.db.models import F
from django.utils import timezone

from newsletter.adapters.llm.extractive import ExtractiveSummariser
from newsletter.adapters.ports import Summariser
from newsletter.core.arxiv.full_text import FullText
from newsletter.core.summaries.grounding import Refusal, ground
from newsletter.core.summaries.summary import DetailLevel, Draft, Voice, Wanted, summary_to_json
from newsletter.core.summaries.summary import Summary as SummaryValue
from newsletter.errors import NewsletterError, TemporaryError
from newsletter.models import Paper, Summary
from newsletter.pipeline.summarize import store as rows
from newsletter.pipeline.summarize.quotas import within_quotas
from newsletter.pipeline.summarize.store import Fallback

log = logging.getLogger(__name__)

CALLS_AT_ONCE = 4
"""A call waits for the model nearly all of its time; the rate is the gate's business."""
READING_PATIENCE = timedelta(minutes=10)
"""How long past a digest's slot a reading is put off whose full text cannot be had for the moment."""


class FullTextFor(Protocol):
    def __call__(self, paper: Paper, *, now: datetime) -> FullText | None:
        """Return None where there is none to be had. Raises TemporaryError when there may be one later."""
        ...


def no_full_text(paper: Paper, *, now: datetime) -> None:  # as FullTextFor has it
    """Stand for a service that reads abstracts only."""


@dataclass(slots=True)
class SummariseReport:
    model: int = 0
    """Summaries a model wrote."""
    extractive: int = 0
    withheld: int = 0
    """Claims not shown for lack of evidence."""
    failed: int = 0
    """Papers for which the model gave nothing usable this time."""
    left: int = 0
    """Papers for which it was not asked: no time, or no turn."""

    def add(self, other: SummariseReport) -> None:
        self.model += other.model
        self.withheld += other.withheld
        self.failed += other.failed
        self.left += other.left


def write_summaries(
    wanted: Iterable[Wanted],
    *,
    summariser: Summariser,
    now: datetime,
    full_text: FullTextFor = no_full_text,
    patience: timedelta = timedelta(0),
    on_paper: Callable[[], None] = lambda: None,
    deadline: datetime | None = None,
) -> SummariseReport:
    """Write what is missing at the deepest detail asked for, and an extract of every paper besides.

    Papers are begun in the order of ``wanted``, several at once. None is begun after ``deadline`` (real
    time), nor once the model gives this service no turn: what is left then is left for another call. A
    reading whose full text may come later is put off until ``patience`` after its digest's slot.
    """
    jobs = _deepest(wanted, summariser)
    paper_ids = {job.paper_id for job in jobs}
    report = SummariseReport(extractive=write_extracts(paper_ids, now=now))
    if summariser.voice is Voice.AUTHORS or not jobs:
        return report
    jobs = within_quotas(jobs, summariser=summariser)
    if not jobs:
        return report
    writer = _Writer(
        summariser, full_text=full_text, now=now, patience=patience, deadline=deadline, papers=paper_ids
    )
    with ThreadPoolExecutor(min(CALLS_AT_ONCE, len(jobs)), thread_name_prefix="summarise") as pool:
        for outcome in pool.map(writer.in_thread, jobs):
            report.add(outcome)
            on_paper()
    return report


def write_extracts(paper_ids: Iterable[int], *, now: datetime) -> int:
    """Write an extractive summary of each paper that has none of its current version; return how many.

    One that was taken down as earlier rules had it stays down.
    """
    extractive = ExtractiveSummariser()
    key = {"model": extractive.model, "prompt_version": extractive.prompt_version, "language": "en"}
    of_now = Summary.objects.filter(model=extractive.model, language="en", paper_version=F("paper__version"))
    papers = Paper.objects.filter(pk__in=set(paper_ids)).exclude(
        summaries__in=of_now.filter(prompt_version=extractive.prompt_version, content__isnull=False)
    )
    if not papers:
        return 0
    down = dict(
        of_now.filter(paper__in=papers, withheld_at__isnull=False).values_list("paper_id", "withheld_at")
    )
    found = []
    for paper in papers:
        draft = extractive.summarize(paper.record, language="en", detail=DetailLevel.TAKEAWAYS)
        summary = ground(draft, source=paper.record, language="en", voice=Voice.AUTHORS)
        if isinstance(summary, Refusal):
            log.error("%s has no abstract to choose from: %s", paper, summary.reason)
            continue
        found.append(
            Summary(
                **key,
                paper=paper,
                paper_version=paper.version,
                detail=DetailLevel.TAKEAWAYS.value,
                content=summary_to_json(summary),
                written_at=now,
                withheld_at=down.get(paper.pk),
                is_final=paper.pk in down,
            )
        )
    Summary.objects.bulk_create(found, ignore_conflicts=True)
    return len(found)


def _deepest(wanted: Iterable[Wanted], summariser: Summariser) -> list[Wanted]:
    """Return each (paper, written language) once, in the order of its first wish, at the deepest detail."""
    jobs: dict[tuple[int, str], Wanted] = {}
    for want in wanted:
        language = summariser.language_for(want.language)
        known = jobs.setdefault((want.paper_id, language), replace(want, language=language))
        if want.detail.rank > known.detail.rank:
            jobs[want.paper_id, language] = replace(known, detail=want.detail)
    return list(jobs.values())


@dataclass(frozen=True, slots=True)
class _Material:
    """What a summary is going to be written from, and how deep it can go."""

    asked: DetailLevel
    detail: DetailLevel
    full_text: FullText | None = None
    fallback: str = ""


class _Writer:
    """Writes one summary at a time in each of several threads."""

    def __init__(
        self,
        summariser: Summariser,
        *,
        full_text: FullTextFor,
        now: datetime,
        patience: timedelta,
        deadline: datetime | None,
        papers: Iterable[int],
    ) -> None:
        self._summariser = summariser
        self._full_text = full_text
        self._now = now
        self._patience = patience
        self._deadline = deadline
        self._papers = Paper.objects.in_bulk(set(papers))
        self._texts = {paper_id: threading.Lock() for paper_id in self._papers}
        self._stopped = threading.Event()

    def in_thread(self, job: Wanted) -> SummariseReport:
        """Do one job on a database connection of this thread's own; a defect holds up no other."""
        try:
            return self._do(job)
        except Exception:
            log.exception("paper %s could not be summarised", job.paper_id)
            return SummariseReport(failed=1)
        finally:
            connections.close_all()

    def _do(self, job: Wanted) -> SummariseReport:
        paper = self._papers.get(job.paper_id)
        if paper is None:
            return SummariseReport()
        if self._is_over():
            return SummariseReport(left=1)
        key = rows.key_of(paper, self._summariser, language=job.language)
        if not rows.is_open(key, detail=job.detail):
            return SummariseReport()
        material = self._material(paper, job)
        if material is None or self._is_over():
            return SummariseReport(left=1)
        if material.fallback == Fallback.NO_FULL_TEXT:
            rows.settle_for_less(key, fallback=material.fallback)
        row = rows.lease(key, detail=material.detail)
        return self._write(row, paper, material) if row else SummariseReport()

    def _is_over(self) -> bool:
        is_late = self._deadline is not None and timezone.now() >= self._deadline
        return is_late or self._stopped.is_set()

    def _material(self, paper: Paper, job: Wanted) -> _Material | None:
        """Return what there is to write from; None to wait for a full text that may come."""
        if job.detail is not DetailLevel.READING:
            return _Material(job.detail, job.detail)
        try:
            with self._texts[paper.pk]:  # its other language finds it read, not being read
                text = self._full_text(paper, now=self._now)
        except TemporaryError as error:
            log.info("no full text of %s for the moment: %s", paper, error)
            due_at = job.due_at or self._now
            may_wait = self._now < due_at + self._patience
            return (
                None
                if may_wait
                else _Material(job.detail, DetailLevel.TAKEAWAYS, fallback=Fallback.FULL_TEXT_LATE)
            )
        if text is None:
            return _Material(job.detail, DetailLevel.TAKEAWAYS, fallback=Fallback.NO_FULL_TEXT)
        return _Material(job.detail, job.detail, full_text=text)

    def _write(self, row: Summary, paper: Paper, material: _Material) -> SummariseReport:
        try:
            draft, summary = self._ask(row, paper, material)
        except NewsletterError as error:
            if rows.record_failure(row, error):
                self._stop(error)
            return SummariseReport(failed=1)
        if isinstance(summary, Refusal):
            rows.record_refusal(row, summary, draft)
            return SummariseReport(failed=1)
        rows.record_summary(
            row, summary, draft, detail=material.detail, fallback=material.fallback, now=self._now
        )
        return SummariseReport(model=1, withheld=len(summary.withheld))

    def _ask(self, row: Summary, paper: Paper, material: _Material) -> tuple[Draft, SummaryValue | Refusal]:
        draft = self._summariser.summarize(
            paper.record, language=row.language, detail=material.detail, full_text=material.full_text
        )
        summary = ground(
            draft,
            source=paper.record,
            language=row.language,
            voice=self._summariser.voice,
            full_text=material.full_text,
            asked=material.asked,
        )
        return draft, summary

    def _stop(self, error: NewsletterError) -> None:
        """Begin no further paper: what was refused has nothing to do with this one."""
        if not self._stopped.is_set():
            log.warning("no more summaries for the moment: %s", error)
        self._stopped.set()
