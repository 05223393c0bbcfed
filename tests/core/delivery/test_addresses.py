"""Addresses as people and programs write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.core.delivery.addresses import addresses_in, clean_address

ADA = "ada@example.org"


@pytest.mark.parametrize(
    "written",
    [
        ADA,
        f"  {ADA}\t",
        f"\N{NO-BREAK SPACE}{ADA}\N{NO-BREAK SPACE}",
        f"Ada <{ADA}>",
        f"Ada Lovelace < {ADA} >",
        f'"Lovelace, Ada" <{ADA}>',
        f"<{ADA}>",
        f"<{ADA}>;",
        f"mailto:{ADA}",
        f"MailTo:{ADA}?subject=no%20more",
        f"<mailto:{ADA}>",
        "mailto:ada%40example.org",
        f"{ADA}.",
        f"{ADA}.,",
        f"'{ADA}'",
        f'"{ADA}"',
        f"“{ADA}”",
        "ada\N{ZERO WIDTH SPACE}@example.org",
        f"\N{ZERO WIDTH NO-BREAK SPACE}{ADA}",
        "ada@exam\N{ZERO WIDTH JOINER}ple.org",
        f"\N{LEFT-TO-RIGHT MARK}{ADA}\N{POP DIRECTIONAL FORMATTING}",
        "ada@exam\N{SOFT HYPHEN}ple.org",
    ],
)
def test_what_stands_around_an_address_is_taken_off(written: str) -> None:
    assert clean_address(written) == ADA
    assert addresses_in(written) == [ADA]


@pytest.mark.parametrize(
    "address",
    [
        '"a b"@example.org',
        '"a;b,c"@example.org',
        "o'neill@example.org",
        "=1+1@example.org",
        "ada.@example.org",
        "ada@می\N{ZERO WIDTH NON-JOINER}خواهم.example",
        "Ada+lists@Example.ORG",
    ],
)
def test_what_belongs_to_an_address_stays(address: str) -> None:
    assert clean_address(address) == address
    assert addresses_in(address) == [address]


def test_one_letter_written_in_two_ways_is_one() -> None:
    assert clean_address("jose\N{COMBINING ACUTE ACCENT}@example.org") == "jos\xe9@example.org"


@pytest.mark.parametrize(
    "cell",
    [
        "s3@example.org; s4@example.org",
        "s3@example.org,s4@example.org;",
        '"s3@example.org; s4@example.org"',
        '"s3@example.org","s4@example.org"',
        "s3@example.org\ns4@example.org",
        "s3@example.org s4@example.org",
        'Three <s3@example.org>; "Four, the" <mailto:s4@example.org>',
        "s3@example.org | s4@example.org.",
        '"s3@example.org; s4@example.org',
    ],
)
def test_several_addresses_in_one_cell_are_found(cell: str) -> None:
    assert addresses_in(cell) == ["s3@example.org", "s4@example.org"]


@pytest.mark.parametrize("cell", ["", "  ", '""', ";,"])
def test_an_empty_cell_holds_none(cell: str) -> None:
    assert addresses_in(cell) == []


def test_what_is_no_address_is_returned_too() -> None:
    assert addresses_in("ada@example.org; nobody") == ["ada@example.org", "nobody"]


@given(st.text(max_size=60))
def test_any_text_can_be_read_and_no_address_in_it_is_lost(text: str) -> None:
    assert ADA in addresses_in(f"{ADA}\n{text}")
