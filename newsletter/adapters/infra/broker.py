"""Wake workers by publishing a task by name. The only importer of celery outside ``worker``.

The database is the queue: a lost or refused message costs at most a tick, so nothing here raises.
"""

from __future__ import annotations

import logging
from collections import Counter
from enum import StrEnum
from functools import lru_cache
from typing import Any
from uuid import UUID

from celery import Celery
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from newsletter.errors import TemporaryError

log = logging.getLogger(__name__)


class Queue(StrEnum):
    """A queue and the task that drains it."""

    GATHER = "gather"
    SUMMARIZE = "summarize"
    COMPOSE = "compose"
    SEND = "send"
    TRANSACTIONAL = "transactional"
    EVENTS = "events"


TASK = "worker.tasks.{}"
ANSWER_SECONDS = 1.5
"""That workers have to say what they serve."""
TRANSPORT_OPTIONS: dict[str, Any] = {
    "socket_timeout": 10,
    "socket_connect_timeout": 3,
    "socket_keepalive": True,
    "health_check_interval": 30,
}
"""Time-outs, because a blackholed socket would block a process for ever."""
PRODUCER_OPTIONS: dict[str, Any] = TRANSPORT_OPTIONS | {
    "socket_timeout": 2,
    "socket_connect_timeout": 2,
    # kombu retries connecting without end unless it is given a limit.
    "max_retries": 1,
    "interval_start": 0,
    "interval_max": 0.2,
}
"""For publishing from a web request: it waits two seconds at most, and the next tick does the rest."""


def broker_url() -> str:
    """Return REDIS_URL in kombu's spelling; empty when there is no broker."""
    return kombu_url(settings.CONFIG.redis_url)


def kombu_url(url: str) -> str:
    return url.replace("unix://", "redis+socket://", 1) if url.startswith("unix://") else url


def wake(queue: Queue, *, after: UUID | None = None) -> None:
    """Publish the queue's task after the current transaction commits, if there is a broker.

    ``after`` is where a task stopped that ran out of time.
    """
    hint = {"after": str(after)} if after else {}
    if settings.CONFIG.redis_url:
        transaction.on_commit(lambda: _publish(queue, queue=queue, **hint))


def is_reachable() -> bool:
    """Whether the broker answers; False too when there is none."""
    if not settings.CONFIG.redis_url:
        return False
    try:
        with _producer().connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=1)
    except _errors():
        return False
    return True


def served_queues(url: str) -> dict[str, int]:
    """Return how many workers take from each queue, as those at this broker say soon enough.

    Raises TemporaryError where the broker does not answer.
    """
    app = Celery("newsletter-inspector", broker=kombu_url(url), set_as_current=False)
    app.conf.broker_transport_options = PRODUCER_OPTIONS
    try:
        said = app.control.inspect(timeout=ANSWER_SECONDS).active_queues() or {}
    except (OperationalError, OSError, RedisError) as error:
        raise TemporaryError(f"the broker does not answer: {type(error).__name__}") from error
    finally:
        app.close()
    counts = Counter(queue["name"] for queues in said.values() for queue in queues)
    return {queue.value: counts[queue.value] for queue in Queue}


def publish_tick() -> None:
    """Make the workers look for due work at once."""
    _publish("tick", queue=Queue.COMPOSE)


def publish_gather_if_due() -> None:
    """Make the workers ask arXiv at once, if it is due."""
    _publish("gather_if_due", queue=Queue.GATHER)


def publish_library_lookup() -> None:
    """Have libraries looked up after the current transaction commits, if there is a broker."""
    if settings.CONFIG.redis_url:
        transaction.on_commit(lambda: _publish("look_up_libraries", queue=Queue.GATHER))


def _publish(task: str, *, queue: Queue, **given: str) -> None:
    try:
        _producer().send_task(
            TASK.format(task), kwargs=given, queue=queue.value, retry=False, ignore_result=True
        )
    except _errors() as error:
        log.warning("could not wake %s (the next tick will): %s", queue, error)


def _errors() -> tuple[type[BaseException], ...]:
    connection = _producer().connection_for_write()
    return (OperationalError, OSError, *connection.connection_errors, *connection.channel_errors)


def forget_connections() -> None:
    """Connect anew from now on: this process is a fork, and the other one goes on with those there were."""
    _producer.cache_clear()


@lru_cache(maxsize=1)
def _producer() -> Celery:
    app = Celery("newsletter-producer", broker=broker_url(), set_as_current=False)
    app.conf.broker_transport_options = PRODUCER_OPTIONS
    app.conf.task_ignore_result = True
    return app
