"""Which papers outside the queries are near."""

from __future__ import annotations

import pytest

from newsletter.core.taste.near import is_close, is_near
from tests.core.taste.papers import liked


@pytest.mark.parametrize(
    ("score", "bar", "week", "expected"),
    [
        (0.5, 0.4, 0.5, True),
        (0.14, 0.4, 0.1, True),
        (0.13, 0.4, 0.1, False),
        (0.5, 0.4, 0.6, False),
        (0.5, None, 0.1, False),
        (0.0, -0.1, -0.1, False),
    ],
)
def test_a_near_paper_passes_both_bars(score: float, bar: float | None, week: float, expected: bool) -> None:
    assert is_near(score, own_bar=bar, week_bar=week) is expected


def test_what_is_closer_to_something_disliked_is_not_near() -> None:
    boat, bee, tide = (liked(number).vector for number in (0, 4, 8))
    assert is_close(boat, to=[boat], than=[bee, tide])
    assert not is_close(boat, to=[bee], than=[boat])
    assert is_close(boat, to=[boat], than=[])
    assert not is_close(boat, to=[], than=[bee])


@pytest.mark.parametrize(("cosine", "expected"), [(0.09, True), (0.07, False)])
def test_a_near_paper_has_a_kept_paper_close_to_it(cosine: float, expected: bool) -> None:
    assert is_close({1: 1.0}, to=[{1: cosine}, {2: 1.0}], than=[]) is expected
