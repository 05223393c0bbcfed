"""The rate limit of a model: requests and tokens a minute, for the whole service.

Workers share it through Redis; without Redis each process limits itself. If Redis loses the counts, requests
may be too fast for a minute, which the service refuses. The daily cap must not be lost, so it is a database
row (``pipeline/summarize/budget.py``). The package ``limits`` does the windows.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

import redis
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from newsletter.adapters.infra.shared_counts import shared_counts
from newsletter.errors import TemporaryError

log = logging.getLogger(__name__)

TOKENS_A_UNIT = 1_000
"""The window keeps an entry a unit: a million tokens a minute are a thousand entries."""
LONGEST_HOLD = 3600.0
"""Seconds. A service that names a longer wait is asked again after an hour."""
_SHORTEST_WAIT, _LONGEST_WAIT = 0.05, 1.0
"""Seconds between two looks at a full window."""
_PREFIX = "newsletter:model"
_Result = TypeVar("_Result")


class _Windows(Protocol):
    """Where the counts are kept, and until when requests are on hold."""

    limiter: MovingWindowRateLimiter

    def hold(self, name: str, seconds: float) -> None: ...

    def held_for(self, name: str) -> float: ...


class ModelGate:
    """Safe to share between threads."""

    def __init__(
        self,
        name: str,
        *,
        requests: int,
        tokens: int | None = None,
        redis_url: str = "",
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """``requests`` and ``tokens`` a minute for the model ``name``; no ``tokens``: any number."""
        self._name = name
        self._requests = RateLimitItemPerMinute(requests)
        self._tokens = RateLimitItemPerMinute(max(1, tokens // TOKENS_A_UNIT)) if tokens else None
        self._shared = _SharedWindows(redis_url) if redis_url else None
        self._own: _OwnWindows | None = None
        self._lock = threading.Lock()
        self._sleep = sleep

    def enter(self, *, tokens: int, max_wait: float) -> None:
        """Return when a request of ``tokens`` may begin.

        Raises TemporaryError with reason ``rate`` when that would take more than ``max_wait`` seconds.
        """
        until = time.monotonic() + max_wait
        has_request = False
        while True:
            wait, has_request = self._try(tokens, has_request=has_request)
            if wait == 0:
                return
            if wait > until - time.monotonic():
                raise TemporaryError(
                    f"No turn at the model within {max_wait:.0f} s", reason="rate", retry_after=wait
                )
            self._sleep(min(max(wait, _SHORTEST_WAIT), _LONGEST_WAIT))

    def hold(self, seconds: float) -> None:
        """Hold all requests for that long; a longer hold already set is kept."""
        seconds = min(seconds, LONGEST_HOLD)
        if seconds > 0:
            log.warning("the model %s is left alone for %.0f s, as it asked", self._name, seconds)
            self._with_windows(lambda windows: windows.hold(self._name, seconds))

    def _try(self, tokens: int, *, has_request: bool) -> tuple[float, bool]:
        """Return the seconds to wait, 0 for none; and whether one of the minute's requests is taken."""
        return self._with_windows(lambda windows: self._take(windows, tokens, has_request=has_request))

    def _take(self, windows: _Windows, tokens: int, *, has_request: bool) -> tuple[float, bool]:
        if held := windows.held_for(self._name):
            return held, has_request
        limiter = windows.limiter
        if not has_request and not limiter.hit(self._requests, self._name, "requests"):
            return self._until_reset(limiter, self._requests, "requests"), False
        if self._tokens and not limiter.hit(
            self._tokens, self._name, "tokens", cost=self._units(tokens, most=self._tokens.amount)
        ):
            return self._until_reset(limiter, self._tokens, "tokens"), True
        return 0, True

    @staticmethod
    def _units(tokens: int, *, most: int) -> int:
        """A request larger than the minute's limit takes all of it."""
        return min(most, -(-tokens // TOKENS_A_UNIT))

    def _until_reset(
        self, limiter: MovingWindowRateLimiter, item: RateLimitItemPerMinute, kind: str
    ) -> float:
        oldest_leaves_at = limiter.get_window_stats(item, self._name, kind).reset_time
        return max(oldest_leaves_at - time.time(), _SHORTEST_WAIT)

    def _with_windows(self, do: Callable[[_Windows], _Result]) -> _Result:
        if self._shared:
            try:
                return do(self._shared)
            except redis.RedisError as error:
                log.warning("the model's gate is this process's own for now: %s", error)
        # limits' in-memory storage is not thread-safe: it would let one request too many pass.
        with self._lock:
            self._own = self._own or _OwnWindows()
            return do(self._own)


class _SharedWindows:
    def __init__(self, url: str) -> None:
        storage = shared_counts(url, prefix=_PREFIX)
        self._redis = storage.storage
        self.limiter = MovingWindowRateLimiter(storage)

    def hold(self, name: str, seconds: float) -> None:
        if seconds > self.held_for(name):
            self._redis.set(f"{_PREFIX}:hold:{name}", 1, px=max(1, round(seconds * 1000)))

    def held_for(self, name: str) -> float:
        left: int = self._redis.pttl(f"{_PREFIX}:hold:{name}")
        return max(0, left) / 1000


class _OwnWindows:
    def __init__(self) -> None:
        self.limiter = MovingWindowRateLimiter(MemoryStorage())
        self._held_until: dict[str, float] = {}

    def hold(self, name: str, seconds: float) -> None:
        until = time.monotonic() + seconds
        self._held_until[name] = max(until, self._held_until.get(name, 0.0))

    def held_for(self, name: str) -> float:
        return max(0.0, self._held_until.get(name, 0.0) - time.monotonic())
