"""Why a paper was chosen: the liked papers nearest to it, and the terms that weighed most.

A reason names only what both sides hold, in the words that papers use. Where nothing can be said, it says
nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from newsletter.core.arxiv.phrases import says_something
from newsletter.core.taste.snapshot import Snapshot
from newsletter.core.taste.vectors import Vector, dot

MOST_PAPERS, MOST_TERMS, FEWEST_TERMS = 3, 4, 2
_ALIKE = 0.05
"""The least cosine of a liked paper that is named."""
_ALMOST = 0.7
"""Further papers are named from this share of the nearest one's cosine."""
_PAIR = 0.3
"""A pair of words stands for both from this share of what they weigh by themselves."""


@dataclass(frozen=True, slots=True)
class Why:
    papers: tuple[int, ...] = ()
    """One to three liked papers, nearest first."""
    terms: tuple[str, ...] = ()
    """Two to four terms that the paper and one of these hold, the one that weighed most first."""


def why(
    paper: Vector,
    *,
    profile: Vector,
    likes: Mapping[int, Vector],
    snapshot: Snapshot,
    written: Mapping[int, str] | None = None,
    cosines: Mapping[int, float] | None = None,
) -> Why:
    """Say why ``profile`` wants ``paper``.

    ``likes``: paper id → vector, in any order; those nearest to it are enough. ``cosines``: theirs with the
    paper, where they are known. ``written``: how the paper writes its terms (``Snapshot.written``), else they
    are as most papers write them.
    """
    if cosines is None:
        cosines = {paper_id: dot(paper, vector) for paper_id, vector in likes.items()}
    nearest = sorted((-cosine, paper_id) for paper_id, cosine in cosines.items())[:MOST_PAPERS]
    if not nearest or -nearest[0][0] < _ALIKE:
        return Why()
    closest = [paper_id for cosine, paper_id in nearest if cosine <= _ALMOST * nearest[0][0]]
    for papers in (closest, [paper_id for _, paper_id in nearest]):
        held = {term for paper_id in papers for term in likes[paper_id]}
        wanted = {term: profile[term] for term in paper.keys() & held if profile.get(term, 0.0) > 0}
        terms = best_terms({term: paper[term] * weight for term, weight in wanted.items()}, snapshot=snapshot)
        if len(terms) >= FEWEST_TERMS:
            return Why(
                papers=tuple(paper_id for paper_id in papers if likes[paper_id].keys() & set(terms)),
                terms=tuple((written or {}).get(term, snapshot.surface(term)) for term in terms),
            )
    return Why()


def shared_terms(
    paper: Vector, *, others: Sequence[Vector], snapshot: Snapshot, most: int = 3
) -> tuple[str, ...]:
    """Return what a paper has in common with more than half of the others: "one of 9 on …"."""
    weighed: dict[int, float] = {}
    for term, weight in paper.items():
        held = [vector[term] for vector in others if term in vector]
        if len(held) > len(others) / 2:
            weighed[term] = math.fsum((weight, *held)) / (1 + len(others)) - snapshot.background(term)
    wanted = {term: weight for term, weight in weighed.items() if weight > 0}
    return tuple(map(snapshot.surface, best_terms(wanted, snapshot=snapshot, most=most)))


def best_terms(weighed: Mapping[int, float], *, snapshot: Snapshot, most: int = MOST_TERMS) -> list[int]:
    """Return the terms that weighed most, best first, that say something and do not repeat each other.

    A pair that weighs enough stands for its words too: "language agents" rather than "agents".
    """
    worth: dict[int, float] = {}
    for term, weight in weighed.items():
        if not _says_something(snapshot.surface(term)):
            continue
        alone = sum([weighed.get(part, 0.0) for part in snapshot.parts(term)])
        worth[term] = weight + alone if weight >= _PAIR * alone else weight
    chosen: list[int] = []
    said: set[str] = set()
    for term in sorted(worth, key=lambda term: (-worth[term], term)):
        stems = snapshot.keys[term].split()
        if not said.issuperset(stems):
            chosen.append(term)
            said.update(stems)
            if len(chosen) == most:
                break
    return chosen


@cache
def _says_something(surface: str) -> bool:
    return says_something(surface.split())
