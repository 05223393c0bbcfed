"""Whether sign-up takes as long for every address: the median milliseconds for each kind, in one run.

    python benchmarks/same_answer.py [--times 200]

Whoever could tell a reader's address from a stranger's by the time it takes would learn who reads. Addresses
are asked for in turn, on SQLite in a temporary folder. Exits 1 when medians lie 10 ms or more apart.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from datetime import UTC, datetime

from service import fresh_service

KINDS = ("active", "left", "pending", "bounced", "unknown")
CLOSE_MS = 10.0
FORM = {"topics": "heads", "cadence": "daily", "at": "08:00", "timezone": "UTC", "language": "en"}
MORE = {"depth": "headline", "max_papers": "10"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--times", type=int, default=200)
    options = parser.parse_args()
    with fresh_service(NEWSLETTER_MAILER="outbox"):
        return measure(options.times)


def measure(times: int) -> int:
    from django.test import Client

    from newsletter.audience.topics import add_topic

    add_topic("heads", name="Heads", query="cat:cs.CV", now=datetime.now(UTC))
    visitor, taken = Client(HTTP_HOST="localhost"), {kind: [0.0] * 0 for kind in KINDS}
    for number in range(times):
        for kind, address in addresses(number).items():
            ip = f"10.{number // 200}.{number % 200}.{KINDS.index(kind)}"
            begun = time.perf_counter()
            answer = visitor.post("/", FORM | MORE | {"email": address}, REMOTE_ADDR=ip)
            taken[kind].append(1000 * (time.perf_counter() - begun))
            assert answer.status_code == 200, answer.status_code
    medians = {kind: statistics.median(values) for kind, values in taken.items()}
    for kind, median in medians.items():
        print(f"{kind:<10}{median:8.2f} ms")
    apart = max(medians.values()) - min(medians.values())
    print(f"{'apart':<10}{apart:8.2f} ms")
    return int(apart >= CLOSE_MS)


def addresses(number: int) -> dict[str, str]:
    """Return an address of each kind, made to be what its name says."""
    from newsletter.audience.suppression import Reason, suppress
    from newsletter.models import Subscriber
    from newsletter.models.subscriber import Status
    from newsletter.subscribers.unsubscribe import unsubscribe

    now = datetime.now(UTC)
    made = {kind: f"{kind}{number}@d{number}.example.org" for kind in KINDS}
    for kind in ("active", "left", "pending"):
        status = Status.PENDING if kind == "pending" else Status.ACTIVE
        subscriber = Subscriber.objects.create(
            email=made[kind], email_key=made[kind], status=status, joined_at=now
        )
        if kind == "left":
            unsubscribe(subscriber, source="benchmark", now=now)
    suppress(made["bounced"], reason=Reason.BOUNCED, at=now)
    return made


if __name__ == "__main__":
    sys.exit(main())
