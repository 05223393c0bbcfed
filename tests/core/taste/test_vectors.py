"""Sparse vectors and their stored form."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.core.taste.vectors import combined, dot, norm, pack, strongest, unit, unpack

_WEIGHTS = st.floats(-1, 1, width=16).filter(lambda weight: abs(weight) > 1e-3)
VECTORS = st.dictionaries(st.integers(0, 49_999), _WEIGHTS, max_size=40)


def test_dot_and_norm_by_hand() -> None:
    assert dot({1: 0.5, 2: 2.0}, {2: 3.0, 7: 1.0}) == 6.0
    assert dot({}, {1: 1.0}) == 0.0
    assert norm({1: 3.0, 9: -4.0}) == 5.0
    assert unit({1: 3.0, 9: -4.0}) == {1: 0.6000000000000001, 9: -0.8}
    assert unit({}) == {}


def test_a_sum_of_vectors() -> None:
    assert combined([(2, {1: 1.0, 2: 1.0}), (-1, {2: 3.0})]) == {1: 2.0, 2: -1.0}


def test_the_strongest_are_the_largest_of_either_sign() -> None:
    assert strongest({5: 0.1, 1: -0.9, 3: 0.5, 2: 0.0}, 2) == {1: -0.9, 3: 0.5}
    assert list(strongest({9: 0.5, 4: 0.5, 7: 0.5}, 2)) == [4, 7]


def test_the_stored_form_by_hand() -> None:
    assert pack({}) == b""
    assert pack({258: 1.0, 1: -2.0}) == b"\x01\x00\x02\x01\x00\xc0\x00\x3c"


@pytest.mark.parametrize("damaged", [b"\x00", b"\x00" * 6])
def test_a_damaged_one_is_refused(damaged: bytes) -> None:
    with pytest.raises(ValueError, match="4 bytes a term"):
        unpack(damaged)


@given(VECTORS)
def test_what_is_stored_comes_back(vector: dict[int, float]) -> None:
    assert unpack(pack(vector)) == vector
    assert len(pack(vector)) == 4 * len(vector)


def test_a_paper_never_takes_more_than_1500_bytes() -> None:
    stored = pack({term: term / 1024 for term in range(1, 601)})
    assert len(stored) == 1_500
    assert list(unpack(stored)) == list(range(226, 601))


@given(st.lists(st.tuples(st.floats(-2, 2), VECTORS), max_size=6), st.randoms())
def test_the_order_of_a_sum_changes_no_bit(parts: list[tuple[float, dict[int, float]]], rng: object) -> None:
    shuffled = list(parts)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    assert combined(shuffled) == combined(parts)


@given(VECTORS)
def test_a_unit_vector_has_length_one(vector: dict[int, float]) -> None:
    assert not vector or math.isclose(norm(unit(vector)), 1)
