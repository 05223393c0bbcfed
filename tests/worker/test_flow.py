"""The whole flow through the workers' real entry: Celery's tasks, each woken by the one before."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from pytest_django import Settings

from newsletter.adapters.infra import broker
from newsletter.adapters.infra.broker import TASK, Queue
from newsletter.models import Delivery, Paper, Selection, Subscriber
from newsletter.models.delivery import State
from newsletter.pipeline import stages, tasks
from newsletter.pipeline.stages import STAGES
from newsletter.subscribers.on_demand import Answer, send_one_now
from tests.fakes.papers import ListSource, paper_record
from tests.pipeline.newsroom import MONDAY, SUNDAY, Newsroom, account, states
from worker.app import app

pytestmark = pytest.mark.django_db(transaction=True)
AHEAD = MONDAY - timedelta(hours=3)
SENT_BY = MONDAY + timedelta(minutes=6)
"""Later than any reader's own delay."""


class Workers:
    """Does each published task as a worker does, with the same arguments, until nothing is published."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.published: deque[tuple[str, str, dict[str, str]]] = deque()
        self.done: list[str] = []
        monkeypatch.setattr(broker, "_publish", self._publish)
        app.loader.import_default_modules()

    def _publish(self, task: str, *, queue: Queue, **given: str) -> None:
        self.published.append((task, queue.value, given))

    def run(self, *names: str) -> None:
        self.published.extend((name, "", {}) for name in names)
        for _ in range(200):
            if not self.published:
                return
            name, _, given = self.published.popleft()
            self.published = deque(each for each in self.published if (each[0], each[2]) != (name, given))
            self.done.append(name)
            app.tasks[TASK.format(name)].apply(kwargs=given, throw=True)
        raise AssertionError(f"they never come to an end: {self.done[-12:]}")


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Newsroom:
    settings.CONFIG = settings.CONFIG.model_copy(
        update={"redis_url": "redis://localhost:1", "outbox_dir": tmp_path / "outbox"}
    )
    room = Newsroom(tmp_path / "outbox")
    context = room.context
    context.__dict__["source"] = ListSource(*(paper_record(number) for number in range(1, 16)))
    monkeypatch.setattr(tasks, "context", lambda: context)
    room.topic("heads", "cat:cs.CV")
    room.topic("graphs", "cat:cs.LG")
    return room


@pytest.fixture
def workers(monkeypatch: pytest.MonkeyPatch) -> Workers:
    return Workers(monkeypatch)


def at(moment: datetime) -> Any:
    return time_machine.travel(moment.astimezone(UTC), tick=False)


def test_they_send_what_a_pass_sends(room: Newsroom, workers: Workers) -> None:
    """From gathering to the mail: the same papers in the same places as one pass at the slot."""
    ann = room.subscriber("ann@example.org", "heads,graphs", max_papers=2)
    with at(SUNDAY + timedelta(hours=1)):
        workers.run("gather")
    assert Paper.objects.filter(matched_at=None).count() == 0
    with at(AHEAD):
        workers.run("tick")
    assert states(ann) == [("2026-06-15", "PLANNED")]
    selected = Delivery.objects.get().selection
    assert selected is not None
    with at(MONDAY):
        workers.run("tick")
    assert states(ann) == [("2026-06-15", "COMPOSED")]
    with at(SENT_BY):
        workers.run("retry")
    assert states(ann) == [("2026-06-15", "ACCEPTED")]
    by_workers, seen = account(ann), Subscriber.objects.get().seen_papers
    assert by_workers == [(2, 6, 7, 15)]
    assert Delivery.objects.get().selection == selected
    Delivery.objects.all().delete()
    Subscriber.objects.update(seen_papers=b"", next_slot_at=MONDAY)
    ann.subscriptions.update(covered_until=None)
    room.run(MONDAY)
    assert (account(ann), Subscriber.objects.get().seen_papers) == (by_workers, seen)
    assert Selection.objects.count() == 1


def test_what_a_person_asks_for_goes_at_once_without_a_tick(room: Newsroom, workers: Workers) -> None:
    ann = room.subscriber("ann@example.org", "heads")
    with at(SUNDAY + timedelta(hours=1)):
        workers.run("gather")
        assert send_one_now(ann, now=SUNDAY + timedelta(hours=1)) is Answer.PLANNED
        workers.run()
    assert [state for _, state in states(ann)] == ["ACCEPTED"]
    assert "tick" not in workers.done


def test_a_task_leaves_the_other_kind_of_digest_alone(room: Newsroom, workers: Workers) -> None:
    ann, ben = (room.subscriber(f"{name}@example.org", "heads") for name in ("ann", "ben"))
    with at(SUNDAY + timedelta(hours=1)):
        workers.run("gather")
    with at(MONDAY):
        stages.schedule(tasks.work())
        send_one_now(ann, now=MONDAY)
        Delivery.objects.filter(subscriber=ann).update(is_on_demand=True)
        workers.published.clear()
        app.tasks[TASK.format("transactional")].apply(throw=True)
    assert [state for _, state in states(ann)] == ["ACCEPTED"]
    assert [state for _, state in states(ben)] == ["PLANNED"]


def test_what_a_dead_worker_held_is_taken_up(room: Newsroom, workers: Workers) -> None:
    ann = room.subscriber("ann@example.org", "heads")
    with at(SUNDAY + timedelta(hours=1)):
        workers.run("gather")
    with at(MONDAY):
        workers.run("tick")
        Delivery.objects.update(
            state=State.SENDING, lease_owner="host/1/1.0", lease_until=MONDAY - timedelta(seconds=1)
        )
    with at(SENT_BY):
        workers.run("retry")
    assert states(ann) == [("2026-06-15", "ACCEPTED")]


def test_the_stages_are_in_the_order_of_the_flow() -> None:
    assert [stage.__name__ for stage in STAGES] == [
        "gather",
        "events",
        "match",
        "reconcile",
        "schedule",
        "select",
        "summarize",
        "compose",
        "send",
    ]
