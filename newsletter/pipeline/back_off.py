"""Back off from a database that refuses: a task that broke off on it is left alone for a while.

A full disk, a read-only replica or a missing right last for minutes; the tick and the retries come every few
seconds, and each try costs queries and lines in the log.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import Error

from newsletter.pipeline.db_retry import RefusedError

log = logging.getLogger(__name__)

SHORTEST, LONGEST = 5.0, 60.0
"""Seconds: the first wait; each failure doubles it, up to the other. Nobody waits longer than it was down."""


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
            wait = min(max(2 * wait, SHORTEST), LONGEST)
            self._waits[task] = wait, self.clock() + wait
            log.exception("%s broke off on the database: next try in %.0f s", task, wait)
        else:
            self._waits.pop(task, None)
