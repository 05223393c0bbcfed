"""What a reader costs when there are ten times as many: every stage of one weekly slot, twice in one run.

    python benchmarks/readers.py [--readers 2000] [--weeks 20]

Fills that many readers with the digests of so many weeks (SQLite in a temporary folder, or the empty database
of DATABASE_URL), forty topics and 300 papers a week, and takes one slot through all stages; the mailer
accepts everything and sends nothing. Then ten times as many readers, and the next week. Prints for each stage
milliseconds and statements a reader, what the slower of the two costs more, and the longest statement; below,
what looks at everything each minute while all digests stand planned, composed, or sent.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from service import fresh_service

if TYPE_CHECKING:
    from newsletter.adapters.ports import Bodies, Outcome, Outgoing
    from newsletter.models import Paper, Subscriber, Topic

FIRST_SLOT = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
WEEK = timedelta(days=7)
TOPICS, PAPERS_A_WEEK, TIMES = 40, 300, 10
CHANCE = random.Random(20260615)  # noqa: S311  # the same readers in every run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--readers", type=int, default=2_000)
    parser.add_argument("--weeks", type=int, default=20)
    options = parser.parse_args()
    with fresh_service(DATABASE_URL=os.environ.get("DATABASE_URL", "")):
        compare(subscribers=options.readers, weeks=options.weeks)


def compare(*, subscribers: int, weeks: int) -> None:
    from django.db import connection

    topics, placeholders = fill_topics(), []
    for number, slot_at in ((subscribers, FIRST_SLOT), (TIMES * subscribers, FIRST_SLOT + WEEK)):
        fill_papers(topics, slot_at=slot_at)
        fill_subscribers(topics, number=number, weeks=weeks, slot_at=slot_at)
        analyse()
        placeholders.append(run_slot(subscribers=number, now=slot_at + timedelta(minutes=1)))
    print(f"{connection.vendor}, {weeks} weeks of digests, {TOPICS} topics, {PAPERS_A_WEEK} papers a week")
    report(placeholders, numbers=(subscribers, TIMES * subscribers))


# --- what there is ---------------------------------------------------------------------------------------


def fill_topics() -> list[Topic]:
    from newsletter.models import Topic

    return Topic.objects.bulk_create(
        Topic(slug=f"t{each}", name=f"Topic {each}", query="cat:cs.CV", created_at=FIRST_SLOT - 60 * WEEK)
        for each in range(TOPICS)
    )


def fill_papers(topics: Sequence[Topic], *, slot_at: datetime) -> None:
    """Write a week's papers, and what of them each topic matched."""
    from newsletter.models import Match

    papers = _papers(slot_at=slot_at)
    Match.objects.bulk_create(
        Match(topic=topic, paper=paper, score=CHANCE.random() * 20, created_at=paper.first_seen_at)
        for topic in topics
        for paper in CHANCE.sample(papers, CHANCE.choice([5, 10, 20, 40]))
    )


def _papers(*, slot_at: datetime) -> list[Paper]:
    from newsletter.models import Paper

    seen = [slot_at - timedelta(days=day, hours=10) for day in range(5)]
    return Paper.objects.bulk_create(
        Paper(
            arxiv_id=f"{slot_at:%y%m}.{slot_at.day:02}{number:03}",
            version=1,
            title=f"SpatialAvatar-{number}: Talking heads from speech on one consumer GPU",
            abstract="We generate talking heads from speech at 42 frames a second on one consumer GPU. " * 8,
            authors=["A. Roe", "B. Doe", "C. Poe"],
            primary_category="cs.CV",
            categories=["cs.CV"],
            published_at=seen[number % 5] - timedelta(hours=20),
            updated_at=seen[number % 5] - timedelta(hours=20),
            first_seen_at=seen[number % 5],
            matched_at=seen[number % 5],
        )
        for number in range(PAPERS_A_WEEK)
    )


