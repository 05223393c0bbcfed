"""Retry a step while the database is unavailable: a restart, a fail-over, a deadlock.

A provider's answer must not be lost meanwhile: a worker that gave up would turn an acceptance into an
ambiguous delivery.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from django.db import InterfaceError, OperationalError, connection

from newsletter.core.delivery.retry_policy import FEW
from newsletter.errors import TemporaryError

log = logging.getLogger(__name__)

Result = TypeVar("Result")
Row = TypeVar("Row")

AWAY = (InterfaceError, OperationalError)
LONGEST = timedelta(seconds=60)
PAUSE_SECONDS = 0.5
MOST_IN_A_ROW = FEW + 1
"""Rows that break alone, one after the other, before the rest of a batch is left for another time. More than
are tried again together: those may all be broken."""


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


class RefusedError(TemporaryError):
    """The database refuses whatever a batch asks for. ``broken``: the rows that were tried alone."""

    broken: Sequence[Any] = ()


def together_or_apart(
    rows: Sequence[Row],
    step: Callable[[Sequence[Row]], Sequence[Row]],
    *,
    done: str,
    name: Callable[[Any], str] = lambda row: f"delivery {row.pk}",
    most: int | None = MOST_IN_A_ROW,
) -> list[Row]:
    """Do the step for these together or, where that breaks, by halves; return those that cannot be.

    The step returns those that it knows to be broken. Raises RefusedError once ``most`` break one after the
    other: it is not these rows then.
    """
    broken: list[Row] = []
    parts, in_a_row = [rows], 0
    while parts:
        part = parts.pop()
        try:
            broken += step(part)
            in_a_row = 0
        except AWAY:
            raise
        except Exception as error:
            if len(part) > 1:
                # Every second row: broken ones that lie together must not look like a database that refuses.
                parts += [part[1::2], part[::2]]
                continue
            in_a_row += 1
            broken.append(part[0])
            log.exception("%s could not be %s", name(part[0]), done)
            if in_a_row == most:
                refused = RefusedError(f"nothing can be {done}: {error}")
                refused.broken = broken
                raise refused from error
    return broken
