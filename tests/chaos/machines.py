"""The machines of a run: what is started, what is killed, and that everything dead is started again."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import redis

from newsletter.adapters.infra.redis_server import server_command
from tests.chaos.ledger import Entry, read_ledger
from tests.fakes.postgres import Postgres
from tests.fakes.processes import Processes, wait_until

WORK = "summarize,compose,send"
QUIET = ("--loglevel", "WARNING", "--without-gossip", "--without-mingle")
BUSY = 5
"""Processes that may be sending at once: two workers of two children, and the one for transactional."""
IN_FLIGHT = {"worker": 2, "child": 1, "transactional": 1, "postgres": BUSY, "backend": BUSY}


@dataclass
class Machines:
    """PostgreSQL, Redis, two workers, one for transactional mail, beat and the provider: real processes."""

    processes: Processes
    postgres: Postgres
    environment: Mapping[str, str]
    commands: dict[str, Sequence[str]] = field(default_factory=dict)
    in_flight: dict[str, int] = field(default_factory=lambda: dict(IN_FLIGHT))

    @property
    def _redis_socket(self) -> Path:
        return self.processes.folder / "redis.sock"

    @property
    def _control(self) -> Path:
        return self.processes.folder / "control"

    @property
    def _ledger(self) -> Path:
        return self.processes.folder / "ledger"

    def add(self, name: str, command: Sequence[str]) -> None:
        self.commands[name] = command
        self._start(name)

    def start_broker(self) -> None:
        self.add("redis", server_command(socket=self._redis_socket))

    def start_provider(self, form: str, *, port: int) -> None:
        files = ["--ledger", str(self._ledger), "--control", str(self._control)]
        self.add("provider", ["python", "-m", "tests.chaos.provider", form, "--port", str(port), *files])
        wait_until(self._control.is_socket, seconds=60, otherwise=self.processes.running["provider"].said)

    def start_service(self, *, app: str = "worker.app") -> None:
        celery = ("celery", "-q", "-A", app)
        for name in ("worker-1", "worker-2"):
            self.add(name, [*celery, "worker", "-Q", WORK, "-c", "2", "-n", f"{name}@%h", *QUIET])
        self.add(
            "transactional",
            [*celery, "worker", "-Q", "transactional", "-c", "1", "-n", "transactional@%h", *QUIET],
        )
        self.add("beat", [*celery, "beat", "-S", "celery.beat:Scheduler", "--pidfile", "", *QUIET[:2]])

    def tend(self) -> None:
        """Start again what is dead."""
        for name, running in list(self.processes.running.items()):
            if not running.is_alive:
                self._start(name)
        if self.postgres.process is not None and self.postgres.process.poll() is not None:
            with suppress(RuntimeError):  # its last backends have not ended yet: the next time it will
                self.postgres.start()

    def befall(self, kind: str, *, size: int, choice: float) -> None:
        """Let this happen now, to one of those it may happen to."""
        match kind:
            case "worker":
                self._kill(self._pid("worker-1" if choice < 0.5 else "worker-2"))
            case "child":
                children = self.children()
                self._kill(children[int(choice * len(children))] if children else None)
            case "transactional" | "beat" | "redis":
                self._kill(self._pid(kind))
            case "postgres":
                self._kill(self.postgres.process.pid if self.postgres.process else None)
            case "backend":
                backends = self.backends()
                self._kill(backends[int(choice * len(backends))] if backends else None)
            case "flush":
                with suppress(redis.RedisError):
                    redis.Redis(unix_socket_path=str(self._redis_socket)).flushall()
            case _:
                self.tell_provider(f"{kind} {size}")

    def tell_provider(self, line: str) -> None:
        with socket.socket(socket.AF_UNIX) as talk:
            talk.connect(str(self._control))
            talk.sendall(f"{line}\n".encode())
            talk.recv(3)

    def ledger(self) -> list[Entry]:
        return read_ledger(self._ledger)

    def taken(self) -> int:
        return self._ledger.read_bytes().count(b"\n")

    def logs(self) -> str:
        return "\n".join(each.said() for each in self.processes.running.values())

    def children(self) -> list[int]:
        """Return the pool children of all workers."""
        pids = (self._pid(name) for name in ("worker-1", "worker-2", "transactional"))
        return [pid for parent in pids for pid in _children_of(parent)]

    def family(self, name: str) -> list[int]:
        """Return the process of this name and its children."""
        pid = self._pid(name)
        return [pid, *_children_of(pid)]

    def backends(self) -> list[int]:
        """Return the server processes that serve a client."""
        server = self.postgres.process
        return [pid for pid in _children_of(server.pid if server else None) if "[local]" in _command(pid)]

    def _start(self, name: str) -> None:
        if name == "redis":
            self._redis_socket.unlink(missing_ok=True)
        self.processes.start(name, self.commands[name], environment=self.environment)

    def _pid(self, name: str) -> int:
        return self.processes.running[name].process.pid

    def _kill(self, pid: int | None) -> None:
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _command(pid: int) -> str:
    try:
        return " ".join(psutil.Process(pid).cmdline())
    except psutil.NoSuchProcess:  # a zombie is one too
        return ""


def _children_of(pid: int | None) -> list[int]:
    try:
        return sorted(child.pid for child in psutil.Process(pid).children()) if pid else []
    except psutil.NoSuchProcess:
        return []
