"""Vectors of papers: each computed once a snapshot and stored."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from newsletter.adapters.infra.taste_matrix import VectorMatrix
from newsletter.core.taste.vectors import pack
from newsletter.models import Paper, PaperVector
from newsletter.pipeline.select.snapshots import WEEKS, Current

CHUNK = 500
SAMPLE = 3_000
"""Papers of eight weeks that a profile is measured against, or among which those like its likes are found."""


def paper_vectors(
    versions: Mapping[int, int], *, current: Current, known: Mapping[int, bytes]
) -> dict[int, bytes]:
    """Return the packed vector of each of these papers (id → version), storing those that are missing.

    ``known`` are not read again.
    """
    ids = sorted(versions)
    found = {paper_id: known[paper_id] for paper_id in ids if paper_id in known}
    for chunk in _chunks([paper_id for paper_id in ids if paper_id not in found]):
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


class VectorsOfWeeks:
    """Vectors of the papers of eight weeks, each read once."""

    def __init__(self, *, current: Current, now: datetime) -> None:
        self._current = current
        self._papers = Paper.objects.filter(
            first_seen_at__gt=now - WEEKS, first_seen_at__lte=now, is_withdrawn=False
        )
        self._known: dict[int, bytes] = {}

    def sample(self) -> VectorMatrix:
        """Return papers of eight weeks, spread over them, as rows."""
        versions = list(self._papers.order_by("pk").values_list("pk", "version"))
        step = max(1, -(-len(versions) // SAMPLE))
        vectors = self._vectors(dict(versions[::step]))
        return VectorMatrix.of([packed for _, packed in sorted(vectors.items())])

    def of_topics(self, topic_ids: Collection[int]) -> RecentPapers:
        """Return what these topics matched, the newest 3,000."""
        recent = self._papers.filter(matches__topic_id__in=topic_ids).order_by("-pk").distinct()
        found = list(recent.values_list("pk", "version", "arxiv_id")[:SAMPLE])
        vectors = self._vectors({pk: version for pk, version, _ in found})
        packed = [vectors[pk] for pk, _, _ in found if pk in vectors]
        rows = {arxiv_id: row for row, (pk, _, arxiv_id) in enumerate(found) if pk in vectors}
        return RecentPapers(rows, packed, VectorMatrix.of(packed))

    def _vectors(self, versions: Mapping[int, int]) -> dict[int, bytes]:
        found = paper_vectors(versions, current=self._current, known=self._known)
        self._known |= found
        return found


@dataclass(frozen=True, slots=True)
class RecentPapers:
    """The papers of some topics, of eight weeks."""

    rows: Mapping[str, int]
    """Row of the matrix, by arXiv id."""
    packed: Sequence[bytes]
    matrix: VectorMatrix


def _chunks(ids: Collection[int]) -> Iterator[list[int]]:
    left = iter(ids)
    while chunk := list(islice(left, CHUNK)):
        yield chunk
