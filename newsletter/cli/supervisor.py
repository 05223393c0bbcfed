"""Runs a few commands as foreground children: restarts what dies, stops all together."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType

from newsletter.adapters.children import die_with_parent

POLL_SECONDS = 0.2
STEADY_SECONDS = 10.0
"""A child that lived this long starts again at once; one that keeps dying waits a little longer each time."""
LONGEST_PAUSE = 4.0
GRACE_SECONDS = 7.0
"""From SIGTERM to SIGKILL: all is over well within ten seconds."""


@dataclass(slots=True)
class Child:
    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause: float = 0.0
    restarts: int = 0
    start_after: float = field(default=0.0)

    def start(self) -> None:
        self.started = time.monotonic()
        # A session of its own: Ctrl-C reaches only the supervisor, which then stops all in order.
        self.process = subprocess.Popen(  # noqa: S603  # the commands are our own
            list(self.command),
            env=dict(self.environment),
            start_new_session=True,
            preexec_fn=functools.partial(die_with_parent, os.getpid()),  # one thread only
        )

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def plan_restart(self, *, now: float) -> None:
        """Give up the dead process and say when the next one may start."""
        steady = now - self.started >= STEADY_SECONDS
        self.pause = 0.0 if steady else min(LONGEST_PAUSE, self.pause * 2 or 0.5)
        self.start_after = now + self.pause
        self.restarts += 1
        self.process = None

    def signal(self, number: signal.Signals) -> None:
        """Signal the child and everything it started."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)


class Supervisor:
    def __init__(
        self, *, say: Callable[[str], None], on_death: Callable[[str], None] = lambda _: None
    ) -> None:
        self._children: list[Child] = []
        self._say = say
        self._on_death = on_death
        self._stopping = False

    def add(self, name: str, command: Sequence[str], *, environment: Mapping[str, str]) -> None:
        self._children.append(Child(name, command, environment))

    def start(self, name: str) -> None:
        next(child for child in self._children if child.name == name).start()

    def run(self) -> None:
        """Keep every child running until SIGINT or SIGTERM, then stop them all."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop)
        try:
            while not self._stopping:
                self.tend()
                time.sleep(POLL_SECONDS)
        finally:
            self.stop_children()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def tend(self) -> None:
        """Start what is not running and due to start."""
        now = time.monotonic()
        for child in self._children:
            if child.is_running():
                continue
            if child.process is not None:
                self._say(f"{child.name} ended ({_how(child.process.returncode)}): starting it again")
                child.signal(signal.SIGKILL)  # what it may have left of its session
                child.plan_restart(now=now)
                self._on_death(child.name)
            if now >= child.start_after:
                child.start()

    def stop_children(self) -> None:
        """End all children: politely, then for certain. In reverse order, so that Redis goes last."""
        deadline = time.monotonic() + GRACE_SECONDS
        for child in reversed(self._children[1:]):
            child.signal(signal.SIGTERM)
        self._wait(self._children[1:], until=deadline)
        for child in self._children[:1]:
            child.signal(signal.SIGTERM)
        self._wait(self._children, until=deadline + 1)
        for child in self._children:
            child.signal(signal.SIGKILL)
        self._wait(self._children, until=deadline + 2)

    @staticmethod
    def _wait(children: Sequence[Child], *, until: float) -> None:
        while any(child.is_running() for child in children) and time.monotonic() < until:
            time.sleep(POLL_SECONDS / 2)


def _how(returncode: int) -> str:
    return f"killed by {signal.Signals(-returncode).name}" if returncode < 0 else f"exit code {returncode}"
