"""How much may be sent: messages a second as moving windows, messages a day with a warm-up.

A tenth of every rate and of every day is reserved for transactional mail, so that a confirmation never waits
behind fifty thousand digests.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

KEPT = 10
"""One in this many is reserved for transactional mail."""
LONGEST_RAMP = 40
"""Doublings; beyond them a warm-up limits nothing that could be sent."""


@dataclass(frozen=True, slots=True)
class Window:
    """At most ``amount`` begin in any ``seconds``, counted under ``key``."""

    key: str
    amount: int
    seconds: int


def windows(key: str, rate: float, *, transactional: bool) -> tuple[Window, ...]:
    """Return the windows a message has to pass at ``rate`` messages a second, the narrowest first.

    Whole messages count: 2.5 is two a second, and 0.3 one in four seconds.
    """
    amount, seconds = (floor(rate), 1) if rate >= 1 else (1, ceil(1 / rate))
    everything = Window(key, amount, seconds)
    if transactional:
        return (everything,)
    many = ceil(KEPT / amount)
    share = without_kept(amount * many)
    return Window(f"{key} digests", share, seconds * many), everything


def without_kept(amount: int) -> int:
    """Return the digests' share of ``amount``. Nothing is reserved of a single one."""
    return amount - ceil(amount / KEPT) if amount > 1 else amount


def daily_limit(*, daily: int | None, warmup: int | None, day: int) -> int | None:
    """Return how many may begin on the ``day``-th day of sending (the first is 0); None: any number.

    A warm-up begins with ``warmup`` and doubles daily, until ``daily`` or for ever.
    """
    if warmup is None:
        return daily
    ramp = warmup << min(day, LONGEST_RAMP)
    return ramp if daily is None else min(ramp, daily)
