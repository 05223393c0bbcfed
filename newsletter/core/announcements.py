"""When arXiv announces new papers, and when to ask for them.

Announcements come Sunday to Thursday at 20:00 US Eastern time (arXiv help, "Submission schedule and
availability"); on holidays none comes, which is why asking stops after a few tries.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/New_York")
ANNOUNCED_AT = time(20, 0)
WEEKDAYS = {6, 0, 1, 2, 3}
"""Sunday to Thursday, Monday is 0."""
DELAY = timedelta(hours=1)
TRIES = 4


def latest_announcement(now: datetime) -> datetime:
    """Return the last scheduled announcement at or before ``now`` (aware)."""
    day = now.astimezone(ZONE).date()
    while True:
        moment = datetime.combine(day, ANNOUNCED_AT, tzinfo=ZONE)
        if day.weekday() in WEEKDAYS and moment <= now:
            return moment
        day -= timedelta(days=1)


def is_time_to_ask(now: datetime, *, tries: Sequence[tuple[datetime, bool]]) -> bool:
    """Whether the scheduler should ask arXiv at ``now``.

    One hour after an announcement, then hourly until new papers came or four tries were made. ``tries`` holds
    (when, whether it brought new papers) of what was asked before, in any order.
    """
    begins = latest_announcement(now) + DELAY
    if now < begins:
        begins = latest_announcement(begins - DELAY - timedelta(microseconds=1)) + DELAY
    since = [(when, brought) for when, brought in tries if when >= begins]
    if len(since) >= TRIES or any(brought for _, brought in since):
        return False
    return all(now - when >= DELAY for when, _ in since)
