"""Retry a step while the database is unavailable: a restart, a fail-over, a deadlock.

A provider's answer must not be lost meanwhile: a worker that gave up would turn an acceptance into an
ambiguous delivery.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

from newsletter.models import Delivery

log = logging.getLogger(__name__)

Result = TypeVar("Result")

AWAY = (InterfaceError, OperationalError)
LONGEST = timedelta(seconds=60)
PAUSE_SECONDS = 0.5


def with_db_retry(
    step: Callable[[], Result], *, sleep: Callable[[float], None] = time.sleep, longest: timedelta = LONGEST
) -> Result:
    """Run a database step, retrying while the database is unavailable; after ``longest`` raise its error.

    The step may have been committed although it failed, so it must be idempotent.
    """
    deadline = time.monotonic() + longest.total_seconds()
    while True:
        try:
            return step()
        except AWAY:
            # Inside a caller's transaction a retry is useless: the whole transaction is lost.
            if connection.in_atomic_block or time.monotonic() >= deadline:
                raise
            connection.close()
            sleep(PAUSE_SECONDS)


def together_or_apart(
    rows: Sequence[Delivery], step: Callable[[Sequence[Delivery]], list[Delivery]], *, done: str
) -> list[Delivery]:
    """Do the step for these together or, where that breaks, by halves; return those that cannot be."""
    try:
        return step(rows)
    except AWAY:
        raise
    except Exception:
        if (half := len(rows) // 2) > 0:
            first, second = (together_or_apart(part, step, done=done) for part in (rows[:half], rows[half:]))
            return first + second
        log.exception("delivery %s could not be %s", rows[0].pk, done)
        return list(rows)
