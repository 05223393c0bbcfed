"""The weeks before today, for charts: deliveries a day, readers, spend, bounces and complaints, summaries.

A day that is over hardly changes, so it is counted once an hour and process; what is counted over all readers
or summaries, once in ten minutes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar

from django.core.cache import cache
from django.db.models import Count, F, Sum
from django.db.models.functions import TruncDate

from newsletter.adapters.llm.extractive import ExtractiveSummariser
from newsletter.core.digests.digest import NoticeKind
from newsletter.core.digests.weeks import week_of
from newsletter.core.summaries.summary import summary_from_json
from newsletter.models import ConsentEvent, Delivery, DigestNotice, MistakeReport, Subscriber, Summary
from newsletter.models.delivery import SENT, Kind, State
from newsletter.models.report import Settled
from newsletter.models.subscriber import Status
from newsletter.operating.late import FAILED
from newsletter.operating.situation import Situation
from newsletter.operating.today import Today

DAYS, WEEKS = 14, 12
DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
PAST_KEPT, COUNTS_KEPT = 3600, 600
"""Seconds for which a past day's counts, and counts over everything, are kept."""
MOST_SUMMARIES = 2000
T = TypeVar("T")
Counts = Counter[str]
"""By state."""


@dataclass(frozen=True, slots=True)
class DayOfMail:
    day: date
    accepted: int
    waiting: int
    failed: int


@dataclass(frozen=True, slots=True)
class SubscriberCounts:
    by_week: list[tuple[date, int]]
    """Active readers at the end of each week, by its Monday."""
    joined: int
    left: int
    """In the last seven days."""


@dataclass(frozen=True, slots=True)
class Claims:
    """Of the summaries that a model wrote in the last seven days, and of reports."""

    stand: int
    withheld: Counter[str]
    """By reason."""
    reported: int
    """Open ones."""
    corrected: int
    """In this month."""


def deliveries_a_day(found: Today, *, days: int = DAYS) -> list[DayOfMail]:
    """Return the last days, today last. What waits is today's."""
    last = _day(found.now)
    past = _counts([last - number * DAY for number in range(days - 1, 0, -1)])
    rows = [DayOfMail(day, _sent(counts), 0, _failed(counts)) for day, counts in past.items()]
    return [*rows, DayOfMail(last, found.out, found.waiting, found.failed)]


def complaints_a_week(now: datetime) -> list[tuple[date, float]]:
    """Return how many of a thousand mails bounced or drew a complaint, by week, for whole weeks."""
    monday = week_of(now).starts_on
    weeks = [monday - number * WEEK for number in range(WEEKS, 0, -1)]
    counts = _counts([week + number * DAY for week in weeks for number in range(7)])
    rows = []
    for week in weeks:
        total: Counts = sum((counts[week + number * DAY] for number in range(7)), Counter())
        sent, bad = _sent(total), total[State.BOUNCED] + total[State.COMPLAINED]
        rows.append((week, round(1000 * bad / sent, 1) if sent else 0.0))
    return rows


def _sent(counts: Counts) -> int:
    return sum(counts[state] for state in SENT)


def _failed(counts: Counts) -> int:
    return sum(counts[state] for state in FAILED)


def _counts(days: Sequence[date]) -> dict[date, Counts]:
    """Return how many digests ended on each of these past days, by state: one statement for the new ones."""
    keys = {f"operator:{day}": day for day in days}
    known: dict[str, Counts] = cache.get_many(keys)
    missing = [day for key, day in keys.items() if key not in known]
    if missing:
        fresh = {f"operator:{day}": counts for day, counts in _counted(missing).items()}
        cache.set_many(fresh, PAST_KEPT)
        known |= fresh
    return {day: known[key] for key, day in keys.items()}


