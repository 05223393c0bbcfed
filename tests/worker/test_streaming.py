"""Planning, composing and sending at once: each wakes the next as soon as a part is stored."""

from __future__ import annotations

from datetime import timedelta

import pytest

from newsletter.adapters.infra.broker import Queue
from newsletter.models import Delivery
from newsletter.models.delivery import State
from newsletter.pipeline import tasks as work
from tests.fakes.papers import paper_record
from tests.pipeline.newsroom import MONDAY, SUNDAY
from tests.worker.workers import LATE, Workers

pytestmark = pytest.mark.django_db(transaction=True)
READERS = 5


@pytest.fixture
def room(workers: Workers, monkeypatch: pytest.MonkeyPatch) -> Workers:
    """Five daily readers of one topic with a paper, and chunks of one."""
    monkeypatch.setattr("newsletter.pipeline.schedule.CHUNK", 1)
    monkeypatch.setattr("newsletter.pipeline.compose.compose.CHUNK", 1)
    workers.room.topic("heads", "cat:cs.CV")
    for number in range(READERS):
        workers.room.subscriber(f"r{number}@example.org", "heads", cadence="daily")
    workers.room.take_in(paper_record(), now=SUNDAY + timedelta(hours=1))
    return workers


def counts_at(queue: Queue, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Return a list that gets how many are to be composed, and are composed, whenever this queue is woken."""
    counts: list[tuple[int, int]] = []

    def wake(woken: Queue, **_: object) -> None:
        if woken is queue:
            composed = Delivery.objects.filter(state=State.COMPOSED).count()
            counts.append((Delivery.objects.to_compose(now=LATE).count(), composed))

    monkeypatch.setattr(work, "wake", wake)
    return counts


def test_planning_wakes_composing_after_its_first_chunk(
    room: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was planned ahead: the service was off. More seldom later: composing goes on by itself."""
    counts = counts_at(Queue.COMPOSE, monkeypatch)
    room.run("tick", at=LATE)
    assert [due for due, _ in counts] == [1, 2, 4, READERS]


def test_passing_slots_that_were_planned_ahead_wakes_composing_as_well(
    room: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.run("tick", at=MONDAY - timedelta(hours=3))
    assert Delivery.objects.planned_ahead(now=MONDAY - timedelta(hours=3)).count() == READERS
    counts = counts_at(Queue.COMPOSE, monkeypatch)
    room.run("tick", at=MONDAY)
    assert [due for due, _ in counts] == [1, 2, 4, READERS]


def test_composing_wakes_sending_after_each_batch(room: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    room.run("tick", at=MONDAY)
    counts = counts_at(Queue.SEND, monkeypatch)
    room.run("compose", at=LATE)
    assert counts == [(4, 1), (3, 2), (2, 3), (1, 4), (0, 5)]


def test_the_first_batch_is_small_and_each_further_one_twice_as_large(
    room: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first mails need not wait until hundreds are composed."""
    monkeypatch.setattr("newsletter.pipeline.compose.compose.FIRST_CHUNK", 1)
    monkeypatch.setattr("newsletter.pipeline.compose.compose.CHUNK", 4)
    room.run("tick", at=MONDAY)
    counts = counts_at(Queue.SEND, monkeypatch)
    room.run("compose", at=LATE)
    assert [composed for _, composed in counts] == [1, 3, READERS]


def test_composing_that_composes_nothing_wakes_nobody(room: Workers, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = counts_at(Queue.SEND, monkeypatch)
    room.run("compose", at=LATE)
    assert counts == []
