"""How long to wait before another try, and which report about a delivery counts for more. Tables only.

What one answer of a mail server means is its adapter's; what follows for the reader is
``pipeline.outcomes``'.
"""

from __future__ import annotations

from datetime import timedelta

MAX_ATTEMPTS = 5
"""Claims that ended without an outcome; after them a delivery is quarantined."""
EVIDENCE_WAIT = timedelta(minutes=30)
"""How long a lost answer may still turn up, as a provider's event."""
BACK_OFF = tuple(timedelta(seconds=seconds) for seconds in (5, 15, 45, 120, 300, 900))
HOURLY = timedelta(hours=1)
LONGEST_WAIT = timedelta(days=1)
"""What another side may ask for at most: its next slot overtakes a digest anyway."""
SPREAD = 0.2
"""Waits differ by up to this share, so that what failed together does not come back together."""

RANKS = {"ACCEPTED": 1, "DELIVERED": 2, "BOUNCED": 3, "COMPLAINED": 4}
"""A report moves a delivery upwards only: the order and number of reports cannot matter."""


def retry_delay(refusals: int, *, chance: float, retry_after: float | None = None) -> timedelta:
    """Return the wait after the ``refusals``-th temporary refusal (from 1).

    ``chance`` is a random number from 0 to 1. ``retry_after`` (seconds) is what the other side asked for: the
    wait is never shorter than that, except beyond a day.
    """
    step = BACK_OFF[refusals - 1] if refusals <= len(BACK_OFF) else HOURLY
    delay = step * (1 - SPREAD + 2 * SPREAD * chance)
    if retry_after is None or not retry_after > 0:
        return delay
    return max(delay, timedelta(seconds=min(retry_after, LONGEST_WAIT.total_seconds())))


def outranks(reported: str, current: str) -> bool:
    """Whether a report moves a delivery that stands at ``current``; a state without a rank is below all."""
    return RANKS.get(reported, 0) > RANKS.get(current, 0)
