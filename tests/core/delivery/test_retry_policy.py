"""Waits between tries."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.core.delivery.retry_policy import retry_delay


def test_waits_grow_from_five_seconds_to_an_hour() -> None:
    seconds = [retry_delay(refusals, chance=0.5).total_seconds() for refusals in range(1, 10)]
    assert seconds == [5, 15, 45, 120, 300, 900, 3600, 3600, 3600]


@given(refusals=st.integers(1, 100), chance=st.floats(0, 1))
def test_waits_vary_by_a_fifth_at_most(refusals: int, chance: float) -> None:
    usual = retry_delay(refusals, chance=0.5)
    assert usual * 0.79 < retry_delay(refusals, chance=chance) < usual * 1.21


@given(refusals=st.integers(1, 100), asked=st.floats(0, 86_400))
def test_it_never_comes_back_sooner_than_it_was_asked_to(refusals: int, asked: float) -> None:
    delay = retry_delay(refusals, chance=0, retry_after=asked)
    assert delay >= timedelta(seconds=asked)
    assert delay >= retry_delay(refusals, chance=0)


@pytest.mark.parametrize("asked", [float("nan"), float("-inf"), -5.0, 0.0])
def test_a_senseless_retry_after_is_ignored(asked: float) -> None:
    assert retry_delay(1, chance=0.5, retry_after=asked) == timedelta(seconds=5)


@pytest.mark.parametrize("asked", [1e9, 1e300, float("inf")])
def test_nobody_can_make_it_wait_longer_than_a_day(asked: float) -> None:
    assert retry_delay(1, chance=0.5, retry_after=asked) == timedelta(days=1)
