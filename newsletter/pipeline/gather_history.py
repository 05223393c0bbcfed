"""The service's own history of requests to arXiv: what was asked, and what is usual."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import groupby

from newsletter.audience.wanted_categories import wanted_categories
from newsletter.core.arxiv.announcements import (
    DELAY,
    Ask,
    Try,
    announcements_between,
    expected_announcement,
    submitted_between,
    weeks_earlier,
    what_to_ask,
)
from newsletter.core.arxiv.plausibility import Gathered
from newsletter.core.arxiv.query import covers
from newsletter.models import Delivery, GatherRun, Paper

WEEKS = 6
"""Earlier announcements of the same weekday that define what is usual."""
TRIES_KEPT = timedelta(days=5)
"""Longer than the longest pause between announcements."""
SAME_ANSWERS = 3
"""After this many answers with the same number of entries missing, the rest is saved."""
LASTING = timedelta(days=7)
NEVER = datetime.min.replace(tzinfo=UTC)


def ask_at(now: datetime) -> Ask:
    """Return what arXiv is to be asked for now: nothing while it asked to wait, or where no topic does."""
    held_off = GatherRun.objects.filter(retry_at__gt=now, from_file=False)
    if held_off.exists() or not wanted_categories():
        return Ask.NOTHING
    return what_to_ask(now, tries=recent_tries(now))


def untried_since(now: datetime) -> datetime | None:
    """Return since when no papers were asked for or read from a file, well or badly; None: none are due.

    A look that found new papers is not yet a try: they are asked for next.
    """
    tries = GatherRun.objects.filter(started_at__lte=now).order_by("-started_at")
    newest = tries.first()
    has_found = newest is not None and newest.is_probe and newest.new > 0
    if not has_found and ask_at(now) is Ask.NOTHING:
        return None
    last = tries.exclude(is_probe=True, new__gt=0).values_list("started_at", flat=True).first()
    return last or NEVER


def waits_for_papers(digest: Delivery, *, untried: datetime | None) -> bool:
    """Whether the service was off at its slot, and papers are due (``untried_since``), not tried since."""
    return untried is not None and digest.was_planned_late and untried < digest.slot_at


def recent_tries(now: datetime) -> list[Try]:
    """Return what arXiv was asked in the last days; all queries of one moment are one try."""
    return [
        Try(
            at=at,
            is_probe=all(run.is_probe for run in several),
            has_failed=any(run.error for run in several),
            new=sum(run.new for run in several),
            is_enough=any(run.is_enough for run in several),
        )
        for at, several in _moments(since=now - TRIES_KEPT, now=now)
    ]


def lasting_gap(now: datetime) -> int:
    """Return how many entries were missing from each of the last answers, hours apart: they will not come.

    0 where the last answers were complete, or differ in their number.
    """
    gaps: list[int] = []
    last = now
    for at, several in reversed(_moments(since=now - LASTING, now=now)):
        missing = max(run.missing for run in several)
        if all(run.is_probe for run in several) or (not missing and any(run.error for run in several)):
            continue  # it failed before a count
        if not missing or (gaps and missing != gaps[-1]):
            break
        if last - at >= DELAY:
            gaps.append(missing)
            last = at
    return gaps[0] if len(gaps) >= SAME_ANSWERS - 1 else 0


def _moments(*, since: datetime, now: datetime) -> list[tuple[datetime, list[GatherRun]]]:
    """Return the runs of each moment, the earliest first."""
    runs = GatherRun.objects.filter(from_file=False, started_at__range=(since, now)).order_by("started_at")
    return [(at, list(several)) for at, several in groupby(runs, key=lambda run: run.started_at)]


def judged(runs: Iterable[GatherRun], *, asked: Collection[str], days: float, now: datetime) -> Gathered:
    """Return what these runs brought, and what is usual for the queried categories."""
    expected = expected_announcement(now)
    dates = _dates(asked, since=weeks_earlier(expected, WEEKS + 1), now=now)
    published = [at for _, at in dates]
    begins, _ = submitted_between(expected)
    # The newest paper was in the first announcement after it.
    silent = announcements_between(max(published), expected) - 1 if published else 1
    return Gathered(
        received=sum(run.received for run in runs),
        days=days,
        new=sum(seen >= expected for seen, _ in dates),
        announced=sum(at >= begins for at in published),
        silent=max(1, silent),
        usual=_usual(published, announced=expected),
    )


def _dates(asked: Collection[str], *, since: datetime, now: datetime) -> list[tuple[datetime, datetime]]:
    """Return when each paper of these categories was first seen and when it was published."""

    @cache
    def is_asked_for(code: str) -> bool:
        return any(covers(pattern, code) for pattern in asked)

    # A date to come is an odd record's: as a paper of the last announcement it would hide silence.
    rows = Paper.objects.filter(published_at__range=(since, now), first_seen_at__lte=now)
    dates = rows.values_list("first_seen_at", "published_at", "categories")
    return [(seen, published) for seen, published, codes in dates.iterator() if any(map(is_asked_for, codes))]


def _usual(published: Collection[datetime], *, announced: datetime) -> float | None:
    """Return the mean of the weeks that lie within what is known; None where none does."""
    known_since = min(published, default=announced)
    counts = []
    for week in range(1, WEEKS + 1):
        start, end = submitted_between(weeks_earlier(announced, week))
        if start < known_since:
            break
        counts.append(sum(start <= moment < end for moment in published))
    return sum(counts) / len(counts) if counts else None
