"""What a query would have matched: the recent papers, indexed once and kept until others come.

The index is kept in the process, so that a person who edits a query has an answer at once. Nothing here
changes anything.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Max, Q, QuerySet

from newsletter.adapters.topic_index import TopicIndex
from newsletter.core.query import Query, parse
from newsletter.models import Paper
from newsletter.topics import checked_query

DAYS = 14
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """The papers of some days, ready to be asked. Only their index is kept, not their rows."""

    index: TopicIndex
    published_at: Mapping[int, datetime]
    """By the paper's database id."""
    since: datetime
    until: datetime

    def search(self, query: Query) -> frozenset[int]:
        return self.index.find(query)

    @property
    def weeks(self) -> float:
        """How many weeks there are papers of; at least one, so that a young service is not made larger."""
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

    def best(self, most: int | None = None) -> list[Paper]:
        """Return the matched papers, best first."""
        return _in_order(self.paper_ids[:most])

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


_kept: dict[object, Recent] = {}
_building = threading.Lock()


def recent_papers(*, days: int = DAYS, now: datetime) -> Recent:
    """Return the papers of the last ``days``; while none is new or changed, the same as before."""
    # All three have an index: a service of years answers as fast. A new version is matched anew.
    state = Paper.objects.aggregate(newest=Max("pk"), seen=Max("first_seen_at"), matched=Max("matched_at"))
    key = (days, now.date(), *state.values())
    with _building:
        if key not in _kept:
            # One is enough: pages ask for the same days, and the command line asks once.
            _kept.clear()
            _kept[key] = _build(days=days, now=now)
        return _kept[key]


def forget_recent() -> None:
    """Drop what is kept: a test's next database can look the same."""
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
