"""``make soak``: readers fall due one after the other for half an hour, and whatever could grow is watched.

    make soak                                 thirty minutes, 60 mails a minute
    make soak ARGS='--minutes 5 --rate 120'

Memory, descriptors and backlog must be flat: the median of the last third within a tenth of that of the
second, the first being for warming up. The database grows by its deliveries, so it is given for each mail.
"""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from statistics import median

import psutil

from tests.chaos.cluster import cluster, prepare
from tests.chaos.machines import Machines

ROLES = ("worker-1", "worker-2", "transactional", "beat", "redis")
MEGABYTE = 1 << 20
TOLERANCE = 1.1
SLACK = {"descriptors": 5.0, "backlog": 30.0}
"""What a small number may change by at random."""


@dataclass(frozen=True, slots=True)
class Sample:
    minute: float
    taken: int
    backlog: int
    """Digests whose slot, and their reader's own delay, has passed, and which nobody has taken in."""
    database: float
    """Megabytes."""
    memory: dict[str, float]
    """Role → megabytes, its children included."""
    descriptors: dict[str, int]

    def __str__(self) -> str:
        memory = "  ".join(f"{role} {size:.0f}" for role, size in self.memory.items())
        descriptors = " ".join(str(count) for count in self.descriptors.values())
        return (
            f"{self.minute:5.1f} min  {self.taken:6d} mails  backlog {self.backlog:4d}  "
            f"database {self.database:.1f} MB  memory (MB) {memory}  descriptors {descriptors}"
        )


def main() -> int:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--rate", type=float, default=60.0, help="mails a minute")
    parser.add_argument("--every", type=float, default=30.0, help="seconds between two samples")
    given = parser.parse_args()
    with cluster("sendgrid") as machines:
        over = timedelta(minutes=given.minutes)
        prepare(machines, subscribers=int(given.minutes * given.rate), over=over)
        machines.start_service()
        samples = list(_samples(machines, seconds=over.total_seconds(), every=given.every))
        deaths = len([name for name in ROLES if not machines.processes.running[name].is_alive])
    print(_summary(samples))
    faults = _faults(samples) + [f"{deaths} processes died"] * bool(deaths)
    print(*(f"FAULT: {fault}" for fault in faults), sep="\n")
    return 1 if faults else 0


def _samples(machines: Machines, *, seconds: float, every: float) -> list[Sample]:
    began, samples = time.monotonic(), []
    while (passed := time.monotonic() - began) < seconds:
        samples.append(_sample(machines, minute=passed / 60))
        print(samples[-1], flush=True)
        time.sleep(every)
    return samples


def _sample(machines: Machines, *, minute: float) -> Sample:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        size = cursor.fetchone()[0] / MEGABYTE
        cursor.execute(
            "SELECT COUNT(*) FROM newsletter_delivery WHERE state = 'SENDING' "
            "OR (state = 'PLANNED' AND slot_at <= now()) "
            "OR (state IN ('COMPOSED', 'RETRY_WAIT') AND next_attempt_at <= now())"
        )
        backlog = cursor.fetchone()[0]
    families = {role: [psutil.Process(pid) for pid in machines.family(role)] for role in ROLES}
    return Sample(
        minute=minute,
        taken=machines.taken(),
        backlog=backlog,
        database=size,
        memory={role: sum(map(_memory, family)) for role, family in families.items()},
        descriptors={role: sum(map(_descriptors, family)) for role, family in families.items()},
    )


def _memory(process: psutil.Process) -> float:
    with suppress(psutil.NoSuchProcess):
        return float(process.memory_info().rss / MEGABYTE)
    return 0.0


def _descriptors(process: psutil.Process) -> int:
    with suppress(psutil.NoSuchProcess):
        return int(process.num_fds())
    return 0


def _thirds(samples: list[Sample], value: str, role: str = "") -> tuple[float, float]:
    """Return the medians of the second and the last third."""
    found = [getattr(sample, value) for sample in samples]
    numbers = [float(each[role] if role else each) for each in found]
    third = len(numbers) // 3
    return median(numbers[third : 2 * third]), median(numbers[2 * third :])


def _measures(samples: list[Sample]) -> dict[str, tuple[str, float, float]]:
    """Return name → (kind, second third, last third)."""
    measures = {"backlog": ("backlog", *_thirds(samples, "backlog"))}
    for role in ROLES:
        measures[f"memory of {role}, MB"] = ("memory", *_thirds(samples, "memory", role))
        measures[f"descriptors of {role}"] = ("descriptors", *_thirds(samples, "descriptors", role))
    return measures


def _summary(samples: list[Sample]) -> str:
    first, last = samples[0], samples[-1]
    each = (last.database - first.database) * 1024 / max(1, last.taken - first.taken)
    lines = [f"{last.taken} mails in {last.minute:.0f} minutes, {each:.1f} KB of database each"]
    for name, (_, before, after) in _measures(samples).items():
        lines.append(f"{name}: {before:.0f} → {after:.0f}")
    return "\n".join(lines)


def _faults(samples: list[Sample]) -> list[str]:
    return [
        f"{name} grew from {before:.0f} to {after:.0f}"
        for name, (kind, before, after) in _measures(samples).items()
        if after > before * TOLERANCE + SLACK.get(kind, 0.0)
    ]


if __name__ == "__main__":
    sys.exit(main())
