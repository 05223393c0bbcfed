"""What the better half of a subscriber's likes score, each by the profile that is learned without it.

The rules are those of ``core/taste/profiles.py``, for all profiles at once: learning one after the other
takes tens of times as long. ``core/taste/near.py`` says what the bar is for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from newsletter.core.taste.near import FEWEST_LIKES
from newsletter.core.taste.profiles import (
    HALF_LIFE,
    MOST_DISLIKE,
    MOST_PROFILE_TERMS,
    OWN_LIKES,
    Examples,
    Liked,
)
from newsletter.core.taste.snapshot import Snapshot
from newsletter.core.taste.vectors import Vector

MOST_ONE_BY_ONE, PARTS = 40, 10
"""More likes than that are left out a tenth at a time."""

Rows = NDArray[np.float64]
"""One row a part that is left out, one column a term."""


def own_bar(topic: Examples, subscriber: Examples, *, snapshot: Snapshot) -> float | None:
    """Return the median of the likes' own scores, each scored by the profile learned without it.

    The likes are the topic's, where there are four, else all of the subscriber's; None under four of those.
    """
    asked = topic if len(topic.likes) >= FEWEST_LIKES else subscriber
    likes = sorted((like for like in asked.likes if like.vector), key=lambda like: (like.at, like.paper_id))
    if len(likes) < FEWEST_LIKES:
        return None
    parts = len(likes) if len(likes) <= MOST_ONE_BY_ONE else PARTS
    part_of = {like.paper_id: number % parts for number, like in enumerate(likes)}
    terms = _Terms.of([topic, subscriber], snapshot=snapshot)
    (own, own_likes), (whole, _) = (_learned(each, part_of, parts, terms) for each in (topic, subscriber))
    share = (own_likes / (own_likes + OWN_LIKES))[:, np.newaxis]
    profiles = _unit(_strongest(share * own + (1 - share) * whole))
    scored = terms.rows([like.vector for like in likes])
    of_part = np.array([part_of[like.paper_id] for like in likes])
    scores: list[float] = scored.multiply(profiles[of_part]).sum(axis=1).tolist()
    return median(scores)


@dataclass(frozen=True)
class _Terms:
    """The terms that some examples have, in order: the columns of everything here."""

    numbers: NDArray[np.int64]
    background: NDArray[np.float64]
    is_common: NDArray[np.bool_]

    @classmethod
    def of(cls, several: Sequence[Examples], *, snapshot: Snapshot) -> _Terms:
        held = set(snapshot.common_terms)
        for each in several:
            held.update(*(one.vector for one in (*each.likes, *each.dislikes)), *each.alike)
        numbers = np.array(sorted(held), dtype=np.int64)
        background = np.array([snapshot.background(number) for number in numbers.tolist()])
        return cls(numbers, background, np.isin(numbers, snapshot.common_terms))

    def rows(self, vectors: Sequence[Vector]) -> csr_array:
        starts = np.cumsum([0, *map(len, vectors)])
        numbers = np.array([number for vector in vectors for number in vector], dtype=np.int64)
        weights = np.array([weight for vector in vectors for weight in vector.values()], dtype=np.float64)
        columns = np.searchsorted(self.numbers, numbers)
        return csr_array((weights, columns, starts), shape=(len(vectors), len(self.numbers)))


def _learned(
    examples: Examples, part_of: dict[int, int], parts: int, terms: _Terms
) -> tuple[Rows, NDArray[np.float64]]:
    """Learn a profile without each part; return them, and of how many likes each is."""
    likes = [like for like in examples.likes if like.vector]
    kept = np.ones((len(likes), parts))
    for row, like in enumerate(likes):
        if like.paper_id in part_of:
            kept[row, part_of[like.paper_id]] = 0
    number: NDArray[np.float64] = kept.sum(axis=0)
    if not number.any():
        return np.zeros((parts, len(terms.numbers))), number
    vectors = terms.rows([like.vector for like in likes])
    weights = kept * _ages(likes)[:, np.newaxis]
    wanted = (vectors.T @ (weights / np.maximum(weights.sum(axis=0), np.finfo(float).tiny))).T
    is_held = (_held(vectors).T @ kept).T > 0
    if examples.alike:
        alike = terms.rows(examples.alike)
        share = (1 / (number + 1))[:, np.newaxis]
        wanted = (1 - share) * wanted + share * (alike.sum(axis=0) / len(examples.alike))
        is_held |= _held(alike).sum(axis=0) > 0
    wanted = wanted - np.where(is_held | terms.is_common, terms.background, 0)
    dislikes = [each for each in examples.dislikes if each.vector]
    if dislikes:
        share = (MOST_DISLIKE * len(dislikes) / (len(dislikes) + number))[:, np.newaxis]
        wanted = wanted - share * _norms(wanted) * _unwanted(dislikes, terms)
    return _unit(_strongest(wanted)) * (number > 0)[:, np.newaxis], number


def _unwanted(dislikes: Sequence[Liked], terms: _Terms) -> Rows:
    vectors, weights = terms.rows([each.vector for each in dislikes]), _ages(dislikes)
    mean = vectors.T @ (weights / weights.sum())
    is_held = _held(vectors).sum(axis=0) > 0
    return _unit((mean - np.where(is_held | terms.is_common, terms.background, 0))[np.newaxis])


def _held(vectors: csr_array) -> csr_array:
    """Return 1 for each term that a vector has."""
    return csr_array((np.ones_like(vectors.data), vectors.indices, vectors.indptr), shape=vectors.shape)


def _ages(papers: Iterable[Liked]) -> NDArray[np.float64]:
    """Return what each counts by its age."""
    times = [paper.at for paper in papers]
    newest = max(times)
    return np.array([0.5 ** ((newest - at) / HALF_LIFE) for at in times])


def _strongest(rows: Rows) -> Rows:
    """Return each row's 300 largest weights, whatever their sign, else 0; of equal ones the first."""
    if rows.shape[1] <= MOST_PROFILE_TERMS:
        return rows
    sizes = np.abs(rows)
    least = np.partition(sizes, -MOST_PROFILE_TERMS, axis=1)[:, [-MOST_PROFILE_TERMS]]
    is_above, is_equal = sizes > least, sizes == least
    room = MOST_PROFILE_TERMS - is_above.sum(axis=1, keepdims=True)
    return np.where(is_above | (is_equal & (is_equal.cumsum(axis=1) <= room)), rows, 0)


def _norms(rows: Rows) -> Rows:
    lengths: Rows = np.sqrt((rows * rows).sum(axis=1, keepdims=True))
    return lengths


def _unit(rows: Rows) -> Rows:
    lengths = _norms(rows)
    return np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
