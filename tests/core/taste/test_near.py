"""Which papers outside the queries are near."""

from __future__ import annotations

import pytest

from newsletter.core.taste.near import is_near, is_nearer
from tests.core.taste.papers import liked


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
