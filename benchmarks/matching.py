"""What matching costs: so many private topics against the papers of a folder of saved arXiv answers.

    python benchmarks/matching.py FOLDER [--topics 10000] [--days 1]

Writes topics as readers write them (phrases and names of these papers, often within a category), three an
owner, and takes the papers of the first days in; then every topic is taken for a new one, which looks back.
SQLite in a temporary folder, or the empty database of DATABASE_URL. Prints CPU seconds of this process,
seconds on the clock, and statements.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from service import fresh_service

if TYPE_CHECKING:
    from newsletter.core.arxiv.papers import PaperRecord

NOW = datetime(2026, 6, 20, tzinfo=UTC)
LOOKBACK = timedelta(days=14)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--topics", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=1)
    options = parser.parse_args()
    files = sorted(options.folder.glob("????-??-??.xml"))[: options.days]
    with fresh_service(DATABASE_URL=os.environ.get("DATABASE_URL", "")):
        from newsletter.adapters.arxiv.feed import parse
        from newsletter.pipeline.match import match_papers

        papers = [paper for file in files for paper in parse(file.read_bytes()).papers]
        fill(papers, topics=options.topics)
        print(f"{options.topics:,} private topics, {len(papers):,} papers")
        measure("new papers", lambda: match_papers(now=NOW, lookback=LOOKBACK))
        take_topics_for_new()
        measure("new topics", lambda: match_papers(now=NOW, lookback=LOOKBACK))


def fill(papers: Sequence[PaperRecord], *, topics: int) -> None:
    from newsletter.models import Paper, Subscriber, Topic
    from tests.fakes.queries import Queries

    queries = Queries(papers, seed=1)
    owners = [Subscriber(email=f"r{n}", email_key=f"r{n}", joined_at=NOW) for n in range(topics // 3 + 1)]
    Subscriber.objects.bulk_create(owners, batch_size=500)
    keys = list(Subscriber.objects.order_by("pk").values_list("pk", flat=True))
    Topic.objects.bulk_create(
        Topic(
            slug=f"t{n}",
            name="T",
            query=queries.ordinary(),
            owner_id=keys[n // 3],
            looks_back=False,
            created_at=NOW,
        )
        for n in range(topics)
    )
    Paper.objects.bulk_create(Paper.from_record(paper, first_seen_at=NOW) for paper in papers)


def take_topics_for_new() -> None:
    from newsletter.models import Match, Topic

    Match.objects.all().delete()
    Topic.objects.update(looks_back=True)


def measure(what: str, step: Callable[[], int]) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    cpu, clock = time.process_time(), time.perf_counter()
    with CaptureQueriesContext(connection) as statements:
        made = step()
    cpu, clock = time.process_time() - cpu, time.perf_counter() - clock
    print(f"{what}: {made:,} matches, {cpu:.1f} s of CPU, {clock:.1f} s, {len(statements)} statements")


if __name__ == "__main__":
    main()
