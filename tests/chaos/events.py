"""What will happen in a run, drawn from its seed: plain values, the same for the same seed."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

KILLS = {"worker": 3, "child": 4, "transactional": 1, "beat": 1, "redis": 2, "postgres": 2, "backend": 2}
"""Who is killed with -9, and how often relative to each other."""
UP_KILLS = {"worker": 3, "worker child": 5, "transactional": 1, "beat": 1, "redis": 2, "web": 1, "up": 2}
"""The same for ``newsletter up``, the supervisor itself included."""
TROUBLES = {"flush": 2, "refuse": 3, "lose": 2, "drop": 2, "stall": 2}
"""What befalls a run besides; ``lose`` accepts and loses the answer, ``drop`` closes without accepting."""
UP_TROUBLES = {"flush": 1}
SIZES = {"refuse": (1, 3), "lose": (1, 2), "drop": (1, 3), "stall": (2, 6)}
LAST = 0.9
"""The share of the work by which the last event has happened."""


LEAVE_ONE_IN = 50
"""Of so many readers one unsubscribes during the run, and another one from a topic."""
LEAVE, LEAVE_TOPIC = "leave", "leave topic"


@dataclass(frozen=True, slots=True, order=True)
class Event:
    after: int
    """How much has been done when it happens: digests composed and mails taken in, together."""
    kind: str
    size: int = 1
    """How many requests or seconds."""
    choice: float = 0.0
    """Which of several, from 0 to 1."""

    def __str__(self) -> str:
        return f"{self.kind} {self.size}" if self.kind in SIZES else self.kind


def draw(
    seed: int, *, mails: int, kills: int, by_kind: dict[str, int], troubles: dict[str, int]
) -> list[Event]:
    """Return a run's events in order: ``kills`` of them end a process, half as many trouble the provider."""
    random = Random(seed)  # noqa: S311 - a seed must give the same run again
    kinds = random.choices(list(by_kind), weights=list(by_kind.values()), k=kills)
    kinds += random.choices(list(troubles), weights=list(troubles.values()), k=kills // 2)
    kinds += [LEAVE] * (mails // LEAVE_ONE_IN) + [LEAVE_TOPIC] * (mails // LEAVE_ONE_IN)
    last = int(2 * mails * LAST)
    return sorted(
        Event(
            after=random.randint(0, last),
            kind=kind,
            size=random.randint(*SIZES.get(kind, (1, 1))),
            choice=random.random(),
        )
        for kind in kinds
    )
