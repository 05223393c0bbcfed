"""``newsletter up`` on SQLite with the outbox: every child is killed, and the supervisor itself."""

from __future__ import annotations

import os
import signal
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from email.utils import parseaddr
from pathlib import Path

import psutil
import redis

from newsletter.adapters.infra.redis_server import socket_path
from tests.chaos.events import UP_KILLS, UP_TROUBLES, draw
from tests.chaos.ledger import Entry
from tests.chaos.newsroom import set_up_django, take_in_a_week
from tests.chaos.result import Result
from tests.fakes.service import Service, service_in

NO_ARXIV = "http://127.0.0.1:1"


def run_up(seed: int, digests: int, kills: int, seconds: float) -> Result:
    """As ``run_cluster``. The outbox's files are the evidence, so no answer may stay unknown."""
    events = draw(seed, mails=digests, kills=kills, by_kind=UP_KILLS, troubles=UP_TROUBLES)
    with (
        tempfile.TemporaryDirectory(prefix="chaos-") as name,
        service_in(Path(name), arxiv_url=NO_ARXIV) as service,
    ):
        set_up_django(service.environment)
        from tests.chaos import crowd, witness
        from tests.chaos.run import Run

        take_in_a_week(service.processes.folder)
        witness.set_up()
        crowd.add_subscribers(digests, now=datetime.now(UTC))
        run = Run(Embedded(service), subscribers=digests, events=events, leaves_nothing_open=True)
        run.until_settled(deadline=time.monotonic() + seconds)
        return run.result(seed=seed, form="up")


@dataclass
class Embedded:
    service: Service
    in_flight: dict[str, int] = field(default_factory=dict)
    """Nothing: a file is there or it is not."""
    _written: dict[str, list[int]] = field(default_factory=dict)
    """Delivery id → the file's inodes, one after the other: more than one means that it was written again."""

    def tend(self) -> None:
        running = self.service.processes.running.get("up")
        if running is None or not running.is_alive:
            self.service.start()

    def befall(self, kind: str, *, size: int, choice: float) -> None:  # noqa: ARG002 - nothing here has a size
        if kind == "flush":
            with suppress(redis.RedisError, OSError):
                redis.Redis(unix_socket_path=str(socket_path(self.service.data))).flushall()
            return
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            pids = [self.service.started.process.pid] if kind == "up" else sorted(self.service.pids(kind))
            if pids:
                os.kill(pids[int(choice * len(pids))], signal.SIGKILL)

    def taken(self) -> int:
        for path in self.service.mails():
            inodes = self._written.setdefault(path.stem, [])
            if path.stat().st_ino not in inodes:
                inodes.append(path.stat().st_ino)
        return len(self._written)

    def ledger(self) -> list[Entry]:
        self.taken()
        return [
            Entry(path.stem, _recipient(path), number, path.stat().st_mtime)
            for number, path in enumerate(self.service.mails())
            for _ in self._written[path.stem]
        ]

    def logs(self) -> str:
        return self.service.started.said()


def _recipient(path: Path) -> str:
    return parseaddr(str(message_from_bytes(path.read_bytes(), policy=default)["To"]))[1]
