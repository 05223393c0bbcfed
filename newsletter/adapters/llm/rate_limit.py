"""The rate limit of a model: requests and tokens a minute, for the whole service.

Its workers share it through Redis; without one, a gate in this process serves. What Redis forgets costs a
minute of asking too fast, which the other side refuses. What must not be forgotten, the day's cap, is a
database row (``pipeline/summarize/budget.py``).
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from newsletter.adapters.infra.rate_windows import SHORTEST_WAIT, RateWindows
from newsletter.core.delivery.rate_limits import Window
from newsletter.errors import TemporaryError

log = logging.getLogger(__name__)

TOKENS_A_UNIT = 1_000
"""The window keeps an entry a unit: a million tokens a minute are a thousand entries."""
LONGEST_HOLD = 3600.0
"""Seconds. A service that names a longer wait is asked again after an hour."""
_LONGEST_WAIT = 1.0
"""Seconds between two looks: what is held or taken may be free before it was expected to be."""
_Result = TypeVar("_Result")


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
        self._requests = Window(f"{name} requests", requests, 60)
        self._tokens = Window(f"{name} tokens", max(1, tokens // TOKENS_A_UNIT), 60) if tokens else None
        self._shared = RateWindows(redis_url, prefix="newsletter:model") if redis_url else None
        self._own = RateWindows()
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
            self._sleep(min(max(wait, SHORTEST_WAIT), _LONGEST_WAIT))

    def hold(self, seconds: float) -> None:
        """Hold all requests for that long; a longer hold already set is kept."""
        seconds = min(seconds, LONGEST_HOLD)
        if seconds > 0:
            log.warning("the model %s is left alone for %.0f s, as it asked", self._name, seconds)
            self._with_windows(lambda windows: windows.hold(self._name, seconds))

    def _try(self, tokens: int, *, has_request: bool) -> tuple[float, bool]:
        """Return the seconds to wait, 0 for none; and whether one of the minute's requests is taken."""
        return self._with_windows(lambda windows: self._take(windows, tokens, has_request=has_request))

    def _take(self, windows: RateWindows, tokens: int, *, has_request: bool) -> tuple[float, bool]:
        if held := windows.held_for(self._name):
            return held, has_request
        if not has_request and (wait := windows.wait_for(self._requests, 1)):
            return wait, False
        # A request that is larger than the minute's allowance takes all of it.
        units = min(self._tokens.amount, -(-tokens // TOKENS_A_UNIT)) if self._tokens else 0
        if self._tokens and (wait := windows.wait_for(self._tokens, units)):
            return wait, True
        return 0, True

    def _with_windows(self, do: Callable[[RateWindows], _Result]) -> _Result:
        if self._shared:
            try:
                return do(self._shared)
            except TemporaryError as error:
                log.warning("the model's gate is this process's own for now: %s", error)
        # limits' in-memory storage is not thread-safe: it would let one request too many pass.
        with self._lock:
            return do(self._own)
