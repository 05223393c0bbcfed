"""Leases: which process holds a delivery, and whether it is dead. ``send/lost.py`` says what follows."""

from __future__ import annotations

import os
import socket
from functools import lru_cache

import psutil

from newsletter.models import Delivery
from newsletter.models.delivery import LEASED, State

CLOCK_DRIFT = 5.0
"""Seconds by which a process's start time may move when the clock is set (psutil: Process.create_time)."""


def boot_id() -> str:
    """Name this process and no other: ``host/pid/start`` (start in seconds since 1970)."""
    return _boot_id(os.getpid())


@lru_cache(maxsize=1)  # by pid: a forked child gets a name of its own
def _boot_id(pid: int) -> str:
    return f"{socket.gethostname()[:40]}/{pid}/{psutil.Process(pid).create_time():.1f}"


def dead_owners() -> list[str]:
    """Return the boot ids that hold a delivery, are of this machine, and whose process is gone."""
    # States are filtered in Python: in the query they would make SQLite scan all planned rows.
    leased = Delivery.objects.filter(LEASED).order_by().values_list("lease_owner", "state").distinct()
    owners = {owner for owner, state in leased if state in (State.SENDING, State.PLANNED)}
    return [owner for owner in sorted(owners) if _is_dead(owner)]


def _is_dead(owner: str) -> bool:
    try:
        host, pid, start = owner.split("/")
        if host != socket.gethostname()[:40]:
            return False
        moved = psutil.Process(int(pid)).create_time() - float(start)
        return bool(abs(moved) > CLOCK_DRIFT)
    except ValueError:  # not our format: its lease expires by itself
        return False
    except psutil.NoSuchProcess:
        return True
