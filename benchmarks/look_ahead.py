"""What looking ahead costs: 20,000 readers whose digests fall due within three hours, and papers of a week.

    python benchmarks/look_ahead.py [--readers 20000]

Readers have one to five of forty topics, of three depths and two languages, and each has had other papers:
the hardest case for telling equal readers apart. Prints the seconds of planning, selecting and comparing, and
of a look for open requests.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from service import fresh_service

if TYPE_CHECKING:
    from newsletter.models import Paper, Subscriber

NOW = datetime(2026, 6, 15, 6, 0, tzinfo=UTC)
SLOT = NOW + timedelta(hours=2)
TOPICS, PAPERS = 40, 1_400
CHANCE = random.Random(20260615)  # noqa: S311  # the same readers in every run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--readers", type=int, default=20_000)
    options = parser.parse_args()
    with fresh_service(GEMINI_API_KEY="unused"):
        fill(options.subscribers)
        measure()


def fill(subscribers: int) -> None:
    """Write topics, papers, matches and readers straight into the tables."""
    from newsletter.models import Match, Subscription, Topic

    topics = Topic.objects.bulk_create(
        Topic(slug=f"t{number}", name=f"Topic {number}", query="cat:cs.CV", created_at=NOW - timedelta(90))
        for number in range(TOPICS)
    )
    papers = fill_papers()
    for topic in topics:
        Match.objects.bulk_create(
            Match(topic=topic, paper=paper, score=CHANCE.random() * 20, created_at=paper.first_seen_at)
            for paper in CHANCE.sample(papers, CHANCE.choice([5, 20, 60, 200]))
        )
    people = fill_subscribers(subscribers, papers)
    Subscription.objects.bulk_create(
        (
            Subscription(
                subscriber=person,
                topic=topic,
                position=position,
                created_at=person.joined_at,
                covered_until=CHANCE.choice([None, NOW - timedelta(days=7)]),
            )
            for person in people
            for position, topic in enumerate(CHANCE.sample(topics, CHANCE.randint(1, 5)))
        ),
        batch_size=500,
    )
    print(f"{subscribers:,} readers, {Subscription.objects.count():,} subscriptions, ", end="")
    print(f"{TOPICS} topics, {PAPERS:,} papers, {Match.objects.count():,} matches")


def fill_papers() -> list[Paper]:
    from newsletter.models import Paper

    seen = [NOW - timedelta(days=day, hours=4) for day in range(7)]
    return Paper.objects.bulk_create(
        Paper(
            arxiv_id=f"2606.{number:05}",
            version=1,
            title=f"Paper {number}",
            abstract="We propose a thing.",
            authors=["A. Roe"],
            primary_category="cs.CV",
            categories=["cs.CV"],
            published_at=seen[number % 7] - timedelta(hours=20),
            updated_at=seen[number % 7],
            first_seen_at=seen[number % 7],
            matched_at=NOW,
        )
        for number in range(PAPERS)
    )


def fill_subscribers(subscribers: int, papers: list[Paper]) -> list[Subscriber]:
    from newsletter.core.digests.seen_papers import pack_seen
    from newsletter.models import Subscriber

    return Subscriber.objects.bulk_create(
        (
            Subscriber(
                email=f"r{number}@example.org",
                email_key=f"r{number}@example.org",
                status="active",
                language=CHANCE.choice(["en", "zh-hans"]),
                depth=CHANCE.choice(["headline", "takeaways", "reading"]),
                max_papers=CHANCE.choice([5, 10, 10, 20]),
                joined_at=NOW - timedelta(days=CHANCE.randint(1, 80), seconds=number),
                next_slot_at=SLOT,
                seen_papers=pack_seen(paper.pk for paper in CHANCE.sample(papers, 30)),
            )
            for number in range(subscribers)
        ),
        batch_size=500,
    )


def measure() -> None:
    from newsletter.adapters.llm.genai import GenaiSummariser
    from newsletter.models import Selection
    from newsletter.pipeline.schedule import plan_ahead, plan_due
    from newsletter.pipeline.select.select import select_planned
    from newsletter.pipeline.summarize.store import open_requests

    model = GenaiSummariser(api_key="unused", model="m")
    with timed("planning ahead"):
        planned = plan_ahead(now=NOW)
    with timed("selecting"):
        select_planned(now=NOW)
    with timed("comparing the inputs"):
        select_planned(now=NOW, is_refreshing=True)
    for look in ("a first look", "a second one"):
        with timed(look):
            wanted = open_requests(now=NOW, summariser=model)
    with timed("passing the slot"):
        plan_due(now=SLOT)
    forms = {(want.paper_id, want.language) for want in wanted}
    groups = Selection.objects.count()
    print(f"{planned:,} readers with {groups:,} selections want {len(forms):,} summaries")


@contextmanager
def timed(what: str) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    print(f"  {what:<24}{time.perf_counter() - begun:8.3f} s")


if __name__ == "__main__":
    main()
