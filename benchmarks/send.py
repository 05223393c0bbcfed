"""How fast mails go: the worker's task against Postfix's smtp-sink and a sink that answers as SendGrid does.

    DATABASE_URL=postgresql://… python benchmarks/send.py [--mails 2000] [--processes 2] [--rounds 1]

Fills the empty database (or SQLite in a temporary folder) with composed digests of 45 KB, each another
selection of shared cards, and lets so many processes send them; then a naive Django script with as many
processes, and smtp-source. Prints mails a second, CPU milliseconds by stage, statements and commits a mail,
and on PostgreSQL the write-ahead log. Figures of a busy machine compare with those of the same run only.
Debian: postfix.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from send_sinks import SMTP_SINK, SMTP_SOURCE, sendgrid_sink, smtp_sink, smtp_source
from service import fresh_service

SLOT = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
CARDS, CARDS_EACH, CARD_BYTES, TOPICS, PAPERS = 400, 10, 3_000, 3, 14
CHANCE = random.Random(20260615)  # noqa: S311  # the same digests in every run
SIZE = 56_000
"""Bytes of such a mail on the wire."""
SHARED = 50
STAGES = ("lease", "write", "begin", "hand over", "record", "all")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--mails", type=int, default=2_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    if SMTP_SINK is None or SMTP_SOURCE is None:
        sys.exit("smtp-sink and smtp-source are not installed (Debian: postfix)")
    own = {"NEWSLETTER_BASE_URL": "https://news.example.org", "NEWSLETTER_FROM": "digest@news.example.org"}
    with fresh_service(DATABASE_URL=os.environ.get("DATABASE_URL", ""), **own):
        for _ in range(options.rounds):
            compare(mails=options.mails, processes=options.processes)


def compare(*, mails: int, processes: int) -> None:
    from django.db import connection

    print(f"{connection.vendor}, {processes} processes, {mails} digests")
    with smtp_sink() as smtp, sendgrid_sink() as sendgrid:
        by_smtp = {"NEWSLETTER_MAILER": "smtp", "NEWSLETTER_SMTP_URL": f"smtp://127.0.0.1:{smtp}?tls=off"}
        by_sendgrid = {
            "NEWSLETTER_MAILER": "sendgrid",
            "SENDGRID_API_KEY": "SG.benchmark",
            "NEWSLETTER_SENDGRID_HOST": f"http://127.0.0.1:{sendgrid}",
        }
        print("mails/s  CPU ms a mail: " + ", ".join(STAGES) + "; statements, commits, KB of WAL a mail")
        run("SMTP, distinct", by_smtp, mails=mails, processes=processes)
        run("SMTP, naive script", by_smtp, mails=mails, processes=processes, kind="smtp")
        seconds = smtp_source(smtp, mails=mails, size=SIZE, sessions=processes)
        print(f"{mails / seconds:7.0f}  smtp-source, {processes} sessions, {SIZE // 1000} KB")
        run("SendGrid, distinct", by_sendgrid, mails=mails, processes=processes)
        run(f"SendGrid, {SHARED} a selection", by_sendgrid, mails=mails, processes=processes, share=SHARED)
        run("SendGrid, naive script", by_sendgrid, mails=mails, processes=processes, kind="sendgrid")


def run(
    name: str, mailer: dict[str, str], *, mails: int, processes: int, share: int = 1, kind: str = "worker"
) -> None:
    from newsletter.models import Delivery

    fill(mails, share=share)
    before = written()
    answers = run_workers(kind, processes, mailer)
    seconds = time.monotonic() - min(answer["began"] for answer in answers)
    states = list(Delivery.objects.values_list("state", flat=True).distinct())
    assert states == ["ACCEPTED"], states
    cpu = [sum(answer["cpu"].get(stage, 0.0) for answer in answers) / mails for stage in STAGES]
    counts = [sum(answer[what] for answer in answers) / mails for what in ("statements", "commits")]
    print(f"{mails / seconds:7.0f}  {name}: " + ", ".join(f"{each:.2f}" for each in cpu), end="")
    print("; " + ", ".join(f"{each:.3f}" for each in counts), end="")
    after = written()
    print(f", {(after - before) / mails / 1000:.1f}" if after is not None and before is not None else "")


def run_workers(kind: str, count: int, mailer: dict[str, str]) -> list[dict[str, Any]]:
    from django.conf import settings

    environment = os.environ | mailer | {"NEWSLETTER_DATA_DIR": str(settings.CONFIG.data_dir)}
    command = [sys.executable, str(Path(__file__).with_name("send_worker.py")), kind]
    workers = [
        subprocess.Popen(
            [*command, str(number), str(count)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for number in range(count)
    ]
    said = [worker.communicate()[0] for worker in workers]
    return [json.loads(each.splitlines()[-1]) for each in said]


# --- what there is ---------------------------------------------------------------------------------------


def fill(mails: int, *, share: int = 1) -> None:
    """Make as many due digests; ``share`` readers each have the same."""
    from django.utils import timezone

    from newsletter.core.digests.message import Fragment
    from newsletter.models import Delivery, FragmentRow, Selection, Subscriber, Subscription, Topic
    from newsletter.pipeline.compose.message import body_key

    for model in (Delivery, Subscription, Subscriber, Topic, Selection, FragmentRow):
        model.objects.all().delete()
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
    deliveries, chosen = [], [CHANCE.sample(cards, CARDS_EACH) for _ in range(-(-mails // share))]
    for number, (subscriber, selection) in enumerate(zip(subscribers, selections, strict=True)):
        row = Delivery.planned(
            subscriber_id=subscriber.pk, kind="digest", slot_key="2026-06-15", slot_at=SLOT, now=SLOT
        )
        row.state, row.composed_at, row.covers_until, row.next_attempt_at = "COMPOSED", SLOT, SLOT, due
        row.subject, row.topics, row.selection = "9 new papers", [topic.pk for topic in topics], selection
        row.fragments = [each.checksum for each in chosen[number // share]]
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


if __name__ == "__main__":
    main()
