"""Moving windows of what begins, by the ``limits`` package: in Redis for all workers, or in this process.

They may be lost: after a loss of Redis the windows start empty.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import redis
from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter

from newsletter.core.delivery.rate_limits import Window
from newsletter.errors import TemporaryError

TIMEOUT_SECONDS = 2.0
SHORTEST_WAIT = 0.05
"""Seconds between two looks: others are waiting for the same turn."""


class RateWindows:
    """Every process with the same ``redis_url`` counts together; without one each counts for itself.

    What asks Redis raises TemporaryError when it does not answer.
    """

    def __init__(self, redis_url: str = "", *, prefix: str = "newsletter-rate") -> None:
        self._prefix = prefix
        self._redis = _shared(redis_url, prefix=prefix) if redis_url else None
        self._limiter = MovingWindowRateLimiter(self._redis or MemoryStorage())
        self._held_until: dict[str, float] = {}

    def room(self, windows: Sequence[Window]) -> tuple[int, float]:
        """Return how many pass all of ``windows`` now; and if none, the seconds until one may."""
        with _answering():
            stats = [self._limiter.get_window_stats(_item(window), window.key) for window in windows]
        free = min((each.remaining for each in stats), default=0)
        wait = max((each.reset_time - time.time() for each in stats if each.remaining <= 0), default=0.0)
        return max(0, free), max(0.0, wait)

    def take(self, windows: Sequence[Window], wanted: int) -> int:
        """Count up to ``wanted`` that begin now in all of ``windows``; return how many may.

        Losing a race for the last place leaves counts in the earlier windows: never too many pass, at worst
        a few less.
        """
        while wanted := min(wanted, self.room(windows)[0]):
            with _answering():
                if all(self._limiter.hit(_item(each), each.key, cost=wanted) for each in windows):
                    return wanted
        return 0

    def wait_for(self, window: Window, cost: int) -> float:
        """Count ``cost`` in ``window`` and return 0, or else the seconds until its oldest entry leaves."""
        with _answering():
            if self._limiter.hit(_item(window), window.key, cost=cost):
                return 0.0
            oldest_leaves_at = self._limiter.get_window_stats(_item(window), window.key).reset_time
        return max(SHORTEST_WAIT, oldest_leaves_at - time.time())

    def hold(self, name: str, seconds: float) -> None:
        """Hold ``name`` for that long; a longer hold that stands already is kept."""
        if seconds <= self.held_for(name):
            return
        if self._redis is None:
            self._held_until[name] = time.monotonic() + seconds
            return
        with _answering():
            self._redis.storage.set(self._hold(name), 1, px=max(1, round(seconds * 1000)))

    def held_for(self, name: str) -> float:
        """Return the seconds for which ``name`` is held yet."""
        if self._redis is None:
            return max(0.0, self._held_until.get(name, 0.0) - time.monotonic())
        with _answering():
            left: int = self._redis.storage.pttl(self._hold(name))
        return max(0, left) / 1000

    def _hold(self, name: str) -> str:
        return f"{self._prefix}:hold:{name}"


def _shared(redis_url: str, *, prefix: str) -> RedisStorage:
    pool = redis.ConnectionPool.from_url(
        redis_url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS
    )
    return RedisStorage(redis_url, connection_pool=pool, key_prefix=prefix)


def _item(window: Window) -> RateLimitItemPerSecond:
    return RateLimitItemPerSecond(window.amount, window.seconds)


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except redis.RedisError as error:
        raise TemporaryError(f"the rate cannot be counted: Redis does not answer: {error}") from error
