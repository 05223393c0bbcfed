"""Weeks of topics: their names, and the page of one."""

from __future__ import annotations

from datetime import date, timedelta

HAS_PAGES = False
"""Whether the site has a page a week of each topic; without them a topic's own page stands for all."""


def iso_week(day: date) -> str:
    """Return the ISO week of a day: ``2026-W25``."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def week_of_period(ends_on: date, *, days: int) -> str:
    """Return the week that a period lies in for the most part; nothing for a period of several."""
    return iso_week(ends_on - timedelta(days=days // 2)) if days <= 7 else ""


def topic_path(slug: str, *, week: str = "") -> str:
    """Return the path of a topic's week, else of the topic."""
    return f"/topics/{slug}/{week}/" if week and HAS_PAGES else f"/topics/{slug}/"
