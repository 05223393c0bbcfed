"""How long forgetting takes on a large table, and how long one of its transactions is.

    python benchmarks/retention.py [--rows 500000]

Fills that many delivery rows and twice as many events, all old, in a database of its own (SQLite in a
temporary folder, or the empty one of DATABASE_URL), and forgets them. Prints rows, seconds, and the longest
statement.
"""

from __future__ import annotations

import argparse
import os
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from service import fresh_service

CHUNK = 5_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=500_000)
    options = parser.parse_args()
    with fresh_service(DATABASE_URL=os.environ.get("DATABASE_URL", "")):
        fill(options.rows)
        measure()


def fill(rows: int) -> None:
    from django.utils import timezone

    from newsletter.models import Delivery, DeliveryEvent, Subscriber
    from newsletter.models.delivery import State

    at = timezone.now() - timedelta(days=400)
    subscribers = Subscriber.objects.bulk_create(
        Subscriber(email=f"r{n}@example.org", email_key=f"r{n}@example.org", joined_at=at)
        for n in range(1000)
    )
    for start in range(0, rows, CHUNK):
        deliveries = []
        for number in range(start, min(start + CHUNK, rows)):
            key = uuid.uuid4()
            deliveries.append(
                Delivery(
                    id=key,
                    subscriber=subscribers[number % len(subscribers)],
                    slot_key=str(number),
                    slot_at=at,
                    planned_at=at,
                    outcome_at=at + timedelta(seconds=number),
                    state=State.DELIVERED,
                    message_id=f"<{key.hex}@localhost>",
                    fragments=[uuid.uuid4().hex * 2 for _ in range(20)],
                    placeholders={"opening": "Nine papers of 412 matched.", "cadence": "every Monday"},
                    papers={"summarised": list(range(10)), "listed": list(range(10, 20))},
                    recipient="somebody@example.org",
                )
            )
        Delivery.objects.bulk_create(deliveries)
        DeliveryEvent.objects.bulk_create(
            DeliveryEvent(
                provider="p", dedupe_key=f"{each.slot_key}-{n}", delivery=each, kind="k", at=at, applied_at=at
            )
            for each in deliveries
            for n in range(2)
        )


@contextmanager
def watched(longest: list[float]) -> Iterator[None]:
    from django.db import connection

    def timed(execute: Any, *arguments: Any) -> Any:
        begin = time.perf_counter()
        try:
            return execute(*arguments)
        finally:
            longest[0] = max(longest[0], time.perf_counter() - begin)

    with connection.execute_wrapper(timed):
        yield


def measure() -> None:
    from django.db import connection
    from django.utils import timezone

    from newsletter.pipeline.monitor.retention import forget_old

    print(connection.vendor)
    total: Counter[str] = Counter()
    begin, longest, runs = time.perf_counter(), [0.0], 0
    with watched(longest):
        while (done := forget_old(now=timezone.now())).total():
            total += done
            runs += 1
    took = time.perf_counter() - begin
    for what, number in total.items():
        print(f"{what:<10} {number:>9,}")
    print(f"{took:.1f} s in {runs} runs, {total.total() / took:,.0f} rows a second")
    print(f"longest statement {1000 * longest[0]:.0f} ms")
    begin = time.perf_counter()
    forget_old(now=timezone.now())
    print(f"a run that finds nothing: {1000 * (time.perf_counter() - begin):.0f} ms")


if __name__ == "__main__":
    main()
