"""``make chaos ARGS='--form poison'``: two digests that kill whoever works on them, among many that do not.

Rounds of mails are sent in turn without and with the poison among them: the pace of the others is compared
within one run, on one machine, where other work comes and goes.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

from tests.chaos.cluster import cluster, prepare
from tests.chaos.machines import Machines
from tests.fakes.processes import wait_until

POISON = COMPOSING, WRITING = "kills-composing", "kills-writing"
"""How an address begins whose digest kills."""
PAIRS = 3
KEPT = 0.9
"""The share of their pace that the others keep."""
MOST_TRIES = 5


def run_poison(*, digests: int, seconds: float) -> int:
    """Print what came of it; return 1 when a promise was broken."""
    with cluster("sendgrid") as machines:
        prepare(machines, subscribers=0)
        machines.start_service(app="tests.chaos.poisoned")
        rounds = [
            _round(machines, number=number, count=digests, seconds=seconds) for number in range(2 * PAIRS + 1)
        ]
        tries = _quarantined()
    plain, poisoned = rounds[::2], rounds[1::2]
    kept = (sum(plain) / len(plain)) / (sum(poisoned) / len(poisoned))
    for name, times in (("without", plain), ("with two poison digests", poisoned)):
        print(f"{digests} mails {name}:", ", ".join(f"{each:.1f} s" for each in times))
    print(*(f"{email}: QUARANTINED after {count} tries" for email, count in tries.items()), sep="\n")
    print(f"the others kept {kept:.0%} of their pace")
    return 0 if kept >= KEPT and max(tries.values()) <= MOST_TRIES else 1


def _round(machines: Machines, *, number: int, count: int, seconds: float) -> float:
    """Let readers fall due; return the seconds until every one but the poison has their mail.

    Odd rounds have the poison among them, and are over when it can do no more harm.
    """
    from newsletter.adapters.infra.broker import publish_tick
    from tests.chaos import crowd

    poison = [f"{kind}-{number}@example.org" for kind in POISON if number % 2]
    taken = machines.taken()
    crowd.add_subscribers(count, now=datetime.now(UTC), first=number * count, also=poison)
    began = time.monotonic()
    publish_tick()
    wait_until(lambda: machines.taken() >= taken + count, seconds=seconds, otherwise=machines.logs)
    took = time.monotonic() - began
    ended = len(POISON) * (number // 2 + number % 2)
    wait_until(lambda: len(_quarantined()) == ended, seconds=seconds, otherwise=machines.logs)
    return took


def _quarantined() -> dict[str, int]:
    from newsletter.models import Delivery

    rows = Delivery.objects.filter(state="QUARANTINED")
    return dict(rows.values_list("subscriber__email", "attempt"))
