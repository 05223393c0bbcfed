"""Near a subscriber's topics: which papers, that no query of theirs matched, are worth naming all the same.

A score must be a third of what the better half of the subscriber's own likes reach when each is left out of
the learning, and be one of the best of the week; a kept paper must be close to it, closer than anything
disliked, and say something that it says too. None is right more often than not. Callers ask besides that the
paper's primary category is one of the likes' categories: a word of another field ("feed-forward" in optics)
is what most of the wrong papers came by. ``benchmarks/near_papers.py`` measures what each condition costs.
"""

from __future__ import annotations

from collections.abc import Iterable

from newsletter.core.taste.vectors import Vector, dot

FEWEST_LIKES = 4
MOST_NEAR = 2
"""Papers a digest."""
OWN_SHARE = 1 / 3
"""Of what the own likes score. These matched a query; what is outside all queries scores less."""
CLOSE = 0.08
"""The least cosine with the kept paper that is nearest."""


def is_near(score: float, *, own_bar: float | None, week_bar: float) -> bool:
    """Whether a paper that no query matched is near. ``week_bar``: the profile's 99.5th percentile."""
    return own_bar is not None and score > OWN_SHARE * own_bar and score >= week_bar and score > 0


def is_close(paper: Vector, *, to: Iterable[Vector], than: Iterable[Vector]) -> bool:
    """Whether one of ``to``, what was kept, is close, and closer than any of ``than``, what was disliked."""
    nearest = max((dot(paper, each) for each in to), default=0.0)
    return nearest >= CLOSE and all(dot(paper, each) < nearest for each in than)
