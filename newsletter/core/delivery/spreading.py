"""A reader's own share of a wait, so that everybody's 08:00 is not one spike. It never moves the slot."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

LONGEST = timedelta(minutes=5)
"""Unless the operator sets another time (NEWSLETTER_SPREAD)."""
SHORTEST_LEAD, LONGEST_LEAD = timedelta(hours=3, minutes=10), timedelta(hours=3, minutes=50)
"""How long before its slot a digest is planned: never at a full hour before, when others are sent."""
_STEPS = 2**32


def own_delay(subscriber_id: int, *, longest: timedelta = LONGEST) -> timedelta:
    """Return this reader's delay, from 0 to ``longest``: always the same share of it, evenly spread."""
    return longest * _share("delay", subscriber_id)


def planning_lead(subscriber_id: int) -> timedelta:
    """Return how long before its slot this reader's digest is planned: always the same, and evenly spread."""
    return SHORTEST_LEAD + (LONGEST_LEAD - SHORTEST_LEAD) * _share("lead", subscriber_id)


def _share(what: str, subscriber_id: int) -> float:
    hashed = sha256(f"{what}\0{subscriber_id}".encode()).digest()
    return int.from_bytes(hashed[:4], "big") / _STEPS
