"""What planning and selecting cost a subscriber, with and without a profile, on a real week of arXiv.

    python benchmarks/taste_speed.py DATA [--readers 3000] [--learned 60]

DATA holds the folders 2026-06-01 and 2026-06-15-wide (one saved arXiv answer a day). Readers have one to five
starter topics; half of them kept four to twelve papers of the first week. So many profiles are learned, the
others are copies of them. Then the second week's digests are planned and selected, the stored selections are
compared with their inputs, and papers come shortly before the slot.

Prints CPU of this process (not of PostgreSQL) and statements a subscriber, and the peak of memory. What a
pass takes for itself (vectors, orders of each topic, requests) is shared by its subscribers: it is most of
what one takes where they are few. SQLite in a temporary folder, or the empty database of DATABASE_URL.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from service import fresh_service

if TYPE_CHECKING:
    from newsletter.models import Subscriber, Topic

SLOT = datetime(2026, 6, 22, 8, 0, tzinfo=UTC)
NOW = SLOT - timedelta(hours=3)
WEEK = timedelta(days=7)
KEPT, SELECTED = "2026-06-01", "2026-06-15-wide"
LATE = 40
"""Papers that come ten minutes before the slot."""
CHANCE = random.Random(20260615)  # noqa: S311  # the same readers in every run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--readers", type=int, default=3_000)
    parser.add_argument("--learned", type=int, default=60)
    options = parser.parse_args()
    with fresh_service(DATABASE_URL=os.environ.get("DATABASE_URL", "")):
        fill_weeks(options.data)
        measure(readers=options.readers, learned=options.learned, late=hold_back())
    print(f"peak of memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


# --- what there is ---------------------------------------------------------------------------------------


def fill_weeks(data: Path) -> None:
    """Take both weeks in, a day at a time, and match them to the starter topics."""
    from newsletter.adapters.registry import paper_source
    from newsletter.audience.topics import add_starter_topics
    from newsletter.models import Match, Paper, Topic
    from newsletter.pipeline.gather import gather_files
    from newsletter.pipeline.match import match_papers
    from newsletter.settings import CONFIG

    add_starter_topics(now=SLOT - 10 * WEEK)
    for day in sorted((*(data / KEPT).glob("*.xml"), *(data / SELECTED).glob("*.xml"))):
        evening = datetime.fromisoformat(day.stem).replace(hour=22, tzinfo=UTC)
        gather_files(paper_source(CONFIG), paths=[str(day)], now=evening)
        Paper.objects.filter(first_seen_at=evening).update(matched_at=None)
        match_papers(now=evening, lookback=2 * WEEK)
    print(
        f"{Paper.objects.count():,} papers, {Topic.objects.count()} topics, {Match.objects.count():,} matches"
    )


def hold_back() -> Callable[[], None]:
    """Take some papers of the last day out again; return what takes these in."""
    from newsletter.models import Match, Paper

    last = list(Paper.objects.order_by("-pk")[:LATE])
    matches = list(Match.objects.filter(paper__in=last))
    Paper.objects.filter(pk__in=[each.pk for each in last]).delete()

    def take_in() -> None:
        for each in last:
            each.first_seen_at = each.matched_at = SLOT - timedelta(minutes=10)
        for match in matches:
            match.created_at = SLOT - timedelta(minutes=10)
        Paper.objects.bulk_create(last)
        Match.objects.bulk_create(matches)

    return take_in


def add_readers(number: int, *, name: str) -> list[Subscriber]:
    from newsletter.models import Subscription, Topic

    topics = list(Topic.objects.order_by("pk"))
    people = _subscribers(number, name=name)
    Subscription.objects.bulk_create(
        (
            _subscription(person, topic, position)
            for person in people
            for position, topic in enumerate(CHANCE.sample(topics, CHANCE.randint(1, 5)))
        ),
        batch_size=500,
    )
    return people


def _subscribers(number: int, *, name: str, version: int = 0) -> list[Subscriber]:
    from newsletter.core.digests.seen_papers import pack_seen
    from newsletter.models import Paper, Subscriber

    before = list(
        Paper.objects.filter(first_seen_at__lt=SLOT - WEEK).order_by("pk").values_list("pk", flat=True)
    )
    return Subscriber.objects.bulk_create(
        (
            Subscriber(
                email=f"{name}{each}@example.org",
                email_key=f"{name}{each}@example.org",
                status="active",
                language=CHANCE.choice(["en", "en", "en", "zh-hans"]),
                depth=CHANCE.choice(["headline", "takeaways", "takeaways", "reading"]),
                max_papers=CHANCE.choice([5, 10, 10, 20]),
                joined_at=SLOT - timedelta(days=CHANCE.randint(20, 80), seconds=each),
                next_slot_at=SLOT,
                seen_papers=pack_seen(CHANCE.sample(before, 30)),
                taste_version=version,
            )
            for each in range(number)
        ),
        batch_size=500,
    )


def _subscription(person: Subscriber, topic: Topic | int, position: int) -> Any:
    from newsletter.models import Subscription

    return Subscription(
        subscriber=person,
        topic_id=topic if isinstance(topic, int) else topic.pk,
        position=position,
        created_at=person.joined_at,
        covered_until=SLOT - WEEK,
    )


def teach(people: Sequence[Subscriber]) -> None:
    """Have each keep papers of the first week that are like one of them, and learn from that."""
    from newsletter.models import Subscriber
    from newsletter.pipeline.select.profiles import learn_outdated

    for person in people:
        _keep(person)
    fresh = Subscriber.objects.filter(pk__in=[each.pk for each in people]).prefetch_related("subscriptions")
    learn_outdated(list(fresh), now=NOW - timedelta(days=1))


def _keep(person: Subscriber) -> None:
    from newsletter.models import Match, Paper, PaperFeedback

    topics = list(person.subscriptions.values_list("topic_id", flat=True))
    ids = Match.objects.filter(topic__in=topics, paper__first_seen_at__lt=SLOT - 2 * WEEK).values("paper")
    papers = list(Paper.objects.filter(pk__in=ids).order_by("pk"))
    if not papers:
        return
    words = {each.pk: set(each.title.lower().split()) for each in papers}
    one = CHANCE.choice(papers)
    alike = sorted(papers, key=lambda each: (-len(words[each.pk] & words[one.pk]), each.pk))
    for paper in alike[: CHANCE.randint(4, 12)]:
        of = list(Match.objects.filter(paper=paper, topic__in=topics).values_list("topic_id", flat=True))
        row = PaperFeedback(
            subscriber=person,
            arxiv_id=paper.arxiv_id,
            verdict="like",
            source="digest",
            topics=of,
            at=NOW - WEEK,
        )
        row.keep_texts(paper.record)
        row.save()
    person.taste_version = 1
    person.save()


def add_copies(number: int, *, of: Sequence[Subscriber]) -> None:
    """Add so many readers with the topics and profiles of these."""
    from newsletter.models import Subscription, TasteProfile

    people = _subscribers(number, name="copy", version=1)
    subscriptions: dict[int, list[tuple[int, int]]] = {}
    for row in Subscription.objects.filter(subscriber__in=of):
        subscriptions.setdefault(row.subscriber_id, []).append((row.topic_id, row.position))
    profiles: dict[int, list[TasteProfile]] = {}
    for profile in TasteProfile.objects.filter(subscriber__in=of):
        profiles.setdefault(profile.subscriber_id, []).append(profile)
    for start in range(0, number, 500):
        some = list(enumerate(people[start : start + 500], start))
        Subscription.objects.bulk_create(
            (
                _subscription(person, topic, position)
                for each, person in some
                for topic, position in subscriptions[of[each % len(of)].pk]
            ),
            batch_size=500,
        )
        copied = []
        for each, person in some:
            for profile in profiles.get(of[each % len(of)].pk, ()):
                fields = {
                    field.attname: getattr(profile, field.attname) for field in profile._meta.concrete_fields
                }
                copied.append(TasteProfile(**fields | {"id": None, "subscriber_id": person.pk}))
        TasteProfile.objects.bulk_create(copied, batch_size=500)


# --- what it costs ----------------------------------------------------------------------------------------


def measure(*, readers: int, learned: int, late: Callable[[], None]) -> None:
    from django.db import connection

    from newsletter.models import Delivery, Selection
    from newsletter.pipeline.schedule import plan_ahead, plan_due
    from newsletter.pipeline.select.select import select_planned

    add_readers(1, name="first")
    plan_ahead(now=NOW)
    with timed("vectors of a week, stored", 1):
        select_planned(now=NOW)
    half = readers // 2
    add_readers(half, name="plain")
    analyse()
    with timed("planning", half):
        plan_ahead(now=NOW)
    with timed("selecting without profile", half):
        select_planned(now=NOW)
    people = add_readers(min(learned, half), name="taught")
    with timed("learning profiles", len(people)):
        teach(people)
    add_copies(half - len(people), of=people)
    analyse()
    plan_ahead(now=NOW)
    with timed("selecting with profile", half):
        select_planned(now=NOW)
    with timed("comparing the inputs", readers):
        select_planned(now=NOW, is_refreshing=True)
    late()
    before = dict(Delivery.objects.values_list("pk", "selection_id"))
    with timed(f"after {LATE} late papers", readers):
        select_planned(now=SLOT - timedelta(minutes=9), is_refreshing=True)
    changed = sum(
        before[pk] != selection for pk, selection in Delivery.objects.values_list("pk", "selection_id")
    )
    with timed("passing the slot", readers):
        plan_due(now=SLOT)
    print(
        f"{connection.vendor}, {readers:,} readers, {Selection.objects.count():,} selections; "
        f"late papers changed {changed:,}"
    )


def analyse() -> None:
    """Do what PostgreSQL does by itself as it grows."""
    from django.db import connection

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


@contextmanager
def timed(what: str, readers: int) -> Iterator[None]:
    from django.db import connection

    statements = 0

    def counting(execute: Callable[..., Any], *arguments: Any) -> Any:
        nonlocal statements
        statements += 1
        return execute(*arguments)

    begun, wall = time.process_time(), time.perf_counter()
    with connection.execute_wrapper(counting):
        yield
    cpu, took = time.process_time() - begun, time.perf_counter() - wall
    each = f"{1000 * cpu / readers:9.3f} ms and {statements / readers:6.2f} statements a subscriber"
    print(f"  {what:<28}{cpu:8.2f} s of CPU, {took:7.2f} s;{each}")


if __name__ == "__main__":
    main()
