"""Near a subscriber's topics: which papers, that no query of theirs matched, are worth naming all the same.

A score must exceed what the better half of the subscriber's own likes reach when each is left out of the
learning, and be one of the best of the week. None is right more often than not. (The lower quartile as the
bar was measured too: half of what passed it was wrong.) Callers ask besides that the paper's primary category
is one of the likes' categories: a word of another field ("feed-forward" in optics) is what most of the wrong
papers came by.
"""

from __future__ import annotations

from collections.abc import Iterable

from newsletter.core.taste.vectors import Vector, dot

FEWEST_LIKES = 4
MOST_NEAR, MOST_NEAR_A_TOPIC = 2, 1
"""Papers a digest."""
FEWEST_SHARED = 2
"""Things that it says and a kept paper says too (``reasons.py``)."""


def is_near(score: float, *, own_bar: float | None, week_bar: float) -> bool:
    """Whether a paper that no query matched is near. ``week_bar``: the profile's 99.5th percentile."""
    return own_bar is not None and score > own_bar and score >= week_bar and score > 0


def is_nearer(paper: Vector, *, to: Iterable[Vector], than: Iterable[Vector]) -> bool:
    """Whether it is nearer to one of ``to``, what was kept, than to any of ``than``, what was disliked."""
    nearest = max((dot(paper, each) for each in to), default=0.0)
    return all(dot(paper, each) < nearest for each in than)
