"""The project's own commands as real processes, which end with the test whatever happens to it."""

from __future__ import annotations

import functools
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from newsletter.adapters.infra.children import die_with_parent

ROOT = Path(__file__).resolve().parents[2]
STOP_SECONDS = 60.0
_chance = random.SystemRandom()  # not the seed that hypothesis sets in every process alike
OURS = {"newsletter", "celery"}
"""Commands that are modules too: so that they need not be on PATH."""


@dataclass(slots=True)
class Running:
    name: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def said(self) -> str:
        """Return the end of what it wrote, for the message of a failing test."""
        return f"--- {self.name}\n" + self.log.read_text(encoding="utf-8", errors="replace")[-3000:]


@dataclass(slots=True)
class Processes:
    """What one test started; ``folder`` keeps a log for each."""

    folder: Path
    running: dict[str, Running] = field(default_factory=dict)

    def start(self, name: str, command: Sequence[str], *, environment: Mapping[str, str]) -> Running:
        log = self.folder / f"{name}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                own(command),
                env=self._isolated(environment),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=functools.partial(die_with_parent, os.getpid()),
            )
        self.running[name] = Running(name, process, log)
        return self.running[name]

    def run(
        self, command: Sequence[str], *, environment: Mapping[str, str], seconds: float = 110
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; what it printed is in the result, whatever its exit code."""
        return subprocess.run(
            own(command),
            env=self._isolated(environment),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def _isolated(self, environment: Mapping[str, str]) -> dict[str, str]:
        """Keep the service of the checkout out of it: data and ``.env`` are this folder's."""
        env_file = self.folder / ".env"
        own_place = {
            "NEWSLETTER_DATA_DIR": str(self.folder / "var"),
            "NEWSLETTER_ENV_FILE": str(env_file) if env_file.exists() else os.devnull,
        }
        return isolated(own_place | dict(environment))

    def dead(self) -> list[str]:
        """Return what the processes that ended had to say."""
        return [each.said() for each in self.running.values() if not each.is_alive]

    def stop(self) -> dict[str, int]:
        """Ask all to end, in reverse order of their start; return exit codes (-9: it had to be killed)."""
        for each in reversed(self.running.values()):
            _signal(each, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for each in self.running.values():
            try:
                each.process.wait(timeout=max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal(each, signal.SIGKILL)
                each.process.wait()
        codes = {name: each.process.returncode for name, each in self.running.items()}
        self.running.clear()
        return codes


@contextmanager
def processes(folder: Path) -> Iterator[Processes]:
    """Yield a starter of processes; at the end all that it started have ended, with all their children."""
    started = Processes(folder)
    try:
        yield started
    finally:
        left = list(started.running.values())
        started.stop()
        for each in left:
            _signal(each, signal.SIGKILL, group=True)


def own(command: Sequence[str]) -> list[str]:
    """Return the command on this Python when it is one of the project's; any other stays as it is."""
    if command[0] in OURS:
        return [sys.executable, "-m", *command]
    return [sys.executable, *command[1:]] if command[0] == "python" else list(command)


def isolated(environment: Mapping[str, str]) -> dict[str, str]:
    """Return ``environment`` with what any process needs, and none of the tests' own settings."""
    passed_on = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return passed_on | {"PYTHONPATH": str(ROOT)} | dict(environment)


def free_port() -> int:
    """Return a port for a process that is still to be started.

    It lies below the range from which the kernel takes ports for outgoing connections and for servers on
    port 0, so that no other test is given it meanwhile.
    """
    while True:
        port = _chance.randrange(10_000, 32_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def wait_until(check: Callable[[], bool], *, seconds: float, otherwise: Callable[[], str]) -> None:
    """Wait for something to become true. Raises AssertionError with what ``otherwise`` says."""
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            raise AssertionError(otherwise())
        time.sleep(0.1)


def _signal(each: Running, number: signal.Signals, *, group: bool = False) -> None:
    try:
        if group:
            os.killpg(each.process.pid, number)
        elif each.is_alive:
            each.process.send_signal(number)
    except ProcessLookupError:
        return
