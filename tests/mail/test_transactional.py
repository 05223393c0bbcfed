"""The short mail of one purpose."""

from __future__ import annotations

from newsletter.core.digests.message import placeholder
from newsletter.mail.transactional import EMAIL, render_transactional


def test_it_says_the_same_in_both_forms_and_escapes_what_it_is_given() -> None:
    fragment = render_transactional(
        "Confirm your address",
        paragraphs=("Somebody asked for <digests> to this address.", "If it was not you, do nothing."),
        reason="You get this because of a sign-up.",
        language="en",
        name="Lamps & Co",
        postal_address="1 Lamp Street",
        url="https://digest.example.org/confirm/Token?a=1&b=2",
        label="Confirm",
    )
    assert "Somebody asked for &lt;digests&gt;" in fragment.html
    assert "Somebody asked for <digests>" in fragment.text
    assert 'href="https://digest.example.org/confirm/Token?a=1&amp;b=2"' in fragment.html
    assert "\nConfirm:\nhttps://digest.example.org/confirm/Token?a=1&b=2\n" in fragment.text
    assert "Confirm your address\n--------------------\n" in fragment.text
    assert "1 Lamp Street" in fragment.html
    assert '<html lang="en"' in fragment.html
    assert "[[" not in fragment.html + fragment.text


def test_it_needs_no_link() -> None:
    fragment = render_transactional(
        "停送通知", paragraphs=("一切正常。",), reason="系统通知。", language="zh-hans", name="文摘"
    )
    assert "<a " not in fragment.html
    assert "http" not in fragment.text
    assert 'lang="zh-Hans"' in fragment.html


def test_its_text_keeps_to_72_columns_once_the_address_is_filled_in() -> None:
    fragment = render_transactional(
        "Your link",
        paragraphs=("It opens a page.",),
        reason=f"You get this because a link was asked for on your own page, for {EMAIL}.",
        language="en",
        name="Lamps",
    )
    address = "a.rather.long@address.example"
    filled = fragment.text.replace(placeholder("email"), address)
    assert address in filled
    assert max(map(len, filled.splitlines())) <= 72
