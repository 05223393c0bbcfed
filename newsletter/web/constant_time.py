"""How long an answer takes, where that must not tell what is known of an address."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

AT_LEAST = 0.025
"""Seconds: longer than the longest way takes on an idle machine. On a busy one the ways differ by a few
milliseconds, since all of them begin and commit one writing transaction."""


@contextmanager
def constant_time() -> Iterator[None]:
    """Wait at the end until ``AT_LEAST`` has passed since the beginning."""
    begun = time.monotonic()
    yield
    time.sleep(max(0.0, begun + AT_LEAST - time.monotonic()))
