"""What is reported of a delivery: kinds of events, their ranks, and when soft bounces end an address.

Adapters translate what a provider reports; ``pipeline/send/subscriber_status.py`` owns what follows for the
reader.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class EventKind(StrEnum):
    """What a provider may report about one delivery; the same for all providers."""

    PROCESSED = "processed"
    DEFERRED = "deferred"
    DELIVERED = "delivered"
    HARD_BOUNCE = "hard_bounce"
    SOFT_BOUNCE = "soft_bounce"
    DROPPED = "dropped"
    """The provider accepted it and did not try to deliver it."""
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"
    GROUP_UNSUBSCRIBE = "group_unsubscribe"
    GROUP_RESUBSCRIBE = "group_resubscribe"
    UNKNOWN = "unknown"
    """An event name that is not known here."""
    UNREADABLE = "unreadable"
    """Signed, but malformed."""


_REPORTED = {
    EventKind.DELIVERED: "DELIVERED",
    EventKind.HARD_BOUNCE: "BOUNCED",
    EventKind.SOFT_BOUNCE: "BOUNCED",
    EventKind.DROPPED: "BOUNCED",
    EventKind.COMPLAINT: "COMPLAINED",
}
RANKS = {"ACCEPTED": 1, "DELIVERED": 2, "BOUNCED": 3, "COMPLAINED": 4}
"""An event moves a delivery upwards only, so order and repeats of events do not matter."""
SOFT_BOUNCE_RUN = 5
SOFT_BOUNCE_SPAN = timedelta(days=14)
"""An address is given up after this many refused mails in a row, over at least this time. A full mailbox, an
outage or a blocklisting lasts days, in which a daily reader may get five mails; two weeks outlast them, and
are short enough for our reputation as a sender."""


def outranks(reported: str, current: str) -> bool:
    """Whether an event moves a delivery in state ``current``; a state without a rank is lowest."""
    return RANKS.get(reported, 0) > RANKS.get(current, 0)


def reported_state(kind: EventKind) -> str:
    """Return the state that a report puts its delivery in: any event shows at least that it was accepted."""
    return _REPORTED.get(kind, "ACCEPTED")


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one mail to an address."""

    sent_at: datetime
    is_refused: bool
    """A soft bounce. Anything else, also an unknown result, ends a run of them."""


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

    A run only grows as more becomes known, so the order of events does not matter.
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
