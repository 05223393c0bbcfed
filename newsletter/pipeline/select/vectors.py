"""Vectors of papers and the means of topics: each computed once and stored."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice

from newsletter.adapters.infra.taste_matrix import VectorMatrix, mean_vector
from newsletter.core.taste.vectors import pack
from newsletter.models import Match, Paper, PaperVector, TopicMean
from newsletter.pipeline.select.snapshots import WEEKS, Current

CHUNK = 500
MEAN_IS_GOOD_FOR = timedelta(days=7)
SAMPLE = 3_000
"""Papers of eight weeks that the scores of a profile are measured against."""


def paper_vectors(versions: Mapping[int, int], *, current: Current) -> dict[int, bytes]:
    """Return the packed vector of each of these papers (id → version), storing those that are missing."""
    found: dict[int, bytes] = {}
    ids = sorted(versions)
    for chunk in _chunks(ids):
        rows = PaperVector.objects.filter(snapshot_id=current.pk, paper_id__in=chunk)
        for paper_id, version, terms in rows.values_list("paper_id", "version", "terms"):
            if version == versions[paper_id]:
                found[paper_id] = bytes(terms)
    missing = [paper_id for paper_id in ids if paper_id not in found]
    for chunk in _chunks(missing):
        found |= _store(chunk, current=current)
    return found


def _store(paper_ids: Collection[int], *, current: Current) -> dict[int, bytes]:
    rows = [
        PaperVector(
            paper_id=paper_id,
            snapshot_id=current.pk,
            version=version,
            terms=pack(current.snapshot.vector(title, abstract)),
        )
        for paper_id, version, title, abstract in Paper.objects.filter(pk__in=paper_ids)
        .order_by("pk")
        .values_list("pk", "version", "title", "abstract")
    ]
    PaperVector.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["paper", "snapshot"], update_fields=["version", "terms"]
    )
    return {row.paper_id: bytes(row.terms) for row in rows}


def background_sample(*, current: Current, now: datetime) -> VectorMatrix:
    """Return papers of eight weeks, spread over them, as rows."""
    recent = Paper.objects.filter(first_seen_at__gt=now - WEEKS, first_seen_at__lte=now, is_withdrawn=False)
    ids = list(recent.order_by("pk").values_list("pk", "version"))
    step = max(1, -(-len(ids) // SAMPLE))
    return VectorMatrix.of(list(paper_vectors(dict(ids[::step]), current=current).values()))


def topic_means(topic_ids: Collection[int], *, current: Current, now: datetime) -> dict[int, bytes]:
    """Return the packed mean of each topic's matches of eight weeks; made anew after a week."""
    rows = TopicMean.objects.filter(
        snapshot_id=current.pk, topic_id__in=topic_ids, made_at__gt=now - MEAN_IS_GOOD_FOR, made_at__lte=now
    )
    means = {topic_id: bytes(terms) for topic_id, terms in rows.values_list("topic_id", "terms")}
    made = [
        TopicMean(
            topic_id=topic_id,
            snapshot_id=current.pk,
            made_at=now,
            terms=_mean_of(topic_id, current=current, now=now),
        )
        for topic_id in sorted(set(topic_ids) - means.keys())
    ]
    TopicMean.objects.bulk_create(
        made, update_conflicts=True, unique_fields=["topic", "snapshot"], update_fields=["made_at", "terms"]
    )
    return means | {row.topic_id: bytes(row.terms) for row in made}


def _mean_of(topic_id: int, *, current: Current, now: datetime) -> bytes:
    matches = Match.objects.filter(topic_id=topic_id, created_at__gt=now - WEEKS, created_at__lte=now)
    versions = dict(matches.order_by("-pk").values_list("paper_id", "paper__version")[:SAMPLE])
    vectors = list(paper_vectors(versions, current=current).values())
    return pack(mean_vector(VectorMatrix.of(vectors)) if vectors else {})


def _chunks(ids: Collection[int]) -> Iterator[list[int]]:
    left = iter(ids)
    while chunk := list(islice(left, CHUNK)):
        yield chunk
