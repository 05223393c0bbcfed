"""The bar for near papers is that of learning one profile after the other."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.adapters.infra.taste_bars import MOST_ONE_BY_ONE, PARTS, own_bar
from newsletter.adapters.infra.taste_snapshot import shipped_snapshot
from newsletter.core.taste.profiles import Examples, Liked, blend, learn
from newsletter.core.taste.snapshot import Snapshot
from newsletter.core.taste.vectors import dot, unit
from tests.core.taste.papers import NOW, liked, snapshot

KNOWN = snapshot()
NONE = Examples(())


def _bar(*numbers: int) -> float | None:
    examples = Examples(tuple(liked(number) for number in numbers))
    return own_bar(examples, examples, snapshot=KNOWN)


def test_it_takes_four_likes() -> None:
    assert _bar(0, 1, 2) is None
    assert _bar(0, 1, 2, 3) is not None
    empty = Liked(paper_id=9, vector={}, at=NOW)
    likes = Examples((liked(0), liked(1), liked(2), empty))
    assert own_bar(likes, likes, snapshot=KNOWN) is None


def test_where_the_topic_has_too_few_likes_all_of_the_subscriber_count() -> None:
    topic = Examples((liked(0),))
    everything = Examples(tuple(liked(number) for number in range(4)))
    assert own_bar(topic, everything, snapshot=KNOWN) is not None
    assert own_bar(NONE, everything, snapshot=KNOWN) is not None
    assert own_bar(topic, topic, snapshot=KNOWN) is None


def test_it_is_the_median_of_the_likes_each_left_out() -> None:
    everything = Examples(tuple(liked(number) for number in range(4)))
    scores = sorted(
        dot(learn(without(everything, {number}), snapshot=KNOWN).vector, liked(number).vector)
        for number in range(4)
    )
    assert own_bar(NONE, everything, snapshot=KNOWN) == pytest.approx((scores[1] + scores[2]) / 2)


def test_likes_that_agree_make_a_higher_bar_than_likes_of_everything() -> None:
    agreed, mixed = _bar(0, 1, 2, 3), _bar(0, 4, 8, 5)
    assert agreed is not None
    assert mixed is not None
    assert agreed > mixed


def without(examples: Examples, ids: set[int]) -> Examples:
    return replace(examples, likes=tuple(like for like in examples.likes if like.paper_id not in ids))


def one_after_the_other(topic: Examples, subscriber: Examples, *, known: Snapshot = KNOWN) -> float | None:
    """Return the bar as docs/relevance.md describes it, in the plainest way."""
    asked = topic if len(topic.likes) >= 4 else subscriber
    likes = sorted((like for like in asked.likes if like.vector), key=lambda like: (like.at, like.paper_id))
    if len(likes) < 4:
        return None
    parts = len(likes) if len(likes) <= MOST_ONE_BY_ONE else PARTS
    scores = []
    for left_out in (likes[start::parts] for start in range(parts)):
        ids = {like.paper_id for like in left_out}
        profile = blend(*(learn(without(each, ids), snapshot=known) for each in (topic, subscriber)))
        scores += [dot(profile.vector, like.vector) for like in left_out]
    return median(scores)


TERMS = st.integers(0, len(KNOWN.keys) - 1)
WEIGHTS = st.sampled_from([0.25, 0.5, 1.0, 3.0])
VECTORS = st.dictionaries(TERMS, WEIGHTS, max_size=12).map(unit)
SEVERAL = st.lists(st.tuples(VECTORS, st.integers(0, 900)), max_size=9)


def judged(papers: list[tuple[dict[int, float], int]], *, first: int) -> tuple[Liked, ...]:
    return tuple(
        Liked(number, vector, NOW - timedelta(days=days))
        for number, (vector, days) in enumerate(papers, first)
    )


@given(SEVERAL, SEVERAL, SEVERAL, st.lists(VECTORS, max_size=10), st.integers(1, 8))
@settings(max_examples=60)
def test_it_is_that_of_learning_one_profile_after_the_other(
    of_topic: list[tuple[dict[int, float], int]],
    others: list[tuple[dict[int, float], int]],
    unwanted: list[tuple[dict[int, float], int]],
    alike: list[dict[int, float]],
    times: int,
) -> None:
    own, more = judged(of_topic * times, first=0), judged(others, first=1_000)  # sometimes more than forty
    dislikes = judged(unwanted, first=2_000)
    topic = Examples(own, dislikes[:2], tuple(alike[:3]))
    everything = Examples((*own, *more), dislikes, tuple(alike))
    for first, second in ((topic, everything), (NONE, everything), (topic, topic)):
        expected = one_after_the_other(first, second)
        assert own_bar(first, second, snapshot=KNOWN) == (
            None if expected is None else pytest.approx(expected, abs=1e-9)
        )


def test_a_long_profile_keeps_its_strongest_terms_as_a_learned_one_does() -> None:
    likes = tuple(
        Liked(number, unit({(7 * number + each) % 4000: 1 + each % 5 for each in range(110)}), NOW)
        for number in range(12)
    )
    examples = Examples(likes)
    known = shipped_snapshot()
    expected = one_after_the_other(NONE, examples, known=known)
    assert own_bar(NONE, examples, snapshot=known) == pytest.approx(expected, abs=1e-9)
