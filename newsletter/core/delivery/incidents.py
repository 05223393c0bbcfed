"""When a health reading becomes an incident, and when it is over; above which bounces sending is paused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One health check's current value: an age in seconds, or a count."""

    name: str
    """Its name in metrics, incidents and keys."""
    value: float
    limit: float
    """Above this it is an incident; at half of it or below, the incident is over."""
    says: str
    """What is wrong, for the operator; nothing personal."""
    look_at: str
    """Where to look first."""


class Verdict(Enum):
    BEGINS = auto()
    GOES_ON = auto()
    ENDS = auto()
    CALM = auto()


def judge(reading: Reading, *, is_open: bool) -> Verdict:
    """Return what becomes of an incident. A value near its limit does not begin and end it repeatedly."""
    if is_open:
        return Verdict.ENDS if reading.value <= reading.limit / 2 else Verdict.GOES_ON
    return Verdict.BEGINS if reading.value > reading.limit else Verdict.CALM


def in_words(seconds: float) -> str:
    """Return an age as a person says it: ``40 minutes``, ``3 hours``, ``2 days``."""
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {unit}s"
    return f"{int(timedelta(seconds=seconds) / timedelta(seconds=1))} seconds"


# --- circuit breakers ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Fuse:
    """A share of the mails in a sliding window that must not be exceeded."""

    what: str
    """What happened to them, as a verb."""
    limit: float
    window: timedelta
    min_mails: int
    """With fewer mails in the window the share means little."""
    min_cases: int
    """Fewer cases may be chance, whatever their share."""

    def blows(self, *, cases: int, mails: int) -> bool:
        return cases >= self.min_cases and mails >= self.min_mails and cases > self.limit * mails


BOUNCES = Fuse(what="bounced", limit=0.05, window=timedelta(days=1), min_mails=200, min_cases=11)
"""A day: a bad list shows while it is being mailed. With 200 mails four dead addresses among a
lab's fifty readers stop nothing; an imported list of strangers stops within its first few hundred."""
COMPLAINTS = Fuse(what="complained", limit=0.001, window=timedelta(days=7), min_mails=1000, min_cases=3)
"""A week: complaints come days after the mail, and a weekly list has one mailing in it. Three in a thousand
is the least at which the rate lies above 0.1 % with 97.5 % certainty (Wilson's interval)."""
CONFIRMATIONS = Fuse(what="bounced", limit=0.2, window=timedelta(days=1), min_mails=50, min_cases=20)
"""Confirmations go to whatever a stranger typed, so they count apart: above this only sign-up pauses. Typing
mistakes are a few per cent; one bad address in five is a list attack."""
ESTABLISHED = timedelta(days=7)
"""A reader who confirmed more lately than this may have joined to complain or to refuse the mail."""
