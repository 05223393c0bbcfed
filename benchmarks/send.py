"""How fast mails go by SMTP: the real send stage against Postfix's smtp-sink.

    DATABASE_URL=postgresql://… python benchmarks/send.py [--mails 3000] [--processes 2]

Fills the empty database (or SQLite in a temporary folder) with that many composed digests of 45 KB, each
another selection of shared cards, and lets so many processes send them as workers do. Prints mails a second,
CPU milliseconds, statements and commits a mail, and on PostgreSQL the write-ahead log. ``smtp-sink`` takes
whatever comes (Debian: postfix). Figures of a busy machine compare with those of the same hour only.
"""

from __future__ import annotations

import argparse
import json
import os
import pwd
import random
import resource
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from service import fresh_service

SLOT = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
CARDS, CARDS_EACH, CARD_BYTES, TOPICS, PAPERS = 400, 10, 3_000, 3, 14
CHANCE = random.Random(20260615)  # noqa: S311  # the same digests in every run
SINK = shutil.which("smtp-sink", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--mails", type=int, default=3_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work()
    elif SINK is None:
        sys.exit("smtp-sink is not installed (Debian: postfix)")
    else:
        compare(mails=options.mails, processes=options.processes)


def compare(*, mails: int, processes: int) -> None:
    with smtp_sink() as url:
        settings = {"NEWSLETTER_MAILER": "smtp", "NEWSLETTER_SMTP_URL": url}
        with fresh_service(DATABASE_URL=os.environ.get("DATABASE_URL", ""), **settings):
            from django.db import connection

            from newsletter.models import Delivery

            fill(mails)
            before = written()
            answers = run_workers(processes)
            seconds = time.monotonic() - min(answer["began"] for answer in answers)
            states = list(Delivery.objects.values_list("state", flat=True).distinct())
            assert states == ["ACCEPTED"], states
            print(f"{connection.vendor}, {processes} processes, {mails} digests")
            print(f"{mails / seconds:8.0f} mails a second ({seconds:.1f} s)")
            for name in ("cpu", "statements", "commits"):
                print(f"{sum(answer[name] for answer in answers) / mails:8.3f} {NAMES[name]} a mail")
            if (after := written()) is not None and before is not None:
                print(f"{(after - before) / mails / 1000:8.1f} KB of write-ahead log a mail")


NAMES = {"cpu": "ms of CPU", "statements": "statements", "commits": "commits (reads by themselves included)"}


@contextmanager
def smtp_sink() -> Iterator[str]:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    privileges = ["-u", pwd.getpwnam("nobody").pw_name] if os.geteuid() == 0 else []
    process = subprocess.Popen([str(SINK), *privileges, f"127.0.0.1:{port}", "64"])
    try:
        while True:
            with suppress(OSError), closing(socket.create_connection(("127.0.0.1", port), timeout=1)):
                break
            time.sleep(0.05)
        yield f"smtp://127.0.0.1:{port}?tls=off"
    finally:
        process.terminate()
        process.wait()


# --- what there is ---------------------------------------------------------------------------------------


def fill(mails: int) -> None:
    from django.utils import timezone

    from newsletter.core.digests.message import Fragment
    from newsletter.models import Delivery, FragmentRow, Subscriber, Subscription, Topic
    from newsletter.pipeline.compose.message import body_key

    topics = Topic.objects.bulk_create(
        Topic(slug=f"t{each}", name=f"Topic {each}", query="cat:cs.CV", created_at=SLOT)
        for each in range(TOPICS)
    )
    cards = [card(number, Fragment) for number in range(CARDS)]
    rows = {each.checksum: each for each in cards}.values()
    FragmentRow.objects.bulk_create(
        FragmentRow(key=each.checksum, checksum=each.checksum, html=each.html, text=each.text)
        for each in rows
    )
    subscribers = Subscriber.objects.bulk_create(
        Subscriber(
            email=f"r{each}@example.org", email_key=f"r{each}@example.org", status="active", joined_at=SLOT
        )
        for each in range(mails)
    )
    Subscription.objects.bulk_create(
        Subscription(subscriber=subscriber, topic=topic, position=position, created_at=SLOT)
        for subscriber in subscribers
        for position, topic in enumerate(topics)
    )
    selections, due = select(mails), timezone.now() - timedelta(minutes=1)
    deliveries = []
    for subscriber, selection in zip(subscribers, selections, strict=True):
        row = Delivery.planned(
            subscriber_id=subscriber.pk, kind="digest", slot_key="2026-06-15", slot_at=SLOT, now=SLOT
        )
        row.state, row.composed_at, row.covers_until, row.next_attempt_at = "COMPOSED", SLOT, SLOT, due
        row.subject, row.topics, row.selection = "9 new papers", [topic.pk for topic in topics], selection
        row.fragments = [each.checksum for each in CHANCE.sample(cards, CARDS_EACH)]
        row.body_key = body_key(subject=row.subject, slot_key=row.slot_key, fragments=row.fragments)
        deliveries.append(row)
    Delivery.objects.bulk_create(deliveries, batch_size=1000)


def card(number: int, fragment: Any) -> Any:
    text = " ".join(CHANCE.choices(("speech", "avatar", "consumer", "graph", "margin"), k=CARD_BYTES // 7))
    html = f'<p>{number} {text} <a href="[[unsubscribe_url]]">Leave</a></p>\n'
    return fragment(html=html, text=f"{number} {text[: CARD_BYTES // 2]}\n[[unsubscribe_url]]\n")


def select(mails: int) -> list[Any]:
    from newsletter.core.digests.selection import Place, Selected, Selection
    from newsletter.models.selection import store_selections

    chosen = [
        Selection(
            topics=(1,),
            papers=tuple(
                Selected(paper_id=paper, topic=1, position=position, place=Place.SUMMARIZED)
                for position, paper in enumerate(CHANCE.sample(range(1, 3000), PAPERS))
            ),
        )
        for _ in range(mails)
    ]
    return list(store_selections(chosen))


def written() -> int | None:
    from django.db import connection

    if connection.vendor != "postgresql":
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")
        return int(cursor.fetchone()[0])


# --- the workers -----------------------------------------------------------------------------------------


def run_workers(count: int) -> list[dict[str, float]]:
    from django.conf import settings

    environment = os.environ | {"NEWSLETTER_DATA_DIR": str(settings.CONFIG.data_dir)}
    command = [sys.executable, __file__, "--worker"]
    workers = [
        subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        for _ in range(count)
    ]
    said = [worker.communicate()[0] for worker in workers]
    return [json.loads(each.splitlines()[-1]) for each in said]


def work() -> None:
    """Send until nothing is due; print what it took."""
    from newsletter.cli.start import start_django

    start_django(migrated=False)
    from django.conf import settings
    from django.db import connection
    from django.utils import timezone

    from newsletter.pipeline.context import Context
    from newsletter.pipeline.stages import Work, send

    counts = {"statements": 0, "commits": 0}
    commit = connection.commit

    def counted(execute: Any, sql: str, *arguments: Any) -> Any:
        if not sql.startswith(("BEGIN", "SAVEPOINT", "RELEASE")):
            counts["statements"] += 1
            counts["commits"] += not connection.in_atomic_block
        return execute(sql, *arguments)

    def committed() -> None:
        counts["commits"] += 1
        commit()

    connection.commit = committed  # type: ignore[method-assign]
    context = Context(settings.CONFIG)
    begun, cpu = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF)
    with connection.execute_wrapper(counted):
        send(Work(context=context, now=timezone.now()))
    used = resource.getrusage(resource.RUSAGE_SELF)
    context.mailer.close()
    milliseconds = 1000 * (used.ru_utime + used.ru_stime - cpu.ru_utime - cpu.ru_stime)
    print(json.dumps({"began": begun, "cpu": milliseconds, **counts}))


if __name__ == "__main__":
    main()
