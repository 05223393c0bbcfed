"""The workers on a small newsroom: a task is run as Celery would, at any moment of the clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import time_machine
from celery.schedules import crontab

from newsletter.adapters.infra.broker import TASK, Queue
from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import State
from newsletter.pipeline.context import Context
from tests.pipeline.deliveries import digest
from tests.pipeline.newsroom import MONDAY, Newsroom
from worker.app import app

MINUTE = timedelta(minutes=1)
LATE = MONDAY + timedelta(hours=1)
"""Every reader's own small delay has passed."""
LATER = LATE + MINUTE


@dataclass
class Workers:
    room: Newsroom
    context: Context
    woken: list[Queue] = field(default_factory=list)
    """The stages that the last task woke, in order."""
    hints: list[UUID] = field(default_factory=list)
    """Where it said that they go on from."""

    def run(self, task: str, *, at: datetime = MONDAY, **given: Any) -> list[Queue]:
        """Run a task of this name; return which stages it woke."""
        app.loader.import_default_modules()
        self.woken.clear()
        self.hints.clear()
        with time_machine.travel(at):
            app.tasks[TASK.format(task)](**given)
        return list(self.woken)

    def wake(self, queue: Queue, *, after: UUID | None = None) -> None:
        self.woken.append(queue)
        if after:
            self.hints.append(after)


def finished(subscriber: Subscriber | None = None, *, at: datetime = MONDAY, **fields: Any) -> Delivery:
    """Make a composed digest that has been due for a second at ``at``."""
    moments = dict.fromkeys(("slot_at", "planned_at", "composed_at", "covers_until"), at)
    due = {"next_attempt_at": at - timedelta(seconds=1)}
    return digest(subscriber, **(moments | due | fields))


def planned(subscriber: Subscriber | None = None, **fields: Any) -> Delivery:
    empty: dict[str, Any] = {
        "fragments": [],
        "composed_at": None,
        "covers_until": None,
        "next_attempt_at": None,
    }
    return finished(subscriber, **({"state": State.PLANNED} | empty | fields))


def seconds_to_next(schedule: float | crontab, *, after: datetime = MONDAY) -> float:
    """Return the seconds from ``after`` to the next time of an entry of the schedule."""
    if isinstance(schedule, float):
        return schedule
    _, wait, _ = schedule.remaining_delta(after)
    return float((after + wait - after).total_seconds())


def rows() -> dict[UUID, dict[str, Any]]:
    """Return every delivery as it stands in the database."""
    return {row["id"]: dict(row) for row in Delivery.objects.values()}


def state(delivery: Delivery) -> str:
    return Delivery.objects.get(pk=delivery.pk).state
