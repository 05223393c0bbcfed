"""Which addresses lead to one mailbox."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.core.delivery.addresses import mailbox_of


@pytest.mark.parametrize(
    "same",
    [
        ("ada@example.org", "ada+1@example.org", "ada+a+b@example.org", "ada+@example.org"),
        ("adalace@gmail.com", "ada.lace@gmail.com", "a.d.a.lace+x@googlemail.com", ".adalace@gmail.com"),
        ("adalace@proton.me", "ada-lace@protonmail.com", "ada_lace+x@pm.me"),
        ("ada.lace@yandex.ru", "ada-lace@yandex.com", "ada.lace@ya.ru"),
        ("ada@icloud.com", "ada@me.com", "ada+x@mac.com"),
        ("+@example.org", "+@example.org"),
        ("adalace@gmail.com", '"ada..lace"@gmail.com', '"adalace"@gmail.com', '"ada\\lace+x"@gmail.com'),
    ],
)
def test_addresses_of_one_mailbox_have_one_key(same: tuple[str, ...]) -> None:
    assert len({mailbox_of(each) for each in same}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ada.lace@example.org", "adalace@example.org"),
        ("ada.lace@icloud.com", "adalace@icloud.com"),
        ("ada@gmail.com", "ada@gmail.com.example.org"),
        ("ada@outlook.com", "ada@hotmail.com"),
        ("ada@a.example.org", "ada@b.example.org"),
        ("...@gmail.com", "ada@gmail.com"),
    ],
)
def test_others_have_others(one: str, other: str) -> None:
    assert mailbox_of(one) != mailbox_of(other)


@given(st.emails())
def test_a_mailbox_is_its_own_and_never_empty(email: str) -> None:
    mailbox = mailbox_of(email.casefold())
    assert mailbox_of(mailbox) == mailbox
    assert not mailbox.startswith("@")
