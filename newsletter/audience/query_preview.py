"""What a query would have matched among the recent papers. Read-only.

The index is cached in the process until new papers come, so that editing a query answers at once.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, Q, QuerySet

from newsletter.adapters.infra.topic_index import TopicIndex
from newsletter.audience.topics import checked_query
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.query import Query, parse
from newsletter.errors import BadInput
from newsletter.models import Paper

DAYS = 14
MOST_A_WEEK = 500
"""Papers a week that one private topic may match; the largest categories have more."""
MOST_A_WEEK_OF_A_READER = 1_000
"""Papers a week that all private topics of a reader may match together."""
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """The papers of some days, indexed. Their rows are not kept."""

    index: TopicIndex
    published_at: Mapping[int, datetime]
    """By the paper's database id."""
    since: datetime
    until: datetime

    def search(self, query: Query) -> frozenset[int]:
        return self.index.find(query)

    def records(self, paper_ids: Collection[int]) -> dict[int, PaperRecord]:
        return {pk: paper.record for pk, paper in Paper.objects.in_bulk(paper_ids).items()}

    @property
    def weeks(self) -> float:
        """How many weeks there are papers of; at least one, so that a young service is not extrapolated."""
        first = max(self.since, min(self.published_at.values(), default=self.until))
        return max(1.0, (self.until - first) / WEEK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What a query would have matched."""

    query: Query
    paper_ids: tuple[int, ...]
    """Best first."""
    recent: Recent

    @property
    def of(self) -> int:
        """How many papers it was compared with."""
        return len(self.recent.published_at)

    @property
    def per_week(self) -> int:
        """How many a week that is, rounded; 1 where there is any at all."""
        count = len(self.paper_ids)
        return max(round(count / self.recent.weeks), min(count, 1))

    def best(self) -> list[Paper]:
        """Return the matched papers, best first."""
        return _in_order(self.paper_ids)

    def newest(self, most: int) -> list[Paper]:
        """Return the newest of the matched papers, newest first."""
        published = self.recent.published_at
        return _in_order(sorted(self.paper_ids, key=lambda pk: (published[pk], pk), reverse=True)[:most])


def try_query(query: str, *, days: int = DAYS, now: datetime) -> Trial:
    """Return what ``query`` would have matched among the papers of the last ``days``. Raises BadInput."""
    tree = parse(checked_query(query))
    recent = recent_papers(days=days, now=now)
    hits = recent.index.search(tree)
    return Trial(query=tree, paper_ids=tuple(hit.paper_id for hit in hits), recent=recent)


class TooBroadError(BadInput):
    """A reader's own topics would match more papers than anybody reads."""

    def __init__(self, per_week: int, *, most: int) -> None:
        super().__init__(
            f"this would match about {per_week:,} papers a week, and {most:,} is the most: "
            "add AND with a second term, or a category such as cat:cs.CL"
        )
        self.per_week = per_week
        self.most = most


def check_breadth(query: str, *, others: Iterable[str] = (), now: datetime) -> None:
    """Raise TooBroadError where ``query``, or it and the reader's ``others``, match too many papers."""
    trial = try_query(query, now=now)
    if trial.per_week > MOST_A_WEEK:
        raise TooBroadError(trial.per_week, most=MOST_A_WEEK)
    together = set(trial.paper_ids).union(*(trial.recent.search(parse(other)) for other in others))
    per_week = round(len(together) / trial.recent.weeks)
    if per_week > MOST_A_WEEK_OF_A_READER:
        raise TooBroadError(per_week, most=MOST_A_WEEK_OF_A_READER)


_kept: dict[object, Recent] = {}
_building = threading.Lock()


def recent_papers(*, days: int = DAYS, now: datetime) -> Recent:
    """Return the papers of the last ``days``; cached until a paper is new or changed."""
    # All three columns have an index, so a large table answers as fast. A new version resets matched_at.
    state = Paper.objects.aggregate(newest=Max("pk"), seen=Max("first_seen_at"), matched=Max("matched_at"))
    key = (days, now.date(), *state.values())
    with _building:
        if key not in _kept:
            # One entry is enough: pages use the same days, and a command asks once.
            _kept.clear()
            _kept[key] = _build(days=days, now=now)
        return _kept[key]


def forget_recent() -> None:
    """Drop the cache. For tests: the next database can look the same."""
    _kept.clear()


def _build(*, days: int, now: datetime) -> Recent:
    since = now - timedelta(days=days)
    papers = [(paper.pk, paper.record) for paper in _seen(since=since, until=now).iterator()]
    return Recent(
        index=TopicIndex(papers),
        published_at={pk: record.published_at for pk, record in papers},
        since=since,
        until=now,
    )


def _seen(*, since: datetime, until: datetime) -> QuerySet[Paper]:
    recent = Q(first_seen_at__gte=since) | Q(published_at__gte=since)
    return Paper.objects.filter(recent, first_seen_at__lte=until, is_withdrawn=False)


def _in_order(paper_ids: tuple[int, ...] | list[int]) -> list[Paper]:
    found = Paper.objects.in_bulk(paper_ids)
    return [found[pk] for pk in paper_ids if pk in found]
