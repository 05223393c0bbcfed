"""Waking a stage: after commit, on a real Redis; and without one, soon and without an error."""

from __future__ import annotations

import json
import logging
import socket
import tempfile
import time
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
import redis
from django.db import transaction
from pytest_django import Settings

from newsletter.adapters.infra import broker
from newsletter.adapters.infra.broker import Queue
from tests.fakes.processes import Processes, processes
from tests.fakes.redis import start_redis

LONGEST_WAIT = 60.0
"""Seconds a reader's request may wait for a broker that is gone."""


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Processes]:
    with processes(tmp_path) as started:
        yield started


@pytest.fixture
def path() -> Iterator[Path]:
    """Where a Redis listens, if one does; short enough for a socket's name."""
    with tempfile.TemporaryDirectory(prefix="newsletter-") as folder:
        yield Path(folder) / "redis.sock"


@pytest.fixture(autouse=True)
def use(path: Path, settings: Settings) -> Iterator[None]:
    configure(settings, url=f"unix://{path}")
    yield
    broker._producer.cache_clear()


def configure(settings: Settings, *, url: str) -> None:
    broker._producer.cache_clear()
    settings.CONFIG = settings.CONFIG.model_copy(update={"redis_url": url})


def redis_on(running: Processes, *, path: Path) -> redis.Redis:
    path.unlink(missing_ok=True)
    start_redis(running, path=path)
    return redis.Redis(unix_socket_path=str(path))


def waiting(client: redis.Redis, queue: Queue) -> list[str]:
    """Return the tasks in the stage's queue."""
    return [json.loads(each)["headers"]["task"] for each in client.lrange(queue.value, 0, -1)]


@pytest.mark.django_db(transaction=True)
def test_wake_publishes_when_the_transaction_commits_and_not_before(running: Processes, path: Path) -> None:
    client = redis_on(running, path=path)
    with transaction.atomic():
        broker.wake(Queue.SEND)
        assert waiting(client, Queue.SEND) == []
    assert waiting(client, Queue.SEND) == ["worker.tasks.send"]
    client.close()


@pytest.mark.django_db(transaction=True)
def test_wake_says_where_a_task_stopped(running: Processes, path: Path) -> None:
    client = redis_on(running, path=path)
    broker.wake(Queue.COMPOSE)
    broker.wake(Queue.COMPOSE, after=UUID(int=7))
    bodies = [b64decode(json.loads(each)["body"]) for each in client.lrange(Queue.COMPOSE.value, 0, -1)]
    assert [json.loads(body)[1] for body in bodies] == [{"after": str(UUID(int=7))}, {}]  # the newest first
    client.close()


@pytest.mark.django_db(transaction=True)
def test_wake_publishes_nothing_when_the_transaction_is_rolled_back(running: Processes, path: Path) -> None:
    client = redis_on(running, path=path)
    with transaction.atomic():
        broker.wake(Queue.TRANSACTIONAL)
        transaction.set_rollback(True)
    assert waiting(client, Queue.TRANSACTIONAL) == []
    client.close()


@pytest.mark.django_db(transaction=True)
def test_wake_finds_a_redis_that_was_killed_and_came_back(running: Processes, path: Path) -> None:
    client = redis_on(running, path=path)
    broker.wake(Queue.COMPOSE)
    assert broker.is_reachable()
    running.running["redis"].process.kill()
    running.running["redis"].process.wait()
    client.close()
    assert not broker.is_reachable()
    broker.wake(Queue.COMPOSE)  # lost, as the queue was
    client = redis_on(running, path=path)
    broker.wake(Queue.COMPOSE)
    assert waiting(client, Queue.COMPOSE) == ["worker.tasks.compose"]
    assert broker.is_reachable()
    client.close()


def assert_soon_and_quiet(caplog: pytest.LogCaptureFixture) -> None:
    began = time.monotonic()
    with caplog.at_level(logging.WARNING):
        broker.wake(Queue.SEND)
    assert time.monotonic() - began < LONGEST_WAIT
    assert "could not wake send" in caplog.text
    assert not broker.is_reachable()


@pytest.mark.django_db(transaction=True)
def test_wake_without_a_redis_returns_soon(caplog: pytest.LogCaptureFixture) -> None:
    assert_soon_and_quiet(caplog)


@pytest.mark.django_db(transaction=True)
def test_wake_with_a_redis_that_never_answers_returns_soon(
    caplog: pytest.LogCaptureFixture, settings: Settings
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        configure(settings, url=f"redis://127.0.0.1:{deaf.getsockname()[1]}")
        assert_soon_and_quiet(caplog)


@pytest.mark.django_db(transaction=True)
def test_wake_does_nothing_where_no_broker_is_configured(
    caplog: pytest.LogCaptureFixture, settings: Settings
) -> None:
    configure(settings, url="")
    broker.wake(Queue.SEND)
    assert caplog.text == ""
    assert not broker.is_reachable()