def fill_subscribers(topics: Sequence[Topic], *, number: int, weeks: int, slot_at: datetime) -> None:
    """Make them ``number`` readers, each with one to five topics and a digest of every past week."""
    from newsletter.models import Subscriber, Subscription

    there = Subscriber.objects.count()
    people = Subscriber.objects.bulk_create(
        (_subscriber(each, weeks=weeks, slot_at=slot_at) for each in range(there, number)), batch_size=500
    )
    Subscription.objects.bulk_create(
        (
            Subscription(
                subscriber=person,
                topic=topic,
                position=position,
                created_at=person.joined_at,
                covered_until=slot_at - WEEK,
            )
            for person in people
            for position, topic in enumerate(CHANCE.sample(topics, CHANCE.randint(1, 5)))
        ),
        batch_size=500,
    )
    for week in range(1, weeks + 1):
        _fill_sent(after=people[0].pk, slot_at=slot_at - week * WEEK)


def _subscriber(each: int, *, weeks: int, slot_at: datetime) -> Subscriber:
    from newsletter.models import Subscriber

    return Subscriber(
        email=f"r{each}@example.org",
        email_key=f"r{each}@example.org",
        status="active",
        language=CHANCE.choice(["en", "en", "en", "zh-hans"]),
        depth=CHANCE.choice(["headline", "takeaways", "takeaways"]),
        joined_at=slot_at - (weeks + 1) * WEEK - timedelta(seconds=each),
        confirmed_at=slot_at - (weeks + 1) * WEEK,
        next_slot_at=slot_at,
    )


