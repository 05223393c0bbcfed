"""Near a subscriber's topics: which papers, that no query of theirs matched, are worth naming all the same.

A score must exceed what the better half of the subscriber's own likes reach when each is left out of the
learning, and be one of the best of the week. None is right more often than not. (The lower quartile as the
bar was measured too: half of what passed it was wrong.) Callers ask besides that the paper's primary category
is one of the likes' categories: a word of another field ("feed-forward" in optics) is what most of the wrong
papers came by.
"""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

from newsletter.core.taste.profiles import Examples, blend, learn
from newsletter.core.taste.snapshot import Snapshot
from newsletter.core.taste.vectors import Vector, dot

FEWEST_LIKES = 4
MOST_ONE_BY_ONE, PARTS = 40, 10
"""More likes than that are left out a tenth at a time."""
MOST_NEAR, MOST_NEAR_A_TOPIC = 2, 1
"""Papers a digest."""
FEWEST_SHARED = 2
"""Things that it says and a kept paper says too (``reasons.py``)."""


def own_bar(topic: Examples, subscriber: Examples, *, snapshot: Snapshot) -> float | None:
    """Return the median of the likes' own scores, each scored by the profile learned without it.

    The likes are the topic's, where there are four, else all of the subscriber's; None under four of those.
    """
    asked = topic if len(topic.likes) >= FEWEST_LIKES else subscriber
    likes = sorted((like for like in asked.likes if like.vector), key=lambda like: (like.at, like.paper_id))
    if len(likes) < FEWEST_LIKES:
        return None
    parts = len(likes) if len(likes) <= MOST_ONE_BY_ONE else PARTS
    scores = []
    for left_out in (likes[start::parts] for start in range(parts)):
        ids = {like.paper_id for like in left_out}
        profile = blend(*(learn(each.without(ids), snapshot=snapshot) for each in (topic, subscriber)))
        scores += [dot(profile.vector, like.vector) for like in left_out]
    return median(scores)


def is_near(score: float, *, own_bar: float | None, week_bar: float) -> bool:
    """Whether a paper that no query matched is near. ``week_bar``: the profile's 99.5th percentile."""
    return own_bar is not None and score > own_bar and score >= week_bar and score > 0


def is_nearer(paper: Vector, *, to: Iterable[Vector], than: Iterable[Vector]) -> bool:
    """Whether it is nearer to one of ``to``, what was kept, than to any of ``than``, what was disliked."""
    nearest = max((dot(paper, each) for each in to), default=0.0)
    return all(dot(paper, each) < nearest for each in than)
