"""Weeks of papers: those of ISO 8601, Monday to Sunday, in UTC. Their names are in addresses: 2026-W25."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

LENGTH = timedelta(days=7)
YEARS = range(1991, 2200)
"""From arXiv's first year."""
_NAME = re.compile(r"([0-9]{4})-W([0-9]{2})")


@dataclass(frozen=True, slots=True, order=True)
class Week:
    starts_on: date
    """A Monday."""

    def __str__(self) -> str:
        year, week, _ = self.starts_on.isocalendar()
        return f"{year:04}-W{week:02}"

    @property
    def ends_on(self) -> date:
        return self.starts_on + timedelta(days=6)

    @property
    def begins_at(self) -> datetime:
        return datetime.combine(self.starts_on, time(), UTC)

    @property
    def ends_at(self) -> datetime:
        """When the next one begins."""
        return self.begins_at + LENGTH

    def after(self, weeks: int = 1) -> Week:
        """Return the week so many weeks later; a negative number means before."""
        return Week(self.starts_on + weeks * LENGTH)


def week_of(moment: datetime) -> Week:
    return week_of_day(moment.astimezone(UTC).date())


def week_of_day(day: date) -> Week:
    return Week(day - timedelta(days=day.weekday()))


def week_of_period(ends_on: date, *, days: int, first: Week | None, last: Week) -> str:
    """Return the name of the week that a period lies in for the most part; empty for one of several weeks.

    It is one that has a page. ``first``: the first that is stored; without one the first papers came in the
    week in which the period ends. ``last``: the present one, in UTC; the reader's Monday may begin earlier.
    """
    most = week_of_day(ends_on - timedelta(days=days // 2))
    return str(min(max(most, first or week_of_day(ends_on)), last)) if days <= 7 else ""


def topic_path(slug: str, *, week: str = "") -> str:
    """Return the path of a topic's week, else of the topic."""
    return f"/topics/{slug}/{week}/" if week else f"/topics/{slug}/"


def parse_week(name: str) -> Week | None:
    """Return the week of this name; None for one that no calendar has, such as 2026-W54."""
    found = _NAME.fullmatch(name)
    if found is None or int(found[1]) not in YEARS:
        return None
    try:
        return Week(date.fromisocalendar(int(found[1]), int(found[2]), 1))
    except ValueError:
        return None
