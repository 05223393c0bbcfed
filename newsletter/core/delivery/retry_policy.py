"""How long to wait before another try, what a report about a delivery means, and which counts for more.

Tables and arithmetic only. What one answer of a mail server means is its adapter's; what follows for the
reader is ``pipeline.sending.standing``'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

MAX_ATTEMPTS = 5
"""Claims that ended without an outcome; after them a delivery is quarantined."""
FEW = 14
"""About the root of two hundred: of so many that lost a try with a bad one, fourteen lose a second."""
EVIDENCE_WAIT = timedelta(minutes=30)
"""How long a lost answer may still turn up, as a provider's event."""
BACK_OFF = tuple(timedelta(seconds=seconds) for seconds in (5, 15, 45, 120, 300, 900))
HOURLY = timedelta(hours=1)
LONGEST_WAIT = timedelta(days=1)
"""What another side may ask for at most: its next slot overtakes a digest anyway."""
SPREAD = 0.2
"""Waits differ by up to this share, so that what failed together does not come back together."""


class EventKind(StrEnum):
    """What a provider may report of one delivery, whoever the provider is."""

    PROCESSED = "processed"
    DEFERRED = "deferred"
    DELIVERED = "delivered"
    HARD_BOUNCE = "hard_bounce"
    SOFT_BOUNCE = "soft_bounce"
    DROPPED = "dropped"
    """The provider took it and then did not try to deliver it."""
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"
    GROUP_UNSUBSCRIBE = "group_unsubscribe"
    GROUP_RESUBSCRIBE = "group_resubscribe"
    UNKNOWN = "unknown"
    """Of a name that has no meaning here."""
    UNREADABLE = "unreadable"
    """Signed, but of a form that no report has."""


_REPORTED = {
    EventKind.DELIVERED: "DELIVERED",
    EventKind.HARD_BOUNCE: "BOUNCED",
    EventKind.SOFT_BOUNCE: "BOUNCED",
    EventKind.DROPPED: "BOUNCED",
    EventKind.COMPLAINT: "COMPLAINED",
}

SOFT_BOUNCE_RUN = 5
SOFT_BOUNCE_SPAN = timedelta(days=14)
"""An address is given up after this many refused mails in a row, over at least this time. A full mailbox, an
outage or a blocklisting lasts days, and a daily reader gets five mails in five of them; two weeks without a
single mail that arrived are longer than those, and short enough that senders are not judged by it."""

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


def reported_state(kind: EventKind) -> str:
    """Return the state that a report puts its delivery in: any report at all shows that it was accepted."""
    return _REPORTED.get(kind, "ACCEPTED")


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one mail to an address."""

    sent_at: datetime
    is_refused: bool
    """A soft bounce. Everything else, what is not known yet too, ends a run of them."""


def refusals_at_the_end(results: Sequence[Result]) -> int:
    """Return how many of the latest mails were refused in a row. ``results`` are in order of time."""
    run = 0
    for result in reversed(results):
        if not result.is_refused:
            break
        run += 1
    return run


def is_given_up(results: Sequence[Result], *, place: int) -> bool:
    """Whether the run of refusals around ``place`` is long enough to give the address up.

    A run only grows as more becomes known, so it does not matter in which order reports come in.
    """
    first = last = place
    if not results[place].is_refused:
        return False
    while first > 0 and results[first - 1].is_refused:
        first -= 1
    while last + 1 < len(results) and results[last + 1].is_refused:
        last += 1
    span = results[last].sent_at - results[first].sent_at
    return last - first + 1 >= SOFT_BOUNCE_RUN and span >= SOFT_BOUNCE_SPAN
