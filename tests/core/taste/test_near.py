"""Which papers outside the queries are near."""

from __future__ import annotations

from datetime import timedelta

import pytest

from newsletter.core.taste import near
from newsletter.core.taste.near import is_near, is_nearer, own_bar
from newsletter.core.taste.profiles import Examples, Liked, Profile, learn
from newsletter.core.taste.snapshot import Snapshot
from newsletter.core.taste.vectors import dot
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
        dot(learn(everything.without({number}), snapshot=KNOWN).vector, liked(number).vector)
        for number in range(4)
    )
    assert own_bar(NONE, everything, snapshot=KNOWN) == pytest.approx((scores[1] + scores[2]) / 2)


def test_likes_that_agree_make_a_higher_bar_than_likes_of_everything() -> None:
    agreed, mixed = _bar(0, 1, 2, 3), _bar(0, 4, 8, 5)
    assert agreed is not None
    assert mixed is not None
    assert agreed > mixed


def test_many_likes_are_left_out_a_tenth_at_a_time_whatever_their_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    learned: list[int] = []

    def counted(examples: Examples, *, snapshot: Snapshot) -> Profile:
        learned.append(len(examples.likes))
        return learn(examples, snapshot=snapshot)

    monkeypatch.setattr(near, "learn", counted)
    likes = tuple(
        Liked(paper_id=number, vector=liked(number % 8).vector, at=NOW - timedelta(days=number))
        for number in range(60)
    )
    bar = own_bar(NONE, Examples(likes), snapshot=KNOWN)
    assert learned == [0, 54] * 10
    assert own_bar(NONE, Examples(likes[::-1]), snapshot=KNOWN) == bar


@pytest.mark.parametrize(
    ("score", "bar", "week", "expected"),
    [
        (0.5, 0.4, 0.5, True),
        (0.4, 0.4, 0.3, False),
        (0.5, 0.4, 0.6, False),
        (0.5, None, 0.1, False),
        (0.0, -0.1, -0.1, False),
    ],
)
def test_a_near_paper_passes_both_bars(score: float, bar: float | None, week: float, expected: bool) -> None:
    assert is_near(score, own_bar=bar, week_bar=week) is expected


def test_what_is_nearer_to_something_disliked_is_not_near() -> None:
    boat, bee, tide = (liked(number).vector for number in (0, 4, 8))
    assert is_nearer(boat, to=[boat], than=[bee, tide])
    assert not is_nearer(boat, to=[bee], than=[boat])
    assert is_nearer(boat, to=[boat], than=[])
    assert not is_nearer(boat, to=[], than=[bee])
