"""A small delay per reader, so that everybody's 08:00 is not one load spike. It never moves the slot."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

LONGEST = timedelta(minutes=5)
_STEPS = 2**32


def own_delay(reader_id: int) -> timedelta:
    """Return this reader's delay, from 0 to ``LONGEST``: always the same, and evenly spread over readers."""
    hashed = sha256(f"delay\0{reader_id}".encode()).digest()
    return LONGEST * (int.from_bytes(hashed[:4], "big") / _STEPS)
