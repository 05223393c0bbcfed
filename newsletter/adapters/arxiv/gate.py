"""The one gate to arXiv: a database row, so that web, workers and command line together keep its terms.

One connection at a time and a pause between requests (arXiv API terms of use: three seconds), for the whole
service. All times are the database's own, so that machines with different clocks agree.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now

from newsletter.models import ArxivGate

HELD_FOR = timedelta(seconds=90)
"""A holder that was killed loses the gate then; longer than any request may take."""
POLL_SECONDS = 0.1


class DatabaseGate:
    """Calling it returns a context: inside, this process has arXiv's one connection."""

    def __init__(self, *, interval: float, held_for: timedelta = HELD_FOR) -> None:
        """``interval``: seconds from the end of one request to the beginning of the next."""
        self._interval = timedelta(seconds=interval)
        self._held_for = held_for

    def __call__(self) -> AbstractContextManager[None]:
        return self._open()

    @contextmanager
    def _open(self) -> Iterator[None]:
        holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        ArxivGate.objects.bulk_create([ArxivGate(id=1, next_request_at=Now())], ignore_conflicts=True)
        free = Q(held_until__isnull=True) | Q(held_until__lte=Now())
        while not ArxivGate.objects.filter(free, id=1, next_request_at__lte=Now()).update(
            holder=holder, held_until=Now() + self._held_for
        ):
            time.sleep(POLL_SECONDS)
        try:
            yield
        finally:
            ArxivGate.objects.filter(id=1, holder=holder).update(
                holder="", held_until=None, next_request_at=Now() + self._interval
            )
