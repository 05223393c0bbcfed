"""When a health reading becomes an incident, and when the incident is over."""

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
