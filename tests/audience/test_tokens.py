"""Signed links: for one purpose, one subject, and short."""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid

import pytest
from django.conf import settings
from pytest_django import Settings

from newsletter.audience.tokens import (
    Purpose,
    delivery_id,
    delivery_subject,
    digest_token,
    make_token,
    read_token,
)

KEY = "abcdefghijkl"


def test_a_token_gives_its_subject_back() -> None:
    assert read_token(make_token(Purpose.UNSUBSCRIBE, subject=KEY), purpose=Purpose.UNSUBSCRIBE) == KEY


@pytest.mark.parametrize("broken", ["", "x", KEY, "é" * 24])
def test_what_is_no_token_is_refused(broken: str) -> None:
    assert read_token(broken, purpose=Purpose.UNSUBSCRIBE) is None


def test_every_other_purpose_refuses_it() -> None:
    token = make_token(Purpose.UNSUBSCRIBE, subject=KEY)
    others = [purpose for purpose in Purpose if purpose is not Purpose.UNSUBSCRIBE]
    assert [read_token(token, purpose=purpose) for purpose in others] == [None] * len(others)


def test_any_changed_character_breaks_it() -> None:
    token = make_token(Purpose.PREFERENCES, subject=KEY)
    for place in range(len(token)):
        other = "A" if token[place] != "A" else "B"
        assert read_token(token[:place] + other + token[place + 1 :], purpose=Purpose.PREFERENCES) is None


@pytest.mark.parametrize("purpose", list(Purpose))
def test_no_token_ends_in_what_mail_programs_leave_out_of_a_link(purpose: Purpose) -> None:
    tokens = [make_token(purpose, subject=f"subject-{number}") for number in range(500)]
    assert all(token[-1].isalnum() for token in tokens)


def test_a_token_of_an_old_mail_may_end_in_a_hyphen_or_an_underscore() -> None:
    endings = set()
    for number in range(500):
        subject = f"reader-{number}"
        secret = b"newsletter.link.preferences" + settings.SECRET_KEY.encode()
        key = hashlib.sha256(secret).digest()
        old = base64.urlsafe_b64encode(hmac.digest(key, subject.encode(), "sha256"))[:12].decode()
        endings.add(old[-1])
        assert read_token(subject + old, purpose=Purpose.PREFERENCES) == subject
    assert {"-", "_"} <= endings


def test_a_token_of_an_older_key_still_works(settings: Settings) -> None:
    token = make_token(Purpose.UNSUBSCRIBE, subject=KEY)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a-new-one"
    assert read_token(token, purpose=Purpose.UNSUBSCRIBE) == KEY
    settings.SECRET_KEY_FALLBACKS = []
    assert read_token(token, purpose=Purpose.UNSUBSCRIBE) is None


def test_what_version_0_1_mailed_is_read_by_every_later_one(settings: Settings) -> None:
    settings.SECRET_KEY = "a-key-of-0.1-0123456789abcdef"
    delivery = delivery_subject(uuid.UUID(int=5))
    assert read_token("abcdefghijklWobLGAp5eVSP", purpose=Purpose.UNSUBSCRIBE) == KEY
    assert read_token("abcdefghijklcjIEdJjHQujI", purpose=Purpose.PREFERENCES) == KEY
    assert read_token("AAAAAAAAAAAAAAAAAAAABQJ0wj37wkGbZy", purpose=Purpose.DIGEST) == delivery
    assert read_token("AAAAAAAAAAAAAAAAAAAABQXweVgBcby3DY", purpose=Purpose.SHARE) == delivery


def test_a_token_with_a_holder_is_theirs_alone() -> None:
    token = digest_token(uuid.UUID(int=5), link_key=KEY)
    assert read_token(token, purpose=Purpose.DIGEST, holder=KEY)
    for other in ("", "another-key", KEY[:-1]):
        assert read_token(token, purpose=Purpose.DIGEST, holder=other) is None


def test_an_unsubscribe_url_fits_the_header() -> None:
    token = make_token(Purpose.UNSUBSCRIBE, subject=KEY)
    assert len(f"https://digest.example.org/unsubscribe/{token}") <= 74


def test_a_delivery_id_survives_the_way_through_a_link() -> None:
    key = uuid.uuid4()
    assert delivery_id(delivery_subject(key)) == key
    assert delivery_id("not an id") is None
