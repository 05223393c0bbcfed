"""Profiles: what likes and dislikes say, by hand and in general."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.core.taste.profiles import (
    HALF_LIFE,
    MOST_PROFILE_TERMS,
    Examples,
    Liked,
    Profile,
    Scale,
    blend,
    is_near_copy,
    learn,
    z,
)
from newsletter.core.taste.snapshot import Snapshot
from newsletter.core.taste.vectors import Vector, dot, norm, pack, unit
from tests.core.taste.papers import NOW, liked, snapshot

KNOWN = snapshot()
BARE = Snapshot(
    name="bare",
    documents=10**12,
    keys=tuple(f"word{number:04}" for number in range(2_000)),
    counts=(1,) * 2_000,
    surfaces=tuple(f"word{number:04}" for number in range(2_000)),
)
"""So many documents that the background is as good as nothing: values can be worked out by hand."""


def _like(paper_id: int, vector: Vector, *, days_ago: float = 0) -> Liked:
    return Liked(paper_id=paper_id, vector=vector, at=NOW - timedelta(days=days_ago))


def _learned(*likes: Liked, dislikes: tuple[Liked, ...] = (), alike: tuple[Vector, ...] = ()) -> Vector:
    return learn(Examples(likes, dislikes, alike), snapshot=BARE).vector


def test_without_likes_there_is_no_profile() -> None:
    assert learn(Examples(()), snapshot=KNOWN) == Profile(vector={}, likes=0)
    assert learn(Examples((), dislikes=(liked(0),)), snapshot=KNOWN) == Profile()
    assert learn(Examples((_like(1, {}),)), snapshot=KNOWN) == Profile()


def test_two_likes_weigh_the_same() -> None:
    found = learn(Examples((_like(1, {0: 1.0}), _like(2, {1: 1.0}))), snapshot=BARE)
    assert found.likes == 2
    assert found.vector[0] == found.vector[1] == pytest.approx(math.sqrt(0.5))


def test_a_like_counts_half_after_a_year() -> None:
    old = _like(1, {0: 1.0}, days_ago=HALF_LIFE / timedelta(days=1))
    vector = _learned(old, _like(2, {1: 1.0}))
    assert vector[0] / vector[1] == pytest.approx(0.5)


def test_a_profile_does_not_change_as_all_likes_grow_old() -> None:
    likes = tuple(liked(number, days_ago=number) for number in range(4))
    older = tuple(replace(like, at=like.at - timedelta(days=10_000)) for like in likes)
    assert learn(Examples(likes), snapshot=KNOWN) == learn(Examples(older), snapshot=KNOWN)


def test_what_is_alike_counts_as_one_like_in_all() -> None:
    vector = _learned(_like(1, {0: 1.0}), _like(2, {0: 1.0}), alike=({1: 1.0}, {1: 1.0}))
    assert vector[0] / vector[1] == pytest.approx(2)


def test_words_that_all_papers_have_are_taken_off() -> None:
    known = replace(BARE, documents=10, counts=(10, *BARE.counts[1:]))
    vector = learn(Examples((_like(1, {0: 0.6, 1: 0.8}),)), snapshot=known).vector
    assert vector[0] / vector[1] == pytest.approx((0.6 - known.background(0)) / (0.8 - known.background(1)))
    assert vector[2] < 0


@pytest.mark.parametrize(("likes", "dislikes", "share"), [(1, 1, 0.25), (1, 3, 0.375), (3, 1, 0.125)])
def test_dislikes_weigh_half_their_share_at_most(likes: int, dislikes: int, share: float) -> None:
    vector = _learned(
        *(_like(number, {0: 1.0}) for number in range(likes)),
        dislikes=tuple(_like(9 + number, {1: 1.0}) for number in range(dislikes)),
    )
    assert vector[1] / vector[0] == pytest.approx(-share)


def test_it_prefers_what_is_like_the_likes() -> None:
    profile = learn(Examples((liked(0), liked(1))), snapshot=KNOWN)
    own = [dot(profile.vector, liked(number).vector) for number in (2, 3)]
    others = [dot(profile.vector, liked(number).vector) for number in range(4, 12)]
    assert min(own) > max(others)


def test_a_dislike_pushes_its_kind_down() -> None:
    likes = (liked(0), liked(4))
    before = learn(Examples(likes), snapshot=KNOWN).vector
    after = learn(Examples(likes, dislikes=(liked(7),)), snapshot=KNOWN).vector
    bees, boats = liked(6).vector, liked(2).vector
    assert dot(after, bees) < dot(before, bees)
    assert dot(after, boats) > dot(after, bees)


def test_a_blend_by_hand() -> None:
    topic, subscriber = Profile({0: 1.0}, likes=12), Profile({1: 1.0}, likes=20)
    mixed = blend(topic, subscriber)
    assert mixed.vector[0] / mixed.vector[1] == pytest.approx(3)
    assert mixed.likes == 20
    assert blend(Profile(), subscriber) == subscriber
    assert blend(Profile(), Profile()) == Profile()


def test_scores_across_topics() -> None:
    assert z(0.5, scale=Scale(mean=0.1, deviation=0.2), likes=4) == pytest.approx(1.0)
    assert z(0.5, scale=Scale(mean=0.1, deviation=0.2), likes=0) == 0
    assert z(0.5, scale=Scale(mean=0.5, deviation=0.0), likes=4) == 0


def test_a_near_copy_has_a_cosine_over_four_tenths() -> None:
    assert is_near_copy({0: 1.0}, [{1: 1.0}, {0: 0.41}])
    assert not is_near_copy({0: 1.0}, [{0: 0.39}])
    assert not is_near_copy({}, [{0: 1.0}])


# --- in general --------------------------------------------------------------------------------------------

_VECTORS = st.dictionaries(st.integers(0, 1_999), st.floats(0.01, 1), min_size=1, max_size=60).map(unit)
_LIKES = st.lists(st.builds(_like, st.integers(0, 99), _VECTORS, days_ago=st.floats(0, 4_000)), max_size=9)


@given(_LIKES, _LIKES, st.lists(_VECTORS, max_size=4), st.randoms())
def test_the_order_of_likes_and_dislikes_changes_nothing(
    likes: list[Liked], dislikes: list[Liked], alike: list[Vector], rng: object
) -> None:
    first = learn(Examples(tuple(likes), tuple(dislikes), tuple(alike)), snapshot=BARE)
    for several in (likes, dislikes, alike):
        rng.shuffle(several)  # type: ignore[attr-defined]
    assert learn(Examples(tuple(likes), tuple(dislikes), tuple(alike)), snapshot=BARE) == first


@given(_LIKES, _LIKES)
def test_a_profile_is_small_and_of_unit_length(likes: list[Liked], dislikes: list[Liked]) -> None:
    found = learn(Examples(tuple(likes), tuple(dislikes)), snapshot=BARE)
    assert len(found.vector) <= MOST_PROFILE_TERMS
    assert len(pack(found.vector)) <= 4_000
    assert not likes or math.isclose(norm(found.vector), 1)


@given(_LIKES.filter(bool), _LIKES)
def test_dislikes_never_outweigh_likes(likes: list[Liked], dislikes: list[Liked]) -> None:
    """However many dislikes, the profile still points to where the likes alone do: at most 30° away."""
    alone = learn(Examples(tuple(likes)), snapshot=BARE).vector
    both = learn(Examples(tuple(likes), tuple(dislikes)), snapshot=BARE).vector
    assert dot(alone, both) >= math.cos(math.radians(30)) - 0.05


@given(_LIKES, _LIKES)
def test_a_blend_is_small_too(topic: list[Liked], subscriber: list[Liked]) -> None:
    mixed = blend(*(learn(Examples(tuple(likes)), snapshot=BARE) for likes in (topic, subscriber)))
    assert len(mixed.vector) <= MOST_PROFILE_TERMS
    assert not mixed.vector or math.isclose(norm(mixed.vector), 1)
