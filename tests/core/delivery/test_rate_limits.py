"""Rates as windows, and the days of a warm-up."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.core.delivery.rate_limits import Window, daily_limit, windows, without_kept


@pytest.mark.parametrize(
    ("rate", "every", "digests"),
    [
        (100, Window("smtp", 100, 1), Window("smtp digests", 90, 1)),
        (10, Window("smtp", 10, 1), Window("smtp digests", 9, 1)),
        (5, Window("smtp", 5, 1), Window("smtp digests", 9, 2)),
        (2.5, Window("smtp", 2, 1), Window("smtp digests", 9, 5)),
        (1, Window("smtp", 1, 1), Window("smtp digests", 9, 10)),
        (0.3, Window("smtp", 1, 4), Window("smtp digests", 9, 40)),
    ],
)
def test_a_tenth_is_kept_for_transactional_mail(rate: float, every: Window, digests: Window) -> None:
    assert windows("smtp", rate, transactional=True) == (every,)
    assert windows("smtp", rate, transactional=False) == (digests, every)


@given(st.floats(min_value=0.001, max_value=5000))
def test_no_window_lets_more_through_than_the_rate_and_digests_get_at_least_four_fifths_of_it(
    rate: float,
) -> None:
    digests, every = windows("smtp", rate, transactional=False)
    assert every.amount / every.seconds <= rate
    rate_limit = Fraction(every.amount, every.seconds)
    assert rate_limit * 8 / 10 <= Fraction(digests.amount, digests.seconds) <= rate_limit * 9 / 10


@pytest.mark.parametrize(("amount", "left"), [(1, 1), (2, 1), (10, 9), (11, 9), (500, 450)])
def test_of_a_single_message_nothing_can_be_kept(amount: int, left: int) -> None:
    assert without_kept(amount) == left


def test_a_warm_up_doubles_daily_until_the_daily_limit() -> None:
    assert [daily_limit(daily=300, warmup=50, day=day) for day in range(5)] == [50, 100, 200, 300, 300]


def test_a_warm_up_without_a_daily_limit_doubles_for_ever() -> None:
    assert daily_limit(daily=None, warmup=50, day=10) == 51_200
    assert daily_limit(daily=None, warmup=1, day=10_000) == 2**40


def test_without_either_there_is_no_limit() -> None:
    assert daily_limit(daily=None, warmup=None, day=3) is None
