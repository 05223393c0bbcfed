"""Which answers of arXiv's are believed to be all there is."""

from __future__ import annotations

from typing import Any

import pytest

from newsletter.core.arxiv.plausibility import Gathered


def gathered(**fields: Any) -> Gathered:
    return Gathered(**({"received": 500, "days": 14.0, "new": 0, "announced": 0, "usual": 90.0} | fields))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"received": 0, "usual": None}, "no paper at all in 14 days"),
        ({"received": 0, "usual": 0.1}, "no paper at all in 14 days"),
        ({}, "no paper of the last announcement; such a day usually brings 90"),
        ({"new": 500}, "no paper of the last announcement"),
        ({"usual": 1.0, "silent": 3}, "no paper of the last 3 announcements"),
        ({"usual": None}, "not known yet how many are usual"),
        ({"announced": 1}, "one paper of the last announcement; such a day usually brings 90"),
        ({"announced": 8}, "8 papers"),
    ],
)
def test_it_doubts(fields: dict[str, Any], said: str) -> None:
    assert said in gathered(**fields).doubt


@pytest.mark.parametrize(
    "fields",
    [
        {"announced": 90},
        {"announced": 9},
        {"new": 1, "usual": None},
        {"announced": 1, "usual": 12.0},
        {"usual": 0.4},
        {"usual": 0.4, "silent": 4},
        {"received": 0, "days": 1.0, "usual": 0.0},
    ],
)
def test_it_believes(fields: dict[str, Any]) -> None:
    assert gathered(**fields).doubt == ""


@pytest.mark.parametrize(
    ("announced", "usual", "is_enough"),
    [(45, 90.0, True), (44, 90.0, False), (1, 0.3, True), (0, 0.3, False), (0, 0.0, False), (9, None, False)],
)
def test_half_of_what_is_usual_is_enough(announced: int, usual: float | None, is_enough: bool) -> None:
    assert gathered(announced=announced, usual=usual).is_enough is is_enough
