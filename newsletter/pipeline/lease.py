"""Leases: which process holds a delivery, until when, and what happens when that process dies.

Leases are in real time. Expired before the body began: RETRY_WAIT, nothing was sent. Expired after:
AMBIGUOUS, until there is evidence.
"""

from __future__ import annotations

import os
import socket
from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta
from functools import lru_cache

import psutil
from django.db.models import QuerySet

from newsletter.core.delivery.retry_policy import EVIDENCE_WAIT
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


def end_leases(owners: Collection[str], *, real_now: datetime) -> Counter[str]:
    """End every lease of these boot ids at once; return how many deliveries went to which state."""
    held = Delivery.objects.filter(LEASED, lease_owner__in=owners)
    held.filter(state=State.PLANNED).update(lease_owner="", lease_until=None)
    return lapse(held, real_now=real_now)


def expire_leases(*, real_now: datetime) -> Counter[str]:
    """End the leases that have run out."""
    return lapse(Delivery.objects.filter(lease_until__lt=real_now), real_now=real_now)


def lapse(held: QuerySet[Delivery], *, real_now: datetime, delay: timedelta = timedelta()) -> Counter[str]:
    """End the leases of these deliveries; those not begun may be retried after ``delay``.

    The attempt stays counted: it ended without an outcome.
    """
    sending = held.filter(state=State.SENDING)
    waiting = sending.filter(body_begun_at__isnull=True).update(
        state=State.RETRY_WAIT, next_attempt_at=real_now + delay, lease_owner="", lease_until=None
    )
    unknown = sending.filter(body_begun_at__isnull=False).update(
        state=State.AMBIGUOUS, next_attempt_at=real_now + EVIDENCE_WAIT, lease_owner="", lease_until=None
    )
    return +Counter({State.RETRY_WAIT.value: waiting, State.AMBIGUOUS.value: unknown})
