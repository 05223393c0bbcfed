"""Equal response times where they must not reveal whether an address is known."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

AT_LEAST = 0.025
"""Seconds: longer than the slowest path on an idle machine. On a busy one paths differ by a few milliseconds,
since all begin and commit one write transaction."""


@contextmanager
def constant_time() -> Iterator[None]:
    """Wait at the end until ``AT_LEAST`` has passed since the beginning."""
    begun = time.monotonic()
    yield
    time.sleep(max(0.0, begun + AT_LEAST - time.monotonic()))
