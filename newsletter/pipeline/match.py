"""Match: which papers each topic's query matches; once per topic, never per reader."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Q

from newsletter.adapters.infra.topic_index import Match as Hit
from newsletter.adapters.infra.topic_index import TopicIndex
from newsletter.audience.query_preview import MOST_A_WEEK, MOST_A_WEEK_OF_A_READER, WEEK
from newsletter.core.arxiv.query import parse
from newsletter.models import Match, Paper, Topic

CHUNK = 500


def match_papers(*, now: datetime, lookback: timedelta) -> int:
    """Match new papers to all topics, and new or changed topics to the papers of the look-back.

    Returns how many matches were made. Idempotent: a run that dies half-way is repeated.
    """
    return _match_changed_topics(now=now, lookback=lookback) + _match_new_papers(now=now)


def _match_new_papers(*, now: datetime) -> int:
    papers = list(Paper.objects.filter(matched_at__isnull=True))
    if not papers:
        return 0
    index = _index(paper for paper in papers if not paper.is_withdrawn)
    quotas = _Quotas(now=now)
    made = [
        Match(topic=topic, paper_id=hit.paper_id, score=hit.score, created_at=now)
        for topic in Topic.objects.filter(is_active=True)
        for hit in quotas.within(topic, index.search(parse(topic.query)))
    ]
    with transaction.atomic():
        count = _insert(made)
        for version in {paper.version for paper in papers}:
            # Not one that was revised meanwhile: its new version waits to be matched.
            for chunk in _chunks([paper.pk for paper in papers if paper.version == version]):
                Paper.objects.filter(pk__in=chunk, version=version).update(matched_at=now)
    return count


def _match_changed_topics(*, now: datetime, lookback: timedelta) -> int:
    topics = list(Topic.objects.filter(is_active=True, looks_back=True))
    if not topics:
        return 0
    since = now - lookback
    recent = Q(first_seen_at__gte=since) | Q(published_at__gte=since)
    papers = list(Paper.objects.filter(recent, is_withdrawn=False))
    index, compared = _index(papers), {paper.pk for paper in papers}
    made, quotas = 0, _Quotas(now=now)
    for topic in topics:
        made += _match_changed_topic(topic, index=index, compared=compared, quotas=quotas, now=now)
    return made


@transaction.atomic
def _match_changed_topic(
    topic: Topic, *, index: TopicIndex, compared: set[int], quotas: _Quotas, now: datetime
) -> int:
    # If the query was edited meanwhile, the flag stays, and the next run looks back again.
    if not Topic.objects.filter(pk=topic.pk, query=topic.query).update(looks_back=False):
        return 0
    hits = {hit.paper_id: hit.score for hit in index.search(parse(topic.query))}
    old = set(Match.objects.filter(topic=topic).values_list("paper_id", flat=True))
    gone = [paper_id for paper_id in old & compared if paper_id not in hits]
    for chunk in _chunks(gone):
        Match.objects.filter(topic=topic, paper_id__in=chunk).delete()
    fresh = [Hit(paper_id=paper_id, score=score) for paper_id, score in hits.items() if paper_id not in old]
    return _insert(
        Match(topic=topic, paper_id=hit.paper_id, score=hit.score, created_at=now)
        for hit in quotas.within(topic, fresh)
    )


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


def _index(papers: Iterable[Paper]) -> TopicIndex:
    return TopicIndex([(paper.pk, paper.record) for paper in papers])


def _insert(matches: Iterable[Match]) -> int:
    before = Match.objects.count()
    Match.objects.bulk_create(list(matches), ignore_conflicts=True, batch_size=CHUNK)
    return Match.objects.count() - before


def _chunks(ids: Sequence[int]) -> Iterable[Sequence[int]]:
    return (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))
