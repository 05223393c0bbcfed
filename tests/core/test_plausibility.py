"""Which answers of arXiv's are believed to be all there is."""

from __future__ import annotations

from typing import Any

import pytest

from newsletter.core.plausibility import Gathered


def gathered(**fields: Any) -> Gathered:
    return Gathered(**({"received": 500, "days": 14.0, "new": 0, "usual": 90.0} | fields))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"received": 0, "new": 0, "usual": None}, "no paper at all in 14 days"),
        ({"received": 0, "new": 0, "usual": 0.1}, "no paper at all in 14 days"),
        ({"new": 0}, "no new paper of this announcement; such a day usually brings 90"),
        ({"new": 0, "usual": 1.0, "silent": 3}, "no new paper of 3 announcements"),
        ({"new": 0, "usual": None}, "not known yet how many are usual"),
        ({"new": 1}, "one new paper; such a day usually brings 90"),
        ({"new": 8}, "8 new papers"),
    ],
)
def test_it_doubts(fields: dict[str, Any], said: str) -> None:
    assert said in gathered(**fields).doubt


@pytest.mark.parametrize(
    "fields",
    [
        {"new": 90},
        {"new": 9},
        {"new": 1, "usual": None},
        {"new": 1, "usual": 12.0},
        {"new": 0, "usual": 0.4},
        {"new": 0, "usual": 0.4, "silent": 4},
        {"received": 0, "days": 1.0, "usual": 0.0},
    ],
)
def test_it_believes(fields: dict[str, Any]) -> None:
    assert gathered(**fields).doubt == ""


@pytest.mark.parametrize(
    ("new", "usual", "is_enough"),
    [(45, 90.0, True), (44, 90.0, False), (1, 0.3, True), (0, 0.3, False), (0, 0.0, False), (9, None, False)],
)
def test_half_of_what_is_usual_is_enough(new: int, usual: float | None, is_enough: bool) -> None:
    assert gathered(new=new, usual=usual).is_enough is is_enough
