"""Which bound stands with a number, and which one a claim may state of it."""

from __future__ import annotations

import pytest

from newsletter.core.summaries.rules.bounds import Bound
from newsletter.core.summaries.rules.quantities import quantities


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("by 20% on noisy data", Bound.NONE),
        ("by up to 20%", Bound.UP_TO),
        ("by as much as 20%", Bound.UP_TO),
        ("by no more than 20%", Bound.UP_TO),
        ("最多提升 20%", Bound.UP_TO),
        ("至多两成", Bound.UP_TO),
        ("不超过 20%", Bound.UP_TO),
        ("提升高达 20%", Bound.UP_TO),
        ("under 20%", Bound.UNDER),
        ("a maximum of 20%", Bound.UNDER),
        ("20% 以内", Bound.UNDER),
        ("不到 20%", Bound.UNDER),
        ("at least 20%", Bound.LEAST),
        ("no less than 20%", Bound.LEAST),
        ("20% or more", Bound.LEAST),
        ("至少下降 20%", Bound.LEAST),
        ("两成以上", Bound.LEAST),
        ("20 个以上", Bound.LEAST),
        ("over 20%", Bound.OVER),
        ("more than 20%", Bound.OVER),
        ("exceeds 20%", Bound.OVER),
        ("超过 20%", Bound.OVER),
        ("20+ datasets", Bound.OVER),
    ],
)
def test_a_number_is_read_with_its_bound(text: str, bound: Bound) -> None:
    assert [number.bound for number in quantities(text)] == [bound]


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("at least 20%", "up to 20%"),
        ("over 20%", "up to 20%"),
        ("至少下降 20%", "up to 20%"),
        ("两成以上", "up to 20%"),
        ("20%", "up to 20%"),
        ("20%", "at most 20%"),
        ("more than 20%", "less than 20%"),
        ("over 20%", "20%"),
        ("up to 20%", "at least 20%"),
        ("不超过 20%", "over 20%"),
    ],
)
def test_a_bound_may_not_be_crossed_or_lost(claim: str, quote: str) -> None:
    (stated,), (printed,) = quantities(claim), quantities(quote)
    assert not stated.agrees_with(printed)


@pytest.mark.parametrize(
    ("claim", "quote"),
    [
        ("up to 20%", "up to 20%"),
        ("at most 20%", "as much as 20%"),
        ("最多 20%", "up to 20%"),
        ("at least 20%", "over 20%"),
        ("两成以上", "more than 20%"),
        ("at least 20%", "20%"),
        ("up to 20%", "20%"),
        ("20%", "at least 20%"),
        ("20%", "over 20%"),
    ],
)
def test_the_same_bound_in_other_words_is_kept(claim: str, quote: str) -> None:
    (stated,), (printed,) = quantities(claim), quantities(quote)
    assert stated.agrees_with(printed)


def read(text: str) -> list[tuple[int, Bound]]:
    return [(int(number.value), number.bound) for number in quantities(text)]


@pytest.mark.parametrize("text", ["5-20%", "by 5% to 20%", "between 5 and 20%", "within 5–20%", "5% 至 20%"])
def test_the_ends_of_a_range_bound_it(text: str) -> None:
    assert read(text) == [(5, Bound.LEAST), (20, Bound.UP_TO)]


@pytest.mark.parametrize("text", ["from 5% to 20%", "从 5% 到 20%", "5 to 20", "20 of 5%", "5% and 20%"])
def test_a_change_a_pair_and_a_bare_range_bound_nothing(text: str) -> None:
    assert {bound for _, bound in read(text)} == {Bound.NONE}


@pytest.mark.parametrize(
    "claim", ["between 5% and 20%", "ranges from 5% to 20%", "5–20%", "5% 到 20%", "up to 20%", "at least 5%"]
)
@pytest.mark.parametrize("quote", ["5-20%", "between 5 and 20%", "from 5% to 20%"])
def test_a_range_may_be_written_in_another_way(claim: str, quote: str) -> None:
    assert all(any(one.agrees_with(each) for each in quantities(quote)) for one in quantities(claim))


@pytest.mark.parametrize("claim", ["20%", "at least 20%", "over 20%"])
def test_the_upper_end_of_a_range_does_not_stand_for_all_of_it(claim: str) -> None:
    (stated,) = quantities(claim)
    assert not any(stated.agrees_with(each) for each in quantities("between 5 and 20%"))
