"""How likely a paper is wanted, by its place among those that resemble a topic."""

from __future__ import annotations

import pytest

from newsletter.core.arxiv.nearness import BROAD, NARROW, Near


def test_the_nearer_the_likelier_and_the_rest_costs() -> None:
    near = Near(dict.fromkeys(range(400), "cs.CV"))
    gains = [near.gain([number]) for number in range(400)]
    assert gains == sorted(gains, reverse=True)
    assert near.gain([BROAD]) == pytest.approx(near.gain([0]) - 0.5)
    assert near.gain([300]) < 0
    assert near.gain([1000]) == min(near.gain([399]), near.gain([1000])) < 0


def test_two_weeks_have_twice_the_papers() -> None:
    ranked = dict.fromkeys(range(100), "cs.CV")
    assert Near(ranked, weeks=2).gain([80]) == pytest.approx(Near(ranked).gain([40]))


def test_a_narrow_topic_wants_fewer() -> None:
    near = Near(dict.fromkeys(range(100), "cs.CV"), weeks=2)
    assert near.narrowed(20).half_way == 10
    assert (near.narrowed(0).half_way, near.narrowed(float("inf")).half_way) == (NARROW, BROAD)
    assert near.narrowed(20).gain([60]) < 0 < near.gain([60])


def test_an_example_is_wanted_wherever_it_stands() -> None:
    assert Near(known=frozenset({7})).gain([7]) > 0


def test_its_categories_are_those_of_what_is_wanted() -> None:
    ranked = {number: "cs.CV" if number % 4 else "cs.GR" for number in range(100)}
    assert Near(ranked | dict.fromkeys(range(200, 300), "cs.AI")).categories == ("cs.CV", "cs.GR")
    assert Near().categories == ()
