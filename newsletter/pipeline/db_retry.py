"""Waiting for a database that is away for a moment: restarted, failed over, or ending a deadlock.

What a provider has answered must not be forgotten meanwhile: a worker that gave up here would turn an
acceptance into a lost answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

Result = TypeVar("Result")

AWAY = (InterfaceError, OperationalError)
LONGEST = timedelta(seconds=60)
PAUSE_SECONDS = 0.5


def with_db_retry(
    step: Callable[[], Result], *, sleep: Callable[[float], None] = time.sleep, longest: timedelta = LONGEST
) -> Result:
    """Take a step in the database, again and again while it is away; after ``longest`` raise what it raised.

    The step may have been committed although it failed, so it must be one that can be repeated.
    """
    deadline = time.monotonic() + longest.total_seconds()
    while True:
        try:
            return step()
        except AWAY:
            # Inside somebody's transaction there is nothing to repeat: it is lost as a whole.
            if connection.in_atomic_block or time.monotonic() >= deadline:
                raise
            connection.close()
            sleep(PAUSE_SECONDS)