def _counted(days: Sequence[date]) -> dict[date, Counts]:
    begin = datetime.combine(min(days), time.min, tzinfo=UTC)
    end = datetime.combine(max(days) + DAY, time.min, tzinfo=UTC)
    ended = Delivery.objects.filter(
        kind=Kind.DIGEST, state__in=(*SENT, *FAILED), outcome_at__gte=begin, outcome_at__lt=end
    )
    rows = ended.annotate(day=TruncDate("outcome_at", tzinfo=UTC)).order_by().values_list("day", "state")
    found = {day: Counter[str]() for day in days}
    for day, state, number in rows.annotate(number=Count("pk")):
        if day in found:
            found[day][state] = number
    return found


# --- readers, spend, summaries ---------------------------------------------------------------------------


def subscribers(now: datetime) -> SubscriberCounts:
    """Return the active readers of each week, reckoned back from now by who joined and who left."""
    return _kept(f"operator:readers:{_day(now)}", lambda: _subscribers(now))


def _subscribers(now: datetime) -> SubscriberCounts:
    begin = datetime.combine(week_of(now).starts_on - (WEEKS - 1) * WEEK, time.min, tzinfo=UTC)
    active = Subscriber.objects.filter(status=Status.ACTIVE).count()
    joined = _by_day(
        Subscriber.objects.filter(confirmed_at__gte=begin, confirmed_at__lte=now), "confirmed_at"
    )
    gone = ConsentEvent.objects.filter(action__in=("unsubscribed", "complained"), at__gte=begin, at__lte=now)
    left = _by_day(gone, "at")
    rows, number, day = [], active, _day(now)
    for week in (week_of(now).starts_on - number * WEEK for number in range(WEEKS)):
        rows.append((week, max(0, number)))
        while day >= week:  # back to the end of the week before
            number += left[day] - joined[day]
            day -= DAY
    recent = [_day(now) - number * DAY for number in range(7)]
    return SubscriberCounts(
        rows[::-1], sum(joined[each] for each in recent), sum(left[each] for each in recent)
    )


def _by_day(rows: Any, at: str) -> Counter[date]:
    days = rows.annotate(day=TruncDate(at, tzinfo=UTC)).order_by().values_list("day")
    return Counter(dict(days.annotate(number=Count("pk"))))


def spend(now: Situation, *, days: int = DAYS) -> list[tuple[date, int]]:
    """Return the model's tokens by the day on which what they bought was written; today's as counted."""
    last = _day(now.now)
    begin = datetime.combine(last - (days - 1) * DAY, time.min, tzinfo=UTC)
    written = Summary.objects.filter(written_at__gte=begin).exclude(model=ExtractiveSummariser.model)
    by_day = written.annotate(day=TruncDate("written_at", tzinfo=UTC)).order_by().values_list("day")
    used = dict(by_day.annotate(tokens=Sum(F("input_tokens") + F("output_tokens"))))
    used[last] = now.tokens_used
    return [(day, used.get(day, 0)) for day in (last - number * DAY for number in range(days - 1, -1, -1))]


def claims(now: datetime) -> Claims:
    """Return what became of the claims of the last seven days, and what is reported and corrected."""
    return _kept(f"operator:claims:{_day(now)}", lambda: _claims(now))


def _claims(now: datetime) -> Claims:
    written = Summary.objects.shown().filter(written_at__gt=now - WEEK, written_at__lte=now)
    rows = written.exclude(model=ExtractiveSummariser.model).order_by("-written_at")
    stand, withheld = 0, Counter[str]()
    for content in rows.values_list("content", flat=True)[:MOST_SUMMARIES]:
        summary = summary_from_json(content or {})
        stand += summary.checked
        withheld.update(each.reason for each in summary.withheld)
    month = datetime.combine(_day(now).replace(day=1), time.min, tzinfo=UTC)
    corrected = DigestNotice.objects.filter(kind=NoticeKind.CORRECTION, published_at__gte=month)
    return Claims(
        stand, withheld, MistakeReport.objects.filter(state=Settled.OPEN).count(), corrected.count()
    )


def _kept(key: str, count: Callable[[], T]) -> T:
    found: T | None = cache.get(key)
    if found is None:
        found = count()
        cache.set(key, found, COUNTS_KEPT)
    return found


def _day(now: datetime) -> date:
    return now.astimezone(UTC).date()
