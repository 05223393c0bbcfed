"""One run once everything stands: what happens when, until nothing is left to send. Needs Django set up."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from django.db import Error, connection

from tests.chaos.crowd import Leavers
from tests.chaos.events import LEAVE, LEAVE_TOPIC, TROUBLES, Event
from tests.chaos.ledger import Entry
from tests.chaos.result import Result
from tests.chaos.verdict import composed, judge, unsettled

POLL_SECONDS = 0.1
LOST_ANSWERS = frozenset({"lose", "drop"})


class Victim(Protocol):
    """The machines of a run, as far as a run sees them."""

    in_flight: dict[str, int]
    """How many requests may lose their answer with each kind of kill: one for every process that sends."""

    def tend(self) -> None: ...

    def befall(self, kind: str, *, size: int, choice: float) -> None: ...

    def ledger(self) -> list[Entry]: ...

    def taken(self) -> int:
        """Return how many mails were taken in."""
        ...

    def logs(self) -> str: ...


@dataclass
class Run:
    """Lets events happen as the work goes on, and waits for its end."""

    machines: Victim
    subscribers: int
    events: list[Event]
    leaves_nothing_open: bool = False
    """Every lost answer is found out about here, before the run ends."""
    happened: list[Event] = field(default_factory=list)
    history: list[str] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)
    _composed: int = 0

    def until_settled(self, *, deadline: float) -> None:
        """Return when every event has happened and nothing is left to send, or when time is up."""
        waiting = deque(self.events)
        with Leavers() as leavers:
            while time.monotonic() < deadline:
                self.machines.tend()
                done = self._progress()
                while waiting and waiting[0].after <= done:
                    self._let_happen(waiting.popleft(), done=done, leavers=leavers)
                if done and self._is_settled():
                    break
                time.sleep(POLL_SECONDS)
        self.history += [f"did not happen: {event}" for event in waiting]

    def result(self, *, seed: int, form: str) -> Result:
        ledger = self.machines.ledger()
        most = self._most_ambiguous(ledger)
        verdict = judge(ledger, subscribers=self.subscribers, most_ambiguous=most)
        counts = Counter(event.kind for event in self.happened)
        left, troubles = counts[LEAVE] + counts[LEAVE_TOPIC], sum(counts[kind] for kind in TROUBLES)
        return Result(
            seed=seed,
            form=form,
            digests=self.subscribers,
            kills=counts.total() - left - troubles,
            troubles=troubles,
            left=left,
            most_ambiguous=most,
            seconds=time.monotonic() - self.began,
            verdict=verdict,
            history=self.history,
            logs=self.machines.logs(),
        )

    def _let_happen(self, event: Event, *, done: int, leavers: Leavers) -> None:
        self.history.append(f"{time.monotonic() - self.began:6.1f} s  {done:5d} done  {event}")
        self.happened.append(event)
        if event.kind in {LEAVE, LEAVE_TOPIC}:
            leavers.leave(int(event.choice * self.subscribers), is_all=event.kind == LEAVE)
        else:
            self.machines.befall(event.kind, size=event.size, choice=event.choice)

    def _progress(self) -> int:
        """Return how many digests are composed and how many mails were taken in, together."""
        with suppress(Error):
            self._composed = asked(composed)
        return self._composed + self.machines.taken()

    def _is_settled(self) -> bool:
        try:
            return asked(partial(unsettled, with_ambiguous=self.leaves_nothing_open)) == 0
        except Error:
            return False

    def _most_ambiguous(self, ledger: Sequence[Entry]) -> int:
        """Return how many lost answers what happened can explain: requests in flight, times their size."""
        largest = max(Counter(entry.request for entry in ledger).values(), default=1)
        lost = sum(event.size for event in self.happened if event.kind in LOST_ANSWERS)
        killed = sum(self.machines.in_flight.get(event.kind, 0) for event in self.happened)
        return (lost + killed) * largest


def asked(question: Callable[[], int]) -> int:
    """Ask the database; after an error the next question has a connection of its own."""
    try:
        return question()
    except Error:
        connection.close()
        raise
