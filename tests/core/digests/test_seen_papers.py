"""What a reader has seen, as one small value."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.core.digests.seen_papers import pack_seen, unpack_seen

PAPER_IDS = st.sets(st.integers(0, 2**32 - 1))


@given(PAPER_IDS, PAPER_IDS)
def test_it_remembers_exactly_what_was_added(before: set[int], accepted: set[int]) -> None:
    seen_papers = unpack_seen(pack_seen(before))
    seen_papers |= unpack_seen(pack_seen(accepted))
    assert set(unpack_seen(pack_seen(seen_papers))) == before | accepted


@given(st.lists(st.integers(0, 10_000)))
def test_equal_sets_have_equal_bytes(paper_ids: list[int]) -> None:
    one_by_one = unpack_seen(b"")
    for paper_id in paper_ids:
        one_by_one.add(paper_id)
    assert pack_seen(one_by_one) == pack_seen(set(paper_ids))


def test_a_subscriber_who_has_seen_nothing_has_no_bytes_yet() -> None:
    assert 7 not in unpack_seen(b"")


def test_five_years_of_ten_papers_a_week_stay_under_six_kilobytes() -> None:
    ids_a_year, seen_a_year = 300_000, 520
    seen = range(0, 5 * ids_a_year, ids_a_year // seen_a_year)
    assert len(seen) >= 5 * seen_a_year
    assert len(pack_seen(seen)) < 6_000


@pytest.mark.parametrize("damaged", [b"no bitmap", pack_seen([1, 2, 3])[:-1]])
def test_it_refuses_damaged_bytes(damaged: bytes) -> None:
    with pytest.raises(ValueError, match="deserialize"):
        unpack_seen(damaged)
