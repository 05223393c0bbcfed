"""The retry policy: how often and how soon a delivery is tried again.

Which answer is which refusal is ``refusals``'; what is reported later is ``events``'.
"""

from __future__ import annotations

from datetime import timedelta

MAX_ATTEMPTS = 5
"""Leases that ended without an outcome; after them a delivery is quarantined."""
FEW = 14
"""Batch size of the second try, about the root of 200: a message that kills its worker takes few others
along."""
EVIDENCE_WAIT = timedelta(minutes=30)
"""How long to wait for a provider's event after a lost answer."""
BACK_OFF = tuple(timedelta(seconds=seconds) for seconds in (5, 15, 45, 120, 300, 900))
HOURLY = timedelta(hours=1)
LONGEST_WAIT = timedelta(days=1)
"""The longest Retry-After that is honoured: the next slot expires a digest anyway."""
SPREAD = 0.2
"""Jitter: mails that failed together do not retry together."""


def retry_delay(refusals: int, *, chance: float, retry_after: float | None = None) -> timedelta:
    """Return the wait after the ``refusals``-th temporary refusal (from 1).

    ``chance`` is a random number from 0 to 1. ``retry_after`` (seconds) is what the server asked for: the
    wait is never shorter than that, up to a day.
    """
    step = BACK_OFF[refusals - 1] if refusals <= len(BACK_OFF) else HOURLY
    delay = step * (1 - SPREAD + 2 * SPREAD * chance)
    if retry_after is None or not retry_after > 0:
        return delay
    return max(delay, timedelta(seconds=min(retry_after, LONGEST_WAIT.total_seconds())))
