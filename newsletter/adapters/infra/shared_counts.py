"""Storage for moving-window counts shared by all workers: Redis, by the package ``limits``.

Counts may be lost at any moment. Each caller decides what a Redis that does not answer means.
"""

from __future__ import annotations

import redis
from limits.storage import RedisStorage

TIMEOUT_SECONDS = 2.0


def shared_counts(redis_url: str, *, prefix: str, wrap_exceptions: bool = False) -> RedisStorage:
    """Return the storage under ``prefix``. Its failures are redis-py's own, or StorageError if wrapped."""
    pool = redis.ConnectionPool.from_url(
        redis_url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS
    )
    return RedisStorage(redis_url, connection_pool=pool, key_prefix=prefix, wrap_exceptions=wrap_exceptions)
