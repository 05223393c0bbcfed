"""When arXiv announces new papers, and when to ask for them.

Announcements come Sunday to Thursday at 20:00 US Eastern time (arXiv help, "Submission schedule and
availability"); on holidays none comes. The API often shows them late, sometimes by a day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import Enum, auto
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/New_York")
ANNOUNCED_AT = time(20, 0)
DEADLINE_AT = time(14, 0)
WEEKDAYS = {6, 0, 1, 2, 3}
"""Sunday to Thursday, Monday is 0."""
_SUBMITTED = {6: (3, 2), 0: (3, 0)}
"""Weekday → how many days earlier the announced papers were submitted (from, until)."""
DELAY = timedelta(hours=1)
"""From an announcement to the first request, and between two probes."""
FIRST_BACK_OFF = timedelta(minutes=5)
"""After one failure; doubled with each further one, up to ``DELAY``."""


class Ask(Enum):
    """What to ask arXiv for now."""

    NOTHING = auto()
    NEWEST = auto()
    """The few newest entries, to see whether there is anything new."""
    WHOLE = auto()
    """The whole look-back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One request to arXiv and its result."""

    at: datetime
    is_probe: bool = False
    """Only the newest entries were asked for."""
    has_failed: bool = False
    new: int = 0
    """Papers that were not known before."""
    is_enough: bool = False
    """It brought about as many papers as usual for its weekday: nothing more is expected."""


def latest_announcement(now: datetime) -> datetime:
    """Return the last scheduled announcement at or before ``now`` (aware)."""
    day = now.astimezone(ZONE).date()
    while True:
        moment = datetime.combine(day, ANNOUNCED_AT, tzinfo=ZONE)
        if day.weekday() in WEEKDAYS and moment <= now:
            return moment
        day -= timedelta(days=1)


def expected_announcement(now: datetime) -> datetime:
    """Return the last announcement whose papers an answer at ``now`` should hold."""
    return latest_announcement(now - DELAY)


def weeks_earlier(announcement: datetime, weeks: int) -> datetime:
    """Return the announcement of the same weekday, also where the clocks were changed in between."""
    day = announcement.astimezone(ZONE).date() - timedelta(weeks=weeks)
    return datetime.combine(day, ANNOUNCED_AT, tzinfo=ZONE)


def submitted_between(announcement: datetime) -> tuple[datetime, datetime]:
    """Return between which deadlines the papers of an announcement were submitted."""
    day = announcement.astimezone(ZONE).date()
    first, last = _SUBMITTED.get(day.weekday(), (1, 0))
    start, end = (
        datetime.combine(day - timedelta(days=days), DEADLINE_AT, tzinfo=ZONE) for days in (first, last)
    )
    return start, end


def announcements_between(start: datetime, end: datetime) -> int:
    """Return how many announcements were due after ``start``, up to ``end``."""
    found, moment = 0, latest_announcement(end)
    while moment > start:
        found, moment = found + 1, latest_announcement(moment - timedelta(seconds=1))
    return found


def what_to_ask(now: datetime, *, tries: Iterable[Try]) -> Ask:
    """Say what the scheduler should ask arXiv for at ``now``.

    The whole look-back one hour after an announcement; then, hourly, a look at the newest entries until an
    answer was large enough. Failures are retried with back-off, at least hourly.
    ``tries`` may be in any order.
    """
    begins = expected_announcement(now) + DELAY
    since = sorted((each for each in tries if each.at >= begins), key=lambda each: each.at)
    if not since:
        return Ask.WHOLE
    if any(each.is_enough for each in since) or now - since[-1].at < _pause(since):
        return Ask.NOTHING
    answered = [each for each in since if not each.has_failed]
    if all(each.is_probe for each in answered) or (answered[-1].is_probe and answered[-1].new):
        return Ask.WHOLE
    return Ask.NEWEST


def _pause(tries: Sequence[Try]) -> timedelta:
    """Return how long to wait after the last of these."""
    failures = 0
    for each in reversed(tries):
        if not each.has_failed:
            break
        failures += 1
    # Ten doublings exceed DELAY; the cap keeps the power small in a long outage.
    return min(FIRST_BACK_OFF * 2 ** (min(failures, 10) - 1), DELAY) if failures else DELAY
