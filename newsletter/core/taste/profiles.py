"""Likes → a profile: what sets them apart from all other papers, as weights of terms.

Rocchio's rule: the mean of the likes minus the mean of all papers. A profile is learned from vectors of one
snapshot; a paper's score is its scalar product with the profile. Ages are counted from the newest like, so a
profile does not change by itself as time passes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from newsletter.core.taste.snapshot import Snapshot
from newsletter.core.taste.vectors import Vector, combined, dot, norm, strongest, unit

MOST_PROFILE_TERMS = 300
HALF_LIFE = timedelta(days=365.25)
"""A like that much older than the newest one counts half."""
OWN_LIKES = 4
"""With so many likes a topic's own profile counts as much as the subscriber's."""
MOST_DISLIKE = 0.5
"""Of the length of what the likes say: dislikes never outweigh them."""
NEAR_COPY = 0.4
"""Cosine from which a paper is a near copy of a disliked one."""
MOST_ALIKE = 10
"""Papers that are looked up beside the likes; see ``Examples.alike``."""


@dataclass(frozen=True, slots=True)
class Liked:
    """One paper that was liked, saved or imported; or disliked."""

    paper_id: int
    vector: Vector
    """Unit length; one that is empty says nothing and does not count."""
    at: datetime


@dataclass(frozen=True)
class Examples:
    """What one profile is learned from. The order of each does not matter."""

    likes: tuple[Liked, ...]
    dislikes: tuple[Liked, ...] = ()
    alike: tuple[Vector, ...] = ()
    """The ten papers of the topic that the likes alone would put first. Together they count as one like: with
    few likes they add the words in which the field says the same (pseudo-relevance feedback)."""


@dataclass(frozen=True, slots=True)
class Profile:
    vector: Vector = field(default_factory=dict)
    """Unit length, at most 300 terms; empty without likes."""
    likes: int = 0


@dataclass(frozen=True, slots=True)
class Scale:
    """Of one profile's scores over the topic's papers of eight weeks."""

    mean: float
    deviation: float


def learn(examples: Examples, *, snapshot: Snapshot) -> Profile:
    """Learn a profile. Without likes it is empty: see ``is_near_copy``."""
    likes = [like for like in examples.likes if like.vector]
    if not likes:
        return Profile()
    wanted = _mean(likes)
    if examples.alike:
        share = 1 / (len(likes) + 1)
        alike = [(share / len(examples.alike), vector) for vector in examples.alike]
        wanted = combined([(1 - share, wanted), *alike])
    wanted = _contrast(wanted, snapshot=snapshot)
    dislikes = [each for each in examples.dislikes if each.vector]
    if dislikes:
        unwanted = unit(_contrast(_mean(dislikes), snapshot=snapshot))
        share = MOST_DISLIKE * len(dislikes) / (len(dislikes) + len(likes))
        wanted = combined([(1, wanted), (-share * norm(wanted), unwanted)])
    return Profile(vector=unit(strongest(wanted, MOST_PROFILE_TERMS)), likes=len(likes))


def _mean(papers: Sequence[Liked]) -> dict[int, float]:
    """Return their mean, each weighed by its age."""
    newest = max(paper.at for paper in papers)
    weights = [0.5 ** ((newest - paper.at) / HALF_LIFE) for paper in papers]
    total = math.fsum(weights)
    return combined((weight / total, paper.vector) for weight, paper in zip(weights, papers, strict=True))


def _contrast(vector: Vector, *, snapshot: Snapshot) -> dict[int, float]:
    """Return the vector minus the mean of all papers."""
    terms = sorted(vector.keys() | set(snapshot.common_terms))
    return {term: vector.get(term, 0.0) - snapshot.background(term) for term in terms}


def blend(topic: Profile, subscriber: Profile) -> Profile:
    """Return what counts for a topic: topic × n/(n+4) + subscriber × 4/(n+4), n = the topic's likes."""
    own = topic.likes / (topic.likes + OWN_LIKES)
    mixed = combined([(own, topic.vector), (1 - own, subscriber.vector)])
    return Profile(
        vector=unit(strongest(mixed, MOST_PROFILE_TERMS)), likes=max(topic.likes, subscriber.likes)
    )


def z(score: float, *, scale: Scale, likes: int) -> float:
    """Return a score that compares across profiles; the fewer likes, the closer to 0."""
    if not scale.deviation:
        return 0.0
    return (score - scale.mean) / scale.deviation * likes / (likes + OWN_LIKES)


def is_near_copy(paper: Vector, dislikes: Iterable[Vector]) -> bool:
    """Whether it is nearly one of ``dislikes``: all that dislikes say where there are no likes."""
    return any(dot(paper, each) > NEAR_COPY for each in dislikes)
