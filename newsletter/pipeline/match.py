"""Match: which papers each topic's query matches; once per topic, never per reader."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import connection, transaction
from django.db.models import Count, Max, Q, QuerySet

from newsletter.adapters.infra.topic_index import Match as Hit
from newsletter.adapters.infra.topic_index import TopicIndex
from newsletter.audience.query_preview import MOST_A_WEEK, MOST_A_WEEK_OF_A_READER, WEEK
from newsletter.core.arxiv.query import parse_stored
from newsletter.models import Match, Paper, Topic

CHUNK = 500
ROWS = 10_000
"""Matches inserted by one statement."""
Item = TypeVar("Item")


def match_papers(*, now: datetime, lookback: timedelta) -> int:
    """Match new papers to all topics, and new or changed topics to the papers of the look-back.

    Returns how many papers some topic found for the first time. Idempotent: a run that dies half-way is
    repeated.
    """
    last = Match.objects.aggregate(last=Max("pk"))["last"] or 0
    if not _match_changed_topics(now=now, lookback=lookback) + _match_new_papers(now=now):
        return 0
    new = Match.objects.filter(pk__gt=last, created_at=now)
    return new.values("paper").distinct().count()


def _match_new_papers(*, now: datetime) -> int:
    papers = list(Paper.objects.filter(matched_at__isnull=True))
    if not papers:
        return 0
    index = _index(paper for paper in papers if not paper.is_withdrawn)
    quotas = _Quotas(now=now)
    made = [
        (topic.pk, hit)
        for topic in _topics()
        for hit in quotas.within(topic, index.search(parse_stored(topic.query)))
    ]
    with transaction.atomic():
        count = _insert(made, now=now)
        for version in {paper.version for paper in papers}:
            # Not one that was revised meanwhile: its new version waits to be matched.
            for chunk in _chunks([paper.pk for paper in papers if paper.version == version]):
                Paper.objects.filter(pk__in=chunk, version=version).update(matched_at=now)
    return count


def _match_changed_topics(*, now: datetime, lookback: timedelta) -> int:
    topics = list(_topics().filter(looks_back=True))
    if not topics:
        return 0
    since = now - lookback
    papers = list(Paper.objects.filter(_recent(since), is_withdrawn=False))
    index, compared = _index(papers), {paper.pk for paper in papers}
    made, quotas = 0, _Quotas(now=now)
    for several in _chunks(topics):
        found = {topic: index.search(parse_stored(topic.query)) for topic in several}
        made += _store_changed(found, compared=compared, since=since, quotas=quotas, now=now)
    return made


@transaction.atomic
def _store_changed(
    found: dict[Topic, list[Hit]], *, compared: set[int], since: datetime, quotas: _Quotas, now: datetime
) -> int:
    """Make the topics' matches with the papers compared those that were found."""
    # If a query was edited meanwhile, the flag stays, and the next run looks back again.
    rows = Topic.objects.filter(pk__in=[topic.pk for topic in found]).select_for_update().order_by("pk")
    queries = dict(rows.values_list("pk", "query"))
    found = {topic: hits for topic, hits in found.items() if queries.get(topic.pk) == topic.query}
    keys = [topic.pk for topic in found]
    Topic.objects.filter(pk__in=keys).update(looks_back=False)
    matches = Match.objects.filter(_recent(since, "paper__"), topic_id__in=keys)
    old = {
        (topic, paper): match
        for match, topic, paper in matches.values_list("pk", "topic_id", "paper_id")
        if paper in compared
    }
    still = {(topic.pk, hit.paper_id) for topic, hits in found.items() for hit in hits}
    for chunk in _chunks([match for pair, match in old.items() if pair not in still]):
        Match.objects.filter(pk__in=chunk).delete()
    made = [
        (topic.pk, hit)
        for topic, hits in found.items()
        for hit in quotas.within(topic, [hit for hit in hits if (topic.pk, hit.paper_id) not in old])
    ]
    return _insert(made, now=now)


class _Quotas:
    """How many matches private topics may still get, per topic and per owner: others pay for their cost."""

    def __init__(self, *, now: datetime) -> None:
        week = Match.objects.filter(created_at__gt=now - WEEK, created_at__lte=now)
        private = week.filter(topic__owner__isnull=False).values_list("topic_id", "topic__owner_id")
        self._topics, self._owners = Counter[int](), Counter[int]()
        for topic_id, owner_id, count in private.annotate(Count("pk")):
            self._topics[topic_id] += count
            self._owners[owner_id] += count

    def within(self, topic: Topic, hits: list[Hit]) -> list[Hit]:
        """Return the best of ``hits``, as many as the topic may have; all of a public topic's."""
        if topic.owner_id is None:
            return hits
        left = MOST_A_WEEK_OF_A_READER - self._owners[topic.owner_id]
        taken = hits[: max(0, min(MOST_A_WEEK - self._topics[topic.pk], left))]
        self._topics[topic.pk] += len(taken)
        self._owners[topic.owner_id] += len(taken)
        return taken


def _topics() -> QuerySet[Topic]:
    return Topic.objects.filter(is_active=True).only("query", "owner_id")


def _recent(since: datetime, prefix: str = "") -> Q:
    return Q((f"{prefix}first_seen_at__gte", since), (f"{prefix}published_at__gte", since), _connector=Q.OR)


def _index(papers: Iterable[Paper]) -> TopicIndex:
    return TopicIndex([(paper.pk, paper.record) for paper in papers])


def _insert(made: Sequence[tuple[int, Hit]], *, now: datetime) -> int:
    """Insert the matches that are not there yet, many in a statement; return how many that were."""
    table = Match._meta.db_table
    insert = f"INSERT INTO {table} (topic_id, paper_id, score, created_at)"
    at, count = connection.ops.adapt_datetimefield_value(now), 0
    with connection.cursor() as cursor:
        for chunk in _chunks(made, size=ROWS):
            if connection.vendor == "postgresql":
                columns = [
                    [row[0] for row in chunk],
                    *map(list, zip(*(hit for _, hit in chunk), strict=True)),
                ]
                given = "SELECT *, %s::timestamptz FROM unnest(%s::bigint[], %s::bigint[], %s::float8[])"
                cursor.execute(f"{insert} {given} ON CONFLICT DO NOTHING", [at, *columns])
            else:
                rows = [(topic, *hit, at) for topic, hit in chunk]
                cursor.executemany(f"{insert} VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING", rows)
            count += cursor.rowcount
    return count


def _chunks(items: Sequence[Item], *, size: int = CHUNK) -> Iterator[Sequence[Item]]:
    return (items[start : start + size] for start in range(0, len(items), size))
