"""Moving windows of messages, by the ``limits`` package: in Redis for all workers, or in this process.

They may be lost: after a loss of Redis the windows start empty.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from limits import RateLimitItemPerSecond
from limits.errors import StorageError
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from newsletter.adapters.infra.shared_counts import shared_counts
from newsletter.core.delivery.rate_limits import Window
from newsletter.errors import TemporaryError

PREFIX = "newsletter-rate"


class RateWindows:
    """Every process with the same ``redis_url`` counts together; without one each counts for itself."""

    def __init__(self, redis_url: str = "") -> None:
        storage = (
            shared_counts(redis_url, prefix=PREFIX, wrap_exceptions=True) if redis_url else MemoryStorage()
        )
        self._limiter = MovingWindowRateLimiter(storage)

    def room(self, windows: Sequence[Window]) -> tuple[int, float]:
        """Return how many pass all of ``windows`` now; and if none, the seconds until one may.

        Raises TemporaryError when Redis does not answer, as ``take`` does.
        """
        free, wait = None, 0.0
        try:
            for window in windows:
                stats = self._limiter.get_window_stats(_item(window), window.key)
                free = stats.remaining if free is None else min(free, stats.remaining)
                if stats.remaining <= 0:
                    wait = max(wait, stats.reset_time - time.time())
        except StorageError as error:
            raise _unanswered(error) from error
        return max(0, free or 0), wait

    def take(self, windows: Sequence[Window], wanted: int) -> int:
        """Count up to ``wanted`` messages that begin now in all of ``windows``; return how many may.

        Losing a race for the last place leaves counts in the earlier windows: never too many pass, at worst
        a few less.
        """
        while wanted := min(wanted, self.room(windows)[0]):
            try:
                if all(self._limiter.hit(_item(each), each.key, cost=wanted) for each in windows):
                    return wanted
            except StorageError as error:
                raise _unanswered(error) from error
        return 0


def _item(window: Window) -> RateLimitItemPerSecond:
    return RateLimitItemPerSecond(window.amount, window.seconds)


def _unanswered(error: StorageError) -> TemporaryError:
    return TemporaryError(
        f"the rate of sending cannot be counted: Redis does not answer: {error.storage_error}"
    )
