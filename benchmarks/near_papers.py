"""What stands near the topics of the readers in ``relevance/readers.toml``, by hand labels of what they want.

    python benchmarks/near_papers.py DATA [--each] [--pool FILE]

DATA holds the folders 2026-06-01 (what they kept) and 2026-06-15-wide (the week of their digest). Each reader
is set up in a service of its own, as a real one would be, and their digest of the second week is selected.

``relevance/near.csv`` has a line a reader and paper: 1 (they want it) or 0. The papers were a pool: the
twelve that score best of what no query matched, and six more from the fields of what was kept, in an order
that tells nothing. ``--pool`` writes that pool. Rules were tuned on set A of the readers; set B is held out.
"""

from __future__ import annotations

import argparse
import csv
import random
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyroaring import BitMap
from service import fresh_service
from taste_speed import NOW, SLOT, WEEK, fill_weeks

if TYPE_CHECKING:
    from newsletter.models import Delivery, Subscriber

LABELS = Path(__file__).parent / "relevance"
FEWEST_KEPT, MANY = 4, 5
BEST, BEST_OF_FIELDS = 12, 6
"""Of what no query matched: so many a reader are in the pool."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path, help="folder with a folder of saved arXiv answers for each week")
    parser.add_argument("--each", action="store_true", help="print every near paper")
    parser.add_argument("--pool", type=Path, help="write what is to be labelled, and stop")
    options = parser.parse_args()
    with fresh_service():
        fill_weeks(options.data)
        entries = known_readers()
        add_own_topics(entries)
        readers = [add_reader(entry) for entry in entries]
        if options.pool:
            write_pool(readers, options.pool)
        else:
            report(readers, each=options.each)


def known_readers() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads((LABELS / "readers.toml").read_text())["reader"]
    return [entry for entry in found if len(entry["kept"]) >= FEWEST_KEPT]


@dataclass(frozen=True)
class Reader:
    name: str
    of_set: str
    kept: int
    subscriber: Subscriber


def add_own_topics(entries: Sequence[Mapping[str, Any]]) -> None:
    """Add the readers' own queries as topics, and match both weeks to them as if they had been there."""
    from django.db.models import OuterRef, Subquery

    from newsletter.models import Match, Paper, Topic
    from newsletter.pipeline.match import match_papers

    own = Topic.objects.bulk_create(
        Topic(slug=own_slug(entry), name=entry["name"], query=entry["query"], created_at=SLOT - 10 * WEEK)
        for entry in entries
        if "query" in entry
    )
    match_papers(now=NOW, lookback=4 * WEEK)
    came = Paper.objects.filter(pk=OuterRef("paper")).values("first_seen_at")
    Match.objects.filter(topic__in=own).update(created_at=Subquery(came))


def own_slug(entry: Mapping[str, Any]) -> str:
    return f"own-{entry['name']}"


def add_reader(entry: Mapping[str, Any]) -> Reader:
    from newsletter.core.digests.seen_papers import pack_seen
    from newsletter.models import Paper, Subscriber, Subscription, Topic

    before = Paper.objects.filter(first_seen_at__lt=SLOT - WEEK).values_list("pk", flat=True)
    address = f"{entry['name']}@example.org"
    subscriber = Subscriber.objects.create(
        email=address,
        email_key=address,
        status="active",
        joined_at=SLOT - 3 * WEEK,
        next_slot_at=SLOT,
        seen_papers=pack_seen(before),
        taste_version=1,
    )
    slugs = [*entry.get("topics", ()), own_slug(entry)]
    for position, topic in enumerate(Topic.objects.filter(slug__in=slugs).order_by("pk")):
        Subscription.objects.create(
            subscriber=subscriber,
            topic=topic,
            position=position,
            created_at=subscriber.joined_at,
            covered_until=SLOT - WEEK,
        )
    keep(subscriber, entry["kept"], verdict="like")
    keep(subscriber, entry.get("disliked", ()), verdict="dislike")
    return Reader(entry["name"], entry["set"], len(entry["kept"]), subscriber)


def keep(subscriber: Subscriber, arxiv_ids: Iterable[str], *, verdict: str) -> None:
    from newsletter.models import Match, Paper, PaperFeedback

    topics = set(subscriber.subscriptions.values_list("topic_id", flat=True))
    for paper in Paper.objects.filter(arxiv_id__in=arxiv_ids):
        brought = Match.objects.filter(paper=paper, topic__in=topics).values_list("topic_id", flat=True)
        row = PaperFeedback(
            subscriber=subscriber,
            arxiv_id=paper.arxiv_id,
            verdict=verdict,
            source="digest",
            topics=list(brought),
            at=NOW - WEEK,
        )
        row.keep_texts(paper.record)
        row.save()


