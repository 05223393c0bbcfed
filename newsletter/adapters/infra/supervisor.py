"""Run commands, and functions in forks, as foreground children: restart those that die, stop all together."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.context import ForkProcess
from types import FrameType, TracebackType
from typing import Protocol, Self

from newsletter.adapters.infra.children import die_with_parent, set_name

POLL_SECONDS = 0.2
STEADY_SECONDS = 10.0
"""A child that ran this long restarts at once; one that keeps dying waits longer each time."""
LONGEST_PAUSE = 4.0
GRACE_SECONDS = 6.0
"""From SIGTERM to SIGKILL: all ends within ten seconds, whatever a worker is waiting for."""


SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Process(Protocol):
    """Of ``Popen``, what is needed."""

    @property
    def pid(self) -> int | None: ...
    @property
    def returncode(self) -> int: ...
    def poll(self) -> int | None: ...
    def terminate(self) -> None: ...


class Fork(ForkProcess):
    """A process that does nothing but call a function, and is to the supervisor like a command's."""

    def __init__(self, name: str, function: Callable[[], None]) -> None:
        super().__init__(name=name)
        self._function, self._parent = function, os.getpid()

    def begin(self) -> Self:
        """Fork. Until the child has signal handlers of its own a signal waits."""
        _close_databases()
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            self.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        return self

    def run(self) -> None:
        os.setsid()  # as ``start_new_session``
        die_with_parent(self._parent)
        set_name(f"nl-{self.name}")
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # banners; logs and warnings go to stderr
        self._function()

    def poll(self) -> int | None:
        return self.exitcode

    @property
    def returncode(self) -> int:
        return self.exitcode or 0


def _close_databases() -> None:
    """A connection must not be used by two processes."""
    if database := sys.modules.get("django.db"):
        database.connections.close_all()


@dataclass(slots=True)
class Child:
    name: str
    begin: Callable[[], Process]
    process: Process | None = None
    started: float = 0.0
    pause: float = 0.0
    start_after: float = field(default=0.0)
    ends_last: bool = False
    """The others need it until they have ended."""

    def start(self) -> None:
        self.started = time.monotonic()
        self.process = self.begin()

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def plan_restart(self, *, now: float) -> None:
        """Drop the dead process and set when the next one may start."""
        steady = now - self.started >= STEADY_SECONDS
        self.pause = 0.0 if steady else min(LONGEST_PAUSE, self.pause * 2 or 0.5)
        self.start_after = now + self.pause
        self.process = None

    def end(self) -> None:
        """Ask the child to end; it ends its own children and lets them finish their work."""
        if self.process is not None:
            self.process.terminate()

    def kill(self) -> None:
        """Kill the child and everything it started."""
        if self.process is not None and self.process.pid:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)


class Supervisor:
    """Use as a context manager: at its end every child has ended."""

    def __init__(self, *, say: Callable[[str], None]) -> None:
        self._children: list[Child] = []
        self._say = say
        self._stopping = self._running = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop_children()

    def add(self, name: str, function: Callable[[], None]) -> None:
        self._children.append(Child(name, lambda: Fork(name, function).begin()))

    def add_command(self, name: str, command: Sequence[str], *, environment: Mapping[str, str]) -> None:
        """Add a command. Functions may need it, so it ends after them."""
        self._children.append(Child(name, functools.partial(_run, command, environment), ends_last=True))

    def start(self, name: str) -> None:
        next(child for child in self._children if child.name == name).start()

    def heed_signals(self) -> None:
        """Make SIGINT, SIGTERM and SIGHUP end ``run``, or this process if that has not begun."""
        for number in SIGNALS:
            signal.signal(number, self._stop)

    def finish(self, name: str, function: Callable[[], None]) -> Callable[[], None]:
        """Call the function in a process of its own, whose memory goes with it; return what waits for it.

        A process that failed has said why, and ends this one with its code.
        """
        process = Fork(name, function)
        process.daemon = True  # it ends with this one
        process.begin()

        def wait() -> None:
            process.join()
            if process.returncode:
                sys.exit(process.returncode)

        return wait

    def run(self) -> None:
        """Keep every child running until a signal comes."""
        self._running = True
        while not self._stopping:
            self.tend()
            time.sleep(POLL_SECONDS)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True
        if not self._running:
            sys.exit(0)

    def tend(self) -> None:
        """Start what is not running and due to start."""
        now = time.monotonic()
        for child in self._children:
            if child.is_running():
                continue
            if child.process is not None:
                code = child.process.returncode
                how = f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
                self._say(f"{child.name} ended ({how}): starting it again")
                child.kill()  # what may be left of its process group
                child.plan_restart(now=now)
            if now >= child.start_after:
                child.start()

    def stop_children(self) -> None:
        """End all children: SIGTERM, then SIGKILL, functions before commands (Redis)."""
        for ends_last, seconds in ((False, GRACE_SECONDS), (True, 1.0)):
            children = [child for child in self._children if child.ends_last == ends_last]
            for child in reversed(children):
                child.end()
            self._wait(children, until=time.monotonic() + seconds)
            for child in children:
                child.kill()
            self._wait(children, until=time.monotonic() + 1.0)

    @staticmethod
    def _wait(children: Sequence[Child], *, until: float) -> None:
        while any(child.is_running() for child in children) and time.monotonic() < until:
            time.sleep(POLL_SECONDS / 2)


def _run(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603  # the commands are our own
        list(command),
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,  # as a fork's
        start_new_session=True,  # Ctrl-C reaches only the supervisor, which then stops all in order
        preexec_fn=functools.partial(die_with_parent, os.getpid()),  # one thread only
    )
