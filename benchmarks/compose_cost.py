"""What composing a digest costs: CPU, statements, row versions, bytes of database and write-ahead log.

    python benchmarks/compose_cost.py [--readers 3000] [--shared 60] [--profile]

Plans and selects one weekly slot of that many readers, each with another selection or all with one of so
many, composes it, and sends it by a transport that accepts everything. SQLite in a temporary folder, or the
empty database of DATABASE_URL; the log, row versions and bytes are counted on PostgreSQL only.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from readers import CHANCE, FIRST_SLOT, WEEK, AcceptsAll, analyse, fill_papers, fill_topics
from service import fresh_service

if TYPE_CHECKING:
    from newsletter.models import Topic

ROW_BYTES = "SELECT avg(pg_column_size(d.*)) FROM newsletter_delivery d"
TABLE_BYTES = "SELECT pg_table_size('newsletter_delivery')"
INDEX_BYTES = "SELECT pg_indexes_size('newsletter_delivery')"
FRAGMENT_BYTES = "SELECT pg_total_relation_size('newsletter_fragmentrow')"
LOG_BYTES = "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"
VERSIONS = "SELECT n_tup_ins + n_tup_upd FROM pg_stat_user_tables WHERE relname = 'newsletter_delivery'"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--readers", type=int, default=3_000)
    parser.add_argument("--shared", type=int, default=0, help="this many selections in all")
    parser.add_argument("--profile", action="store_true", help="where composing spends its time")
    options = parser.parse_args()
    with fresh_service(DATABASE_URL=os.environ.get("DATABASE_URL", "")):
        measure(options.readers, shared=options.shared, profiled=options.profile)


def measure(readers: int, *, shared: int, profiled: bool) -> None:
    from newsletter.models import FragmentRow, Selection
    from newsletter.pipeline.compose.compose import compose_planned
    from newsletter.pipeline.context import Context
    from newsletter.pipeline.lease import boot_id
    from newsletter.pipeline.schedule import plan_due
    from newsletter.pipeline.select.select import select_planned
    from newsletter.pipeline.send.send import send_due
    from newsletter.settings import CONFIG

    context, now = Context(CONFIG), FIRST_SLOT + timedelta(minutes=1)
    topics = fill_topics()
    fill_papers(topics, slot_at=FIRST_SLOT)
    fill(topics, number=readers, shared=shared)
    analyse()
    profile = cProfile.Profile(time.process_time)

    def compose() -> None:
        if profiled:
            profile.enable()
        report = compose_planned(
            now=now, summariser=context.summariser, renderer_for=context.renderer, is_patient=True
        )
        profile.disable()
        assert report.composed == readers, report

    print(f"{'':<10}{'CPU ms':>10}{'statements':>12}{'commits':>9}{'versions':>10}{'log bytes':>11}   a mail")
    with counted("plan", readers):
        plan_due(now=now)
    with counted("select", readers):
        select_planned(now=now)
    with counted("compose", readers):
        compose()
    with counted("send", readers):
        sent = send_due(mailer=AcceptsAll(), journal=context.journal, now=now, owner=boot_id())
    assert sent.states["ACCEPTED"] == readers, sent
    print(f"{Selection.objects.count()} selections, {FragmentRow.objects.count()} fragments")
    if (row := number(ROW_BYTES)) is not None:
        fragments = number(FRAGMENT_BYTES) or 0
        print(f"{row:.0f} bytes a delivery's row, {fragments / readers:.0f} bytes of fragments a mail")
        table, indexes = number(TABLE_BYTES) or 0, number(INDEX_BYTES) or 0
        print(f"{table / readers:.0f} bytes of table and {indexes / readers:.0f} of indexes, not vacuumed")
        analyse("VACUUM FULL newsletter_delivery")
        table, indexes = number(TABLE_BYTES) or 0, number(INDEX_BYTES) or 0
        print(f"{table / readers:.0f} bytes of table and {indexes / readers:.0f} of indexes, written anew")
    if profiled:
        pstats.Stats(profile).sort_stats("cumulative").print_stats(70)
        pstats.Stats(profile).sort_stats("tottime").print_stats(40)


def fill(
    topics: list[Topic],
    *,
    number: int,
    shared: int,
    slot_at: datetime = FIRST_SLOT,
    cadence: str = "weekly:mon",
) -> None:
    """Make readers whose next slot this is, each with another selection, or with one of ``shared``."""
    from newsletter.models import Subscriber, Subscription

    kinds = [
        (CHANCE.sample(topics, CHANCE.randint(3, 5)), CHANCE.choice(["en", "en", "en", "zh-hans"]))
        for _ in range(shared or number)
    ]
    people = Subscriber.objects.bulk_create(
        (
            Subscriber(
                email=f"r{each}@example.org",
                email_key=f"r{each}@example.org",
                status="active",
                language=kinds[each % len(kinds)][1],
                depth="takeaways",
                joined_at=slot_at - 3 * WEEK - timedelta(seconds=each),
                confirmed_at=slot_at - 3 * WEEK,
                cadence=cadence,
                at=slot_at.time(),
                next_slot_at=slot_at,
            )
            for each in range(number)
        ),
        batch_size=500,
    )
    Subscription.objects.bulk_create(
        (
            Subscription(
                subscriber=person,
                topic=topic,
                position=position,
                created_at=slot_at - 3 * WEEK,
                covered_until=slot_at - WEEK,
            )
            for each, person in enumerate(people)
            for position, topic in enumerate(kinds[each % len(kinds)][0])
        ),
        batch_size=500,
    )


class Statements:
    def __init__(self) -> None:
        self.number = self.commits = 0

    def wrapper(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        self.number += 1
        return execute(sql, *rest)


@contextmanager
def counted(name: str, readers: int) -> Iterator[None]:
    from django.db import connection

    statements, began = Statements(), time.process_time()
    before = number(LOG_BYTES), number(VERSIONS, settled=True)
    genuine = connection.commit

    def commit() -> None:
        statements.commits += 1
        genuine()

    connection.commit = commit  # type: ignore[method-assign]
    with connection.execute_wrapper(statements.wrapper):
        began = time.process_time()
        yield
        took = time.process_time() - began
    connection.commit = genuine  # type: ignore[method-assign]
    line = f"{name:<10}{1000 * took / readers:>10.3f}{statements.number / readers:>12.3f}"
    line += f"{statements.commits / readers:>9.3f}"
    after = number(LOG_BYTES), number(VERSIONS, settled=True)
    pairs = zip(before, after, strict=True)
    each = [(then - once) / readers for once, then in pairs if once is not None and then is not None]
    if each:
        line += f"{each[1]:>10.2f}{each[0]:>11.0f}"
    print(line, flush=True)


def number(query: str, *, settled: bool = False) -> float | None:
    """Ask PostgreSQL for a number; its counters are settled a moment after the statements."""
    from django.db import connection

    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        if settled:
            cursor.execute("SELECT pg_stat_force_next_flush(), pg_stat_clear_snapshot()")
        cursor.execute(query)
        return float(cursor.fetchone()[0] or 0)


if __name__ == "__main__":
    main()