# --- the pool ---------------------------------------------------------------------------------------------


def write_pool(readers: Sequence[Reader], path: Path) -> None:
    """Write what is to be labelled of each reader: arXiv id, title and abstract."""
    from newsletter.models import Paper

    with path.open("w", encoding="utf-8") as lines:
        for reader, paper_ids in pools(readers).items():
            papers = list(Paper.objects.filter(pk__in=paper_ids))
            random.Random(reader).shuffle(papers)  # noqa: S311 - an order that tells nothing
            lines.writelines(f"{reader}\t{each.arxiv_id}\t{each.title}\t{each.abstract}\n" for each in papers)


def pools(readers: Sequence[Reader]) -> dict[str, set[int]]:
    """Return the papers that score best of what no query matched, by the reader's name."""
    found = {}
    for reader, scored, of_fields in unmatched(readers):
        best = sorted(scored, key=lambda paper_id: -scored[paper_id])
        found[reader] = {*best[:BEST], *[each for each in best if each in of_fields][:BEST_OF_FIELDS]}
    return found


def unmatched(readers: Sequence[Reader]) -> Iterator[tuple[str, dict[int, float], BitMap]]:
    """Yield each reader's name, the scores of what no query matched, and what of it is from their fields."""
    from newsletter.core.digests.seen_papers import unpack_seen
    from newsletter.pipeline.select.paper_space import PaperSpace
    from newsletter.pipeline.select.profiles import learn_outdated
    from newsletter.pipeline.select.select import Loaded, offers_of
    from newsletter.pipeline.select.taste import Taste

    names = {reader.subscriber.pk: reader.name for reader in readers}
    digests = planned()
    offers, loaded = offers_of(digests), Loaded(now=NOW)
    loaded.pool.cover(offer for group in offers.values() for offer in group)
    subscribers = [each.subscriber for each in digests]
    learn_outdated(subscribers, now=NOW)
    groups = [tuple(map(loaded.pool.offered, offers[each.pk])) for each in digests]
    space: PaperSpace = loaded.space()
    taste = Taste(list(zip(subscribers, groups, strict=True)), space=space)
    for subscriber, group in zip(subscribers, groups, strict=True):
        known = taste.of(subscriber)
        free = BitMap.union(*(each.all_in_period for each in group))
        free -= BitMap.union(*(each.papers for each in group)) | unpack_seen(bytes(subscriber.seen_papers))
        rows = [taste._scores[taste._rows[known.for_topic(each.topic.pk).pk]] for each in group]
        scored = {pk: max(float(row[space.columns[pk]]) for row in rows) for pk in free}
        fields = frozenset(code for each in known.kept for code in each.categories)
        yield names[subscriber.pk], scored, free & loaded.pool.primarily_in(fields)


def planned() -> list[Delivery]:
    from newsletter.models import Delivery
    from newsletter.pipeline.schedule import plan_ahead

    plan_ahead(now=NOW)
    return list(Delivery.objects.order_by("pk").prefetch_related("subscriber__subscriptions__topic"))


# --- what stands there ------------------------------------------------------------------------------------


def report(readers: Sequence[Reader], *, each: bool) -> None:
    """Print, by set: of how many readers something stands near, and how much of it they want."""
    from newsletter.models import Delivery, Paper
    from newsletter.pipeline.select.select import select_planned

    planned()
    select_planned(now=NOW)
    labels = read_labels()
    selections = {row.subscriber_id: row.selected for row in Delivery.objects.select_related("selection")}
    for of_set in sorted({reader.of_set for reader in readers}):
        people = [reader for reader in readers if reader.of_set == of_set]
        told: list[int | None] = []
        with_some = {True: 0, False: 0}
        for reader in people:
            near = selections[reader.subscriber.pk].near
            with_some[reader.kept >= MANY] += bool(near)
            for paper in near:
                row = Paper.objects.get(pk=paper.paper_id)
                told.append(labels.get((reader.name, row.arxiv_id)))
                if each:
                    shared = ", ".join(paper.why.terms)
                    print(f"  {told[-1]} {reader.name}: {row.arxiv_id} {row.title} | {shared}")
        many = sum(reader.kept >= MANY for reader in people)
        print(
            f"set {of_set}: {len(told)} near papers, {told.count(1)} wanted, "
            f"{told.count(None)} without a label; "
            f"{with_some[True]} of {many} readers with {MANY} likes or more have some, "
            f"{with_some[False]} of {len(people) - many} others"
        )


def read_labels() -> dict[tuple[str, str], int]:
    with (LABELS / "near.csv").open(encoding="utf-8") as lines:
        return {(row["reader"], row["paper"]): int(row["wanted"]) for row in csv.DictReader(lines)}


if __name__ == "__main__":
    main()
