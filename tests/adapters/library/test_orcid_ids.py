"""ORCID iDs: every way to write one, and its checksum."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.adapters.library.orcid import parse_orcid


@pytest.mark.parametrize(
    ("text", "orcid"),
    [
        ("0000-0002-1825-0097", "0000-0002-1825-0097"),
        (" 0000-0002-1694-233x\n", "0000-0002-1694-233X"),
        ("0000000218250097", "0000-0002-1825-0097"),
        ("https://orcid.org/0000-0002-1825-0097/", "0000-0002-1825-0097"),
        ("orcid.org/0000-0001-5109-3700", "0000-0001-5109-3700"),
    ],
)
def test_it_reads_an_id_or_its_address(text: str, orcid: str) -> None:
    assert parse_orcid(text) == orcid


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0000-0002-1825-0098",
        "0000-0002-1825-009X",
        "0000-0002-1825-009",
        "https://example.org/0000-0002-1825-0097",
        "٠٠٠٠-٠٠٠٢-١٨٢٥-٠٠٩٧",
        "0000-0002-1825-0097/../../x",
    ],
)
def test_it_refuses_anything_else(text: str) -> None:
    assert parse_orcid(text) is None


@given(st.text("0123456789", min_size=15, max_size=15), st.integers(0, 14), st.integers(1, 9))
def test_one_wrong_digit_is_noticed(digits: str, place: int, shift: int) -> None:
    [right] = [each for end in "0123456789X" if (each := parse_orcid(digits + end))]
    wrong = str((int(digits[place]) + shift) % 10)
    assert parse_orcid(digits[:place] + wrong + digits[place + 1 :] + right[-1]) is None
