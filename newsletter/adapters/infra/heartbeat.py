"""When the scheduler was last heard of. Kept in Redis: it may be forgotten."""

from __future__ import annotations

import time
from contextlib import suppress

import redis

from newsletter.errors import TemporaryError

KEY = "newsletter:scheduler"
KEPT_SECONDS = 86_400
TIMEOUT_SECONDS = 2.0


def note_scheduler(redis_url: str) -> None:
    """Note that a task which only the scheduler publishes has just run."""
    if redis_url:
        with suppress(redis.RedisError, OSError), _client(redis_url) as client:
            client.set(KEY, f"{time.time():.0f}", ex=KEPT_SECONDS)


def scheduler_heard_at(redis_url: str) -> float | None:
    """Return when that was, in seconds since 1970; None if never. Raises TemporaryError."""
    try:
        with _client(redis_url) as client:
            found = client.get(KEY)
        return float(found) if isinstance(found, bytes) else None
    except (redis.RedisError, OSError, ValueError) as error:
        raise TemporaryError(f"Redis does not answer: {type(error).__name__}") from error


def _client(redis_url: str) -> redis.Redis:
    return redis.Redis.from_url(
        redis_url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS
    )