def _fill_sent(*, after: int, slot_at: datetime) -> None:
    """Write one delivered digest for every reader from this one on: in the database, since they are many."""
    from django.db import connection

    at = connection.ops.adapt_datetimefield_value(slot_at)
    key = {"sqlite": "lower(hex(randomblob(16)))", "postgresql": "gen_random_uuid()"}[connection.vendor]
    fixed = {
        "kind": "digest",
        "slot_key": slot_at.date().isoformat(),
        **dict.fromkeys(("slot_at", "planned_at", "composed_at", "outcome_at", "covers_until"), at),
        "is_on_demand": False,
        "state": "DELIVERED",
        "subject": "9 new papers: SpatialAvatar-0, SiGnature and 7 more",
        "fragments": "[]",
        "placeholders": "{}",
        "topics": "[1, 2, 3]",
        "transport": "outbox",
    }
    fixed |= dict.fromkeys(("body_key", "selection_inputs", "recipient", "lease_owner", "provider_id"), "")
    fixed |= dict.fromkeys(("last_code", "last_detail"), "") | dict.fromkeys(
        ("attempt", "retries", "fence"), 0
    )
    columns, places = ", ".join(fixed), ", ".join(["%s"] * len(fixed))
    fill = (
        f"INSERT INTO newsletter_delivery (id, message_id, subscriber_id, {columns}) "  # noqa: S608  # our own names
        f"SELECT {key}, {key}, id, {places} FROM newsletter_subscriber WHERE id >= %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(fill, [*fixed.values(), after])


def analyse() -> None:
    """Do what PostgreSQL does by itself as it grows."""
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


# --- one slot --------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Cost:
    seconds: float = 0.0
    statements: int = 0
    longest: float = 0.0
    """Seconds of the slowest statement."""

    def wrapper(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        begun = time.perf_counter()
        try:
            return execute(*arguments)
        finally:
            self.statements += 1
            self.longest = max(self.longest, time.perf_counter() - begun)


class Slot:
    """The costs of one slot, by stage or by what looked."""

    def __init__(self) -> None:
        self.context: dict[str, Cost] = {}
        self.looks: dict[str, Cost] = {}

    @contextmanager
    def watched(self, into: dict[str, Cost], name: str) -> Iterator[None]:
        from django.db import connection

        cost = into[name] = Cost()
        begun = time.perf_counter()
        with connection.execute_wrapper(cost.wrapper):
            yield
        cost.seconds = time.perf_counter() - begun


class AcceptsAll:
    """A transport that is infinitely fast."""

    name, lease, batch_size, shared_batch_size, sends_bytes = "outbox", timedelta(minutes=5), 50, 50, True

    def send(self, messages: Sequence[Outgoing], *, bodies: Bodies) -> Iterable[Outcome]:
        """Say what a mailer says that sends one message after the other."""
        from newsletter.adapters.ports import Outcome, Verdict

        for message in messages:
            for each in bodies.begin([message.delivery_id]):
                bodies.end([each])
                yield Outcome(delivery_id=each, verdict=Verdict.ACCEPTED)

    def evidence(self, delivery_id: str) -> bool | None:  # noqa: ARG002 - a port
        return None

    def forget(self, delivery_ids: Iterable[str]) -> None: ...
    def close(self) -> None: ...


def run_slot(*, subscribers: int, now: datetime) -> Slot:
    from newsletter.models import Delivery
    from newsletter.pipeline.compose.compose import compose_planned
    from newsletter.pipeline.context import Context
    from newsletter.pipeline.lease import boot_id
    from newsletter.pipeline.schedule import plan_due
    from newsletter.pipeline.select.select import select_planned
    from newsletter.pipeline.send.send import send_due
    from newsletter.settings import CONFIG

    slot, context = Slot(), Context(CONFIG)
    with slot.watched(slot.context, "plan"):
        planned = plan_due(now=now)
    look(slot, "planned")
    with slot.watched(slot.context, "select"):
        select_planned(now=now)
    with slot.watched(slot.context, "compose"):
        compose_planned(
            now=now, summariser=context.summariser, renderer_for=context.renderer, is_patient=True
        )
    look(slot, "composed")
    with slot.watched(slot.context, "send"):
        sent = send_due(mailer=AcceptsAll(), journal=context.journal, now=now, owner=boot_id())
    look(slot, "sent")
    assert planned == subscribers == sent.states["ACCEPTED"], (subscribers, planned, sent.states)
    assert not Delivery.objects.due(real_now=now + WEEK).exists()
    return slot


def look(slot: Slot, when: str) -> None:
    """Do once what the scheduler, the workers and Prometheus do all the time."""
    from django.test import RequestFactory
    from django.utils import timezone

    from newsletter.adapters.infra.send_journal import SendJournal
    from newsletter.pipeline.feedback.reconcile import reconcile
    from newsletter.pipeline.lease import dead_owners
    from newsletter.pipeline.monitor.health import measure
    from newsletter.pipeline.send.claim import is_due
    from newsletter.settings import CONFIG
    from newsletter.web.metrics import metrics

    real_now = timezone.now()
    with slot.watched(slot.looks, f"sweep, {when}"):
        journal = SendJournal(CONFIG.journal_folder)
        reconcile(
            mailer=AcceptsAll(), journal=journal, real_now=real_now, now=real_now, dead_owners=dead_owners()
        )
    with slot.watched(slot.looks, f"who waits, {when}"):
        is_due(transactional=True, real_now=real_now)
    with slot.watched(slot.looks, f"watch, {when}"):
        measure(now=real_now)
    with slot.watched(slot.looks, f"/metrics, {when}"):
        metrics(RequestFactory().get("/metrics"))


# --- what it cost ----------------------------------------------------------------------------------------


def report(placeholders: Sequence[Slot], *, numbers: tuple[int, int]) -> None:
    head = "".join(f"{f'{number:,} readers':>28}" for number in numbers)
    print(f"\n{'':<22}{head}{'ratio':>8}")
    print(f"{'':<22}{2 * ('ms each'.rjust(10) + 'SQL each'.rjust(9) + 'longest'.rjust(9))}")
    for name in placeholders[0].context:
        costs = [slot.context[name] for slot in placeholders]
        each = [1000 * cost.seconds / number for cost, number in zip(costs, numbers, strict=True)]
        columns = "".join(
            f"{ms:>10.3f}{cost.statements / number:>9.2f}{1000 * cost.longest:>6.0f} ms"
            for ms, cost, number in zip(each, costs, numbers, strict=True)
        )
        print(f"{name:<22}{columns}{each[1] / each[0]:>8.2f}")
    print(f"\n{'':<22}{2 * ('ms'.rjust(10) + 'SQL'.rjust(9) + 'longest'.rjust(9))}")
    for name in placeholders[0].looks:
        costs = [slot.looks[name] for slot in placeholders]
        columns = "".join(
            f"{1000 * cost.seconds:>10.1f}{cost.statements:>9}{1000 * cost.longest:>6.0f} ms"
            for cost in costs
        )
        print(f"{name:<22}{columns}{costs[1].seconds / costs[0].seconds:>8.2f}")


if __name__ == "__main__":
    main()
