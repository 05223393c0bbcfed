"""``make chaos ARGS='--form poison'``: two digests that kill whoever works on them, among many that do not.

Three rounds of mails are sent, the second with the poison among them: the pace of the others with and without
it is compared within one run, on one machine.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime

from tests.chaos.cluster import cluster, prepare
from tests.chaos.machines import Machines
from tests.fakes.processes import wait_until

COMPOSING, WRITING = "kills-composing@example.org", "kills-writing@example.org"
POISON = (COMPOSING, WRITING)
KEPT = 0.9
"""The share of their pace that the others keep."""
MOST_TRIES = 5


def run_poison(*, digests: int, seconds: float) -> int:
    """Print what came of it; return 1 when a promise was broken."""
    with cluster("sendgrid") as machines:
        prepare(machines, readers=0)
        machines.start_service(app="tests.chaos.poisoned")
        plain, poisoned, again = (
            _round(machines, first=number * digests, count=digests, poison=poison, seconds=seconds)
            for number, poison in enumerate(((), POISON, ()))
        )
        wait_until(lambda: len(_quarantined()) == len(POISON), seconds=seconds, otherwise=machines.logs)
        tries = _quarantined()
    kept = (plain + again) / 2 / poisoned
    print(f"{digests} mails: {plain:.1f} s; with two poison digests {poisoned:.1f} s; without {again:.1f} s")
    print(*(f"{email}: QUARANTINED after {count} tries" for email, count in tries.items()), sep="\n")
    print(f"the others kept {kept:.0%} of their pace")
    return 0 if kept >= KEPT and max(tries.values()) <= MOST_TRIES else 1


def _round(machines: Machines, *, first: int, count: int, poison: Sequence[str], seconds: float) -> float:
    """Let readers fall due; return the seconds until every one but the poison has their mail."""
    from newsletter.adapters.broker import publish_tick
    from tests.chaos import crowd

    taken = machines.taken()
    crowd.add_readers(count, now=datetime.now(UTC), first=first, also=poison)
    began = time.monotonic()
    publish_tick()
    wait_until(lambda: machines.taken() >= taken + count, seconds=seconds, otherwise=machines.logs)
    return time.monotonic() - began


def _quarantined() -> dict[str, int]:
    from newsletter.models import Delivery

    rows = Delivery.objects.filter(state="QUARANTINED")
    return dict(rows.values_list("subscriber__email", "attempt"))
