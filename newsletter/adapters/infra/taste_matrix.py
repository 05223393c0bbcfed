"""Many sparse vectors at once, with scipy: rows of packed vectors, and scores of many profiles.

Nothing here needs more memory than the two matrices and one block of 1,000 rows of scores.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from newsletter.core.taste.profiles import MOST_ALIKE, Profile, Scale
from newsletter.core.taste.snapshot import MOST_TERMS_KNOWN
from newsletter.core.taste.vectors import pack

BLOCK = 1_000
"""Profiles scored at once: 12 MB of scores over 3,000 papers."""
WEEK_SHARE = 0.995
"""A paper near a profile is one of the best 0.5 % of its week."""

Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class VectorMatrix:
    """Rows of vectors of one snapshot."""

    rows: csr_array
    """len × 50,000, float32."""

    @classmethod
    def of(cls, packed: Sequence[bytes]) -> VectorMatrix:
        """Return packed vectors (``core/taste/vectors.pack``) as rows, in their order."""
        sizes = np.array([len(each) // 4 for each in packed], dtype=np.int32)
        starts = np.zeros(len(packed) + 1, dtype=np.int32)  # scikit-learn takes no wider indices
        starts[1:] = np.cumsum(sizes)
        terms = np.empty(starts[-1], dtype=np.int32)
        weights = np.empty(starts[-1], dtype=np.float32)
        for start, size, each in zip(starts, sizes, packed, strict=False):
            terms[start : start + size] = np.frombuffer(each, "<u2", size)
            weights[start : start + size] = np.frombuffer(each, "<f2", size, offset=2 * size)
        return cls(csr_array((weights, terms, starts), shape=(len(packed), MOST_TERMS_KNOWN)))

    def __len__(self) -> int:
        return int(self.rows.shape[0])

    def counts(self, rows: Sequence[int]) -> NDArray[np.int64]:
        """Return, by term, how many of these rows have it."""
        terms = [self.rows.indices[self.rows.indptr[row] : self.rows.indptr[row + 1]] for row in rows]
        found = np.concatenate(terms) if terms else np.empty(0, dtype=np.int32)
        return np.bincount(found, minlength=MOST_TERMS_KNOWN)


@dataclass(frozen=True, slots=True)
class Block:
    start: int
    """Row of the first profile."""
    scores: Scores
    """At most 1,000 profiles × papers."""


def score_blocks(profiles: VectorMatrix, papers: VectorMatrix) -> Iterator[Block]:
    """Score every profile against every paper, 1,000 profiles at a time."""
    columns = papers.rows.T.tocsr()
    for start in range(0, len(profiles), BLOCK):
        product = profiles.rows[start : start + BLOCK] @ columns
        yield Block(start=start, scores=product.toarray())


def scores(profiles: VectorMatrix, papers: VectorMatrix) -> Scores:
    """Return all scores of a few profiles: profiles × papers."""
    blocks = [block.scores for block in score_blocks(profiles, papers)]
    return np.concatenate(blocks) if blocks else np.zeros((0, len(papers)), dtype=np.float32)


def week_bars(scored: Scores) -> Scores:
    """Return each profile's 99.5th percentile of the week: the least score of its best 0.5 % papers."""
    papers = scored.shape[1]
    best = max(1, papers - int(WEEK_SHARE * papers))
    if not papers:
        return np.full(len(scored), np.inf, dtype=np.float32)
    return np.partition(scored, papers - best, axis=1)[:, papers - best]


def scales(scored: Scores) -> list[Scale]:
    """Return mean and deviation of each profile's scores."""
    if not scored.shape[1]:
        return [Scale(0.0, 0.0)] * len(scored)
    means, deviations = scored.mean(axis=1), scored.std(axis=1)
    return [Scale(float(mean), float(spread)) for mean, spread in zip(means, deviations, strict=True)]


def most_alike(profile: Profile, papers: VectorMatrix, *, apart: Collection[int] = ()) -> list[int]:
    """Return the rows of the ten papers with the best scores, best first; not those of ``apart``.

    ``papers`` are the topic's of the last weeks, ``apart`` the rows that are liked or disliked themselves.
    """
    scored = scores(VectorMatrix.of([pack(profile.vector)]), papers)[0]
    best = np.argsort(-scored, kind="stable").tolist()
    return [row for row in best if row not in apart and scored[row] > 0][:MOST_ALIKE]
