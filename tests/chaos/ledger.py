"""What a provider took in, one line a message, on disk before it answers: the evidence nobody else writes."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock


@dataclass(frozen=True, slots=True)
class Entry:
    delivery_id: str
    recipient: str
    request: int
    """Messages with the same number came in one request."""
    at: float
    """When its body had arrived, in seconds since 1970."""


class Ledger:
    """Appends entries and returns only when they would survive the machine's end."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._lock = Lock()
        self._requests = 0

    def add(self, messages: Iterable[tuple[str, str]]) -> None:
        """Add one request's messages: (delivery id, recipient) each."""
        with self._lock:
            self._requests += 1
            lines = [
                json.dumps([delivery_id, recipient, self._requests, time.time()])
                for delivery_id, recipient in messages
            ]
            os.write(self._descriptor, "".join(f"{line}\n" for line in lines).encode())
            os.fdatasync(self._descriptor)


def read_ledger(path: Path) -> list[Entry]:
    return [Entry(*json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
