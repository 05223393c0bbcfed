"""Retry a step while the database is unavailable, and leave a task alone for a while that it refuses.

A restart, a fail-over or a deadlock passes: a provider's answer must not be lost meanwhile, since a worker
that gave up would turn an acceptance into an ambiguous delivery. A full disk, a read-only replica or a
missing right last for minutes; the tick and the retries come every few seconds, and each try costs queries
and lines in the log.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from django.db import Error, InterfaceError, OperationalError, connection

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
SHORTEST_WAIT, LONGEST_WAIT = 5.0, 60.0
"""Seconds: the first wait; each failure doubles it, up to the other. Nobody waits longer than it was down."""


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


@dataclass(slots=True)
class BackOff:
    """What is left alone until when, in this process. A task that is left out is found by a later tick."""

    clock: Callable[[], float] = time.monotonic
    _waits: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Task → how long it waits, and until when."""

    def run(self, task: str, step: Callable[[], object]) -> None:
        """Do the step, unless it broke off on the database a moment ago."""
        wait, until = self._waits.get(task, (0.0, 0.0))
        if wait and self.clock() < until:
            return
        try:
            step()
        except (Error, RefusedError):
            wait = min(max(2 * wait, SHORTEST_WAIT), LONGEST_WAIT)
            self._waits[task] = wait, self.clock() + wait
            log.exception("%s broke off on the database: next try in %.0f s", task, wait)
        else:
            self._waits.pop(task, None)
