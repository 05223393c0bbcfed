"""The one gate to arXiv: a database row, so that web, workers and command line together keep its terms.

One connection at a time and a pause between requests (arXiv API terms of use: three seconds), for the whole
service; a longer pause between pages of arxiv.org itself (its robots.txt: Crawl-delay 15). All times are the
database's own, so that machines with different clocks agree.
"""

from __future__ import annotations

import math
import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now

from newsletter.errors import TemporaryError
from newsletter.models import ArxivGate

HELD_FOR = timedelta(seconds=90)
"""A holder that was killed loses the gate then; longer than any request may take."""
POLL_SECONDS = 0.1
CRAWL_DELAY = 15.0
"""Seconds between two requests to arxiv.org (its robots.txt)."""
TURN = "turn"
"""The reason where a turn did not come in time: nothing was asked."""


class DatabaseGate:
    """Calling it returns a context: inside, this process has arXiv's one connection."""

    def __init__(
        self,
        *,
        interval: float,
        crawl_delay: float | None = None,
        patience: float = math.inf,
        held_for: timedelta = HELD_FOR,
    ) -> None:
        """``interval``: seconds from the end of one request to the beginning of the next.

        ``crawl_delay``: the same between requests made with one; they keep the interval too. To wait for
        longer than ``patience`` raises TemporaryError with the reason ``turn``.
        """
        self._interval = timedelta(seconds=interval)
        self._crawl_delay = None if crawl_delay is None else timedelta(seconds=crawl_delay)
        self._patience = patience
        self._held_for = held_for

    def __call__(self) -> AbstractContextManager[None]:
        return self._open()

    @contextmanager
    def _open(self) -> Iterator[None]:
        holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        ArxivGate.objects.bulk_create([ArxivGate(id=1, next_request_at=Now())], ignore_conflicts=True)
        free = Q(held_until__isnull=True) | Q(held_until__lte=Now())
        if self._crawl_delay is not None:
            free &= Q(next_crawl_at__isnull=True) | Q(next_crawl_at__lte=Now())
        ends = time.monotonic() + self._patience
        while not ArxivGate.objects.filter(free, id=1, next_request_at__lte=Now()).update(
            holder=holder, held_until=Now() + self._held_for
        ):
            if time.monotonic() > ends:
                raise TemporaryError("arXiv is being asked for other papers", reason=TURN)
            time.sleep(POLL_SECONDS)
        next_crawl = {} if self._crawl_delay is None else {"next_crawl_at": Now() + self._crawl_delay}
        try:
            yield
        finally:
            ArxivGate.objects.filter(id=1, holder=holder).update(
                holder="", held_until=None, next_request_at=Now() + self._interval, **next_crawl
            )
