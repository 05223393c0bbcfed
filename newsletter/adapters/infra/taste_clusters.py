"""A topic's papers for a subscriber without likes: one of every kind of paper first.

The medoids of as many clusters as there are places are chosen one after the other: each is the paper that
adds most to how well every match is represented by the nearest medoid (the greedy rule for facility
location, Nemhauser 1978). A paper that resembles no other represents nothing and comes late.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from newsletter.adapters.infra.taste_matrix import VectorMatrix

FEWEST = 5
"""Under so many papers there are no clusters: newest first."""
MOST = 1_500
"""The newest papers are compared, each with each (9 MB); the others follow, newest first."""


@dataclass(frozen=True, slots=True)
class ColdPaper:
    paper_id: int
    day: date
    """On which it was announced or first seen."""
    published_at: datetime
    packed: bytes
    """Its packed vector."""


@dataclass(frozen=True, slots=True)
class ColdPlace:
    paper_id: int
    score: float
    """From 1 down, each less than the one before."""
    cluster: tuple[int, ...] = ()
    """Of a medoid: the papers it stands for, itself among them."""


class ColdPapers:
    """A topic's papers, each once, to be ordered for some numbers of places. Their order does not matter."""

    def __init__(self, papers: Sequence[ColdPaper]) -> None:
        self._newest = sorted(papers, key=lambda paper: (-paper.published_at.timestamp(), paper.paper_id))
        self._compared = self._newest[:MOST]

    @cached_property
    def _alike(self) -> NDArray[np.float32]:
        """Cosines, papers × papers, with 0 between a paper and itself."""
        rows = VectorMatrix.of([paper.packed for paper in self._compared]).rows
        alike: NDArray[np.float32] = (rows @ rows.T).toarray()
        np.fill_diagonal(alike, 0)
        return alike

    def order(self, *, places: int) -> list[ColdPlace]:
        """Return them best first.

        The first ``places`` are medoids, one of every day if there are as many places; then the rest, those
        first that resemble most of the others.
        """
        if len(self._newest) < FEWEST:
            return _placed(self._newest, clusters={})
        compared, alike = self._compared, self._alike
        medoids = _medoids(alike, [paper.day for paper in compared], places=min(places, len(compared)))
        typical = alike.sum(axis=1)
        others = sorted(set(range(len(compared))) - set(medoids), key=lambda row: (-typical[row], row))
        clusters: dict[int, tuple[int, ...]] = {}
        if medoids:
            nearest = alike[:, medoids]
            nearest[medoids, range(len(medoids))] = np.inf
            owner = nearest.argmax(axis=1)
            for place, row in enumerate(medoids):
                members = np.flatnonzero(owner == place)
                clusters[compared[row].paper_id] = tuple(sorted(compared[each].paper_id for each in members))
        ordered = [compared[row] for row in (*medoids, *others)]
        return _placed(ordered + self._newest[MOST:], clusters=clusters)


def _medoids(alike: NDArray[np.float32], days: Sequence[date], *, places: int) -> list[int]:
    chosen: list[int] = []
    covered = np.zeros(len(alike), dtype=np.float32)
    missing = Counter(days)
    while len(chosen) < places:
        gains = np.maximum(alike - covered, 0).sum(axis=1, dtype=np.float64)
        gains[chosen] = -1
        if len(missing) >= places - len(chosen):  # the places left are for the days that have none
            gains[[day not in missing for day in days]] -= len(alike) + 1
        best = int(gains.argmax())
        chosen.append(best)
        covered = np.maximum(covered, alike[best])
        missing.pop(days[best], None)
    return chosen


def _placed(papers: Sequence[ColdPaper], *, clusters: dict[int, tuple[int, ...]]) -> list[ColdPlace]:
    return [
        ColdPlace(
            paper_id=paper.paper_id,
            score=1 - place / len(papers),
            cluster=clusters.get(paper.paper_id, ()),
        )
        for place, paper in enumerate(papers)
    ]
