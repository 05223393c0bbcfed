from __future__ import annotations

import uuid

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from newsletter.audience.tagged_addresses import (
    delivery_by_verp,
    envelope_sender,
    leaving_token,
    unsubscribe_mailto,
)
from newsletter.audience.tokens import Purpose, bounce_tag, make_token, read_bounce_tag
from newsletter.config import load_config
from newsletter.errors import ConfigurationError

SENDER = "digest@news.example.org"


def set_bounce_address(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    config = settings.CONFIG.model_copy(update={"bounce_address": address})
    monkeypatch.setattr(settings, "CONFIG", config)


@given(st.uuids())
def test_a_delivery_is_known_by_the_address_it_comes_back_to(delivery_id: uuid.UUID) -> None:
    address = envelope_sender(delivery_id, sender=SENDER)
    local, _, domain = address.partition("@")
    assert (local.partition("+")[0], domain) == ("bounces", "news.example.org")
    assert len(local) <= 64
    for written in (address, address.upper(), f"Someone <{address}>", f"<{address}>, other@example.org"):
        assert delivery_by_verp(["", "nobody@example.org", written]) == delivery_id


@given(st.uuids(), st.integers(0, 39), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_a_tag_with_one_character_changed_is_nobodys(key: uuid.UUID, position: int, other: str) -> None:
    tag = bounce_tag(key)
    forged = tag[:position] + other + tag[position + 1 :]
    assert read_bounce_tag(forged) == (key if forged == tag else None)


@given(st.text(max_size=60))
def test_anything_else_is_no_tag(text: str) -> None:
    assert read_bounce_tag(text) is None
    assert delivery_by_verp([text, f"bounces+{text}@example.org"]) is None


def test_another_deliverys_mac_does_not_fit() -> None:
    one, other = bounce_tag(uuid.uuid4()), bounce_tag(uuid.uuid4())
    assert read_bounce_tag(one[:26] + other[26:]) is None


def test_a_tag_outlives_a_rotation_of_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    key = uuid.uuid4()
    tag = bounce_tag(key)
    monkeypatch.setattr(settings, "SECRET_KEY_FALLBACKS", [settings.SECRET_KEY])
    monkeypatch.setattr(settings, "SECRET_KEY", "another")
    assert read_bounce_tag(tag) == key
    monkeypatch.setattr(settings, "SECRET_KEY_FALLBACKS", [])
    assert read_bounce_tag(tag) is None


def test_the_setting_names_the_address_or_switches_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    key = uuid.uuid4()
    set_bounce_address(monkeypatch, "returned@mx.example.org")
    assert envelope_sender(key, sender=SENDER) == f"returned+{bounce_tag(key)}@mx.example.org"
    set_bounce_address(monkeypatch, "off")
    assert envelope_sender(key, sender=SENDER) == SENDER


def test_a_subscriber_is_known_by_the_address_they_write_to_to_leave() -> None:
    token = make_token(Purpose.UNSUBSCRIBE, subject="Subject-of12")
    address = unsubscribe_mailto(token, sender=SENDER).removeprefix("mailto:")
    local, _, domain = address.partition("@")
    assert (local.partition("+")[0], domain) == ("bounces", "news.example.org")
    assert len("b" * 23 + "+" + local.partition("+")[2]) <= 64
    for written in (address, address.upper(), f"Someone <{address}>", f"<{address}>, other@example.org"):
        assert leaving_token(["", "nobody@example.org", written]) == token
        assert delivery_by_verp([written]) is None


@pytest.mark.parametrize("purpose", [each for each in Purpose if each is not Purpose.UNSUBSCRIBE])
def test_a_token_for_anything_else_does_not_unsubscribe(purpose: Purpose) -> None:
    token = make_token(purpose, subject="Subject-of12")
    assert leaving_token([unsubscribe_mailto(token, sender=SENDER)]) is None


@given(st.uuids(), st.text("abcxyz234567", min_size=20, max_size=60))
def test_nothing_made_up_unsubscribes(delivery_id: uuid.UUID, tag: str) -> None:
    assert leaving_token([envelope_sender(delivery_id, sender=SENDER)]) is None
    assert leaving_token([f"bounces+{tag}@example.org", f"bounces+u{tag}@example.org"]) is None


def test_a_sender_beyond_ascii_has_its_bounces_at_the_ascii_domain() -> None:
    assert envelope_sender(uuid.uuid4(), sender="digest@bücher.example").endswith("@xn--bcher-kva.example")


@pytest.mark.parametrize(
    "address", ["bounces", "a b@example.org", "b" * 24 + "@example.org", "ü@example.org"]
)
def test_an_address_that_cannot_take_a_tag_stops_the_start(address: str) -> None:
    with pytest.raises(ConfigurationError, match="NEWSLETTER_BOUNCE_ADDRESS"):
        load_config({"NEWSLETTER_BOUNCE_ADDRESS": address})
