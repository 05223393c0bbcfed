"""Ids of deliveries: ordered by time, told from random ones, found by their time."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import time_machine
from hypothesis import given
from hypothesis import strategies as st

from newsletter.core.delivery.ids import TICK_BITS, ids_of, new_id, tick_of


def test_a_later_id_is_the_greater_one() -> None:
    made = []
    with time_machine.travel(datetime(2026, 11, 30, tzinfo=UTC), tick=False) as clock:
        for _ in range(5000):
            made.append(new_id())
            clock.shift(timedelta(milliseconds=2))
    assert made == sorted(made)
    assert [key.hex for key in made] == sorted(key.hex for key in made)  # as SQLite compares them
    assert {key.version for key in made} == {8}
    assert {key.variant for key in made} == {uuid.RFC_4122}


def test_it_lasts_until_2200_with_18_bits_that_are_zero() -> None:
    with time_machine.travel(datetime(2200, 1, 1, tzinfo=UTC)):
        assert new_id().int >> 110 == 0


def test_no_two_are_equal() -> None:
    assert len({new_id() for _ in range(10_000)}) == 10_000


@given(st.integers(0, 2**TICK_BITS - 1))
def test_an_id_lies_within_its_tick(tick: int) -> None:
    first, last = ids_of(tick)
    assert tick_of(first) == tick_of(last) == tick
    assert tick_of(uuid.UUID(int=first.int - 1)) != tick
    assert tick_of(uuid.UUID(int=last.int + 1)) != tick


@given(st.uuids(version=4))
def test_a_random_id_has_no_time(key: uuid.UUID) -> None:
    assert tick_of(key) is None
