"""Ids of deliveries: ordered by time, so that an index of them grows at its end only.

A UUID of version 8 (RFC 9562 §5.8): 18 zero bits, the time in 2 ms (42 bits, around the version), 62 random
bits. Not version 7: its first 18 bits change every twelve days, and by those bits a link of an earlier mail
finds its delivery, whose id is random.
"""

from __future__ import annotations

import secrets
import time
from uuid import UUID

TICK_NS = 2_000_000
TICK_BITS, _RANDOM_BITS = 42, 62
_VERSION, _VARIANT = 8, 0b10


def new_id() -> UUID:
    return UUID(int=_first(time.time_ns() // TICK_NS) | secrets.randbits(_RANDOM_BITS))


def ids_of(tick: int) -> tuple[UUID, UUID]:
    """Return the first and the last id of a tick."""
    first = _first(tick)
    return UUID(int=first), UUID(int=first | (1 << _RANDOM_BITS) - 1)


def tick_of(key: UUID) -> int | None:
    """Return when an id was made, in ticks since 1970; None for one of another kind."""
    tick = (key.int >> 80) << 12 | (key.int >> 64 & 0xFFF)
    return tick if tick < 1 << TICK_BITS and ids_of(tick)[0] <= key <= ids_of(tick)[1] else None


def _first(tick: int) -> int:
    return tick >> 12 << 80 | _VERSION << 76 | (tick & 0xFFF) << 64 | _VARIANT << _RANDOM_BITS
