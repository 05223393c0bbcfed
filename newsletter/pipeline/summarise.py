"""Stage 3: each selected paper summarised once per (version, language, prompt version, model).

A claim on the row keeps two workers from paying twice. What a model gets wrong is recorded with its reason,
and the extractive summary stands in, labelled.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import F, Q
from django.utils import timezone

from newsletter.adapters.extractive import ExtractiveSummariser
from newsletter.adapters.ports import Summariser
from newsletter.core.grounding import Refusal, ground
from newsletter.core.reading import Depth, Voice, summary_to_json
from newsletter.errors import NewsletterError, PermanentError, UnusableAnswer
from newsletter.models import Paper, Summary
from newsletter.pipeline.budget import DailyCapReached

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
CLAIM = timedelta(minutes=5)
"""Longer than a model call with its retries may take; real time."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A summary some digest is going to show."""

    paper_id: int
    language: str
    """The reader's; the summariser says in which it will write."""
    depth: Depth


@dataclass(slots=True)
class SummariseReport:
    model: int = 0
    """Summaries a model wrote."""
    extractive: int = 0
    withheld: int = 0
    """Claims not shown for lack of evidence."""
    failed: int = 0
    """Papers for which the model gave nothing usable this time."""
    reasons: dict[str, int] = field(default_factory=dict)


def write_summaries(
    wanted: Iterable[Wanted],
    *,
    summariser: Summariser,
    now: datetime,
    on_paper: Callable[[], None] = lambda: None,
    deadline: datetime | None = None,
) -> SummariseReport:
    """Write what is missing at the deepest depth asked for, and an extract of every paper besides.

    No model is asked after ``deadline`` (real time): what is left then is left for another call.
    """
    deepest = _deepest(wanted, summariser)
    paper_ids = {paper_id for paper_id, _ in deepest}
    report = SummariseReport(extractive=write_extracts(paper_ids, now=now))
    if summariser.voice is Voice.AUTHORS:
        return report
    papers = Paper.objects.in_bulk(paper_ids)
    for (paper_id, language), depth in deepest.items():
        if deadline is not None and timezone.now() >= deadline:
            break
        if paper_id in papers:
            _write(papers[paper_id], summariser, language=language, depth=depth, now=now, report=report)
        on_paper()
    return report


def write_extracts(paper_ids: Iterable[int], *, now: datetime) -> int:
    """Write an extractive summary of each paper that has none of its current version; return how many."""
    extractive = ExtractiveSummariser()
    key = {"model": extractive.model, "prompt_version": extractive.prompt_version, "language": "en"}
    rows = []
    for paper in Paper.objects.filter(pk__in=set(paper_ids)).exclude(
        summaries__in=Summary.objects.filter(**key, paper_version=F("paper__version"), content__isnull=False)
    ):
        draft = extractive.summarise(paper.record, language="en", depth=Depth.TAKEAWAYS)
        summary = ground(draft, source=paper.record, language="en", voice=Voice.AUTHORS)
        if isinstance(summary, Refusal):
            log.error("%s has no abstract to choose from: %s", paper, summary.reason)
            continue
        rows.append(
            Summary(
                **key,
                paper=paper,
                paper_version=paper.version,
                depth=Depth.TAKEAWAYS.value,
                content=summary_to_json(summary),
                written_at=now,
            )
        )
    Summary.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def _deepest(wanted: Iterable[Wanted], summariser: Summariser) -> dict[tuple[int, str], Depth]:
    deepest: dict[tuple[int, str], Depth] = {}
    for want in wanted:
        key = (want.paper_id, summariser.language_for(want.language))
        deepest[key] = max(deepest.get(key, want.depth), want.depth, key=lambda depth: depth.rank)
    return deepest


def _write(
    paper: Paper,
    summariser: Summariser,
    *,
    language: str,
    depth: Depth,
    now: datetime,
    report: SummariseReport,
) -> None:
    row = _claim(paper, summariser, language=summariser.language_for(language), depth=depth)
    if row is None:
        return
    try:
        draft = summariser.summarise(paper.record, language=row.language, depth=depth)
        summary = ground(
            draft, source=paper.record, language=row.language, voice=summariser.voice, asked=depth
        )
    except NewsletterError as error:
        _record_failure(row, error)
        report.failed += 1
        return
    tokens = {"input_tokens": draft.input_tokens, "output_tokens": draft.output_tokens}
    if isinstance(summary, Refusal):
        _save(row, failure=f"ungrounded: {summary.reason}", is_final=row.attempts >= MAX_ATTEMPTS, **tokens)
        report.failed += 1
        return
    _save(row, content=summary_to_json(summary), depth=depth.value, failure="", written_at=now, **tokens)
    report.withheld += len(summary.withheld)
    report.model += 1


def _claim(paper: Paper, summariser: Summariser, *, language: str, depth: Depth) -> Summary | None:
    """Return the row to fill, or None when it is written already, being written, or has failed for good."""
    key = {
        "paper": paper,
        "paper_version": paper.version,
        "language": language,
        "prompt_version": summariser.prompt_version,
        "model": summariser.model,
    }
    Summary.objects.bulk_create([Summary(**key, depth=depth.value)], ignore_conflicts=True)
    real_now = timezone.now()
    shallower = [other.value for other in Depth if other.rank < depth.rank]
    unwritten = Q(content__isnull=True) | Q(depth__in=shallower)
    free = Q(claimed_until__isnull=True) | Q(claimed_until__lte=real_now)
    claimed = Summary.objects.filter(
        unwritten, free, **key, is_final=False, attempts__lt=MAX_ATTEMPTS
    ).update(claimed_until=real_now + CLAIM, attempts=F("attempts") + 1)
    return Summary.objects.get(**key) if claimed else None


def _record_failure(row: Summary, error: NewsletterError) -> None:
    if isinstance(error, DailyCapReached):
        _save(row, failure="daily_cap", attempts=F("attempts") - 1)
        return
    reason = (error.reason if isinstance(error, PermanentError) else "") or type(error).__name__
    paid = {}
    if isinstance(error, UnusableAnswer):
        paid = {"input_tokens": error.input_tokens, "output_tokens": error.output_tokens}
    _save(row, failure=reason[:80], is_final=isinstance(error, PermanentError), **paid)


def _save(row: Summary, **fields: object) -> None:
    Summary.objects.filter(pk=row.pk).update(claimed_until=None, **fields)
