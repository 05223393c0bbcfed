"""Addresses that must not be mailed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import override_settings
from django.utils.crypto import salted_hmac

from newsletter.audience.suppression import (
    Reason,
    address_key,
    is_suppressed,
    lift,
    remember_keys,
    suppress,
    suppress_all,
    suppressed,
)
from newsletter.errors import BadInput
from newsletter.models import Suppression, SuppressionKey

NOW = datetime(2026, 6, 19, 8, 0, tzinfo=UTC)
ANN = "ann@example.org"


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("Ann@Example.ORG", ANN),
        ("  ann@example.org ", ANN),
        ("ann@BÜCHER.example", "ann@xn--bcher-kva.example"),
        ("ann@xn--bcher-kva.example", "ann@xn--bcher-kva.example"),
        ("STRASSE@example.org", "strasse@example.org"),
        ("straße@example.org", "strasse@example.org"),
        ('"a@b"@example.org', '"a@b"@example.org'),
        ('"ann"@example.org', ANN),
        ('"a\\n\\n"@example.org', ANN),
        ('"a\\nn b"@example.org', '"ann b"@example.org'),
        ('"a\\"n"@example.org', '"a\\"n"@example.org'),
        ('"ann@example.org', '"ann@example.org'),
        ("ann+arxiv@example.org", "ann+arxiv@example.org"),
        ("ann@under_score.example.org", "ann@under_score.example.org"),
    ],
)
def test_one_mailbox_has_one_key(written: str, key: str) -> None:
    assert address_key(written) == key
    assert address_key(key) == key


@pytest.mark.parametrize("written", ["", "ann", "@example.org", "ann@", "ann@…", "ann@\u2000"])
def test_it_refuses_what_is_no_address(written: str) -> None:
    with pytest.raises(BadInput):
        address_key(written)


@pytest.mark.django_db
def test_a_suppression_keeps_no_address() -> None:
    suppress(ANN, reason=Reason.UNSUBSCRIBED, at=NOW)
    row = Suppression.objects.values().get()
    assert "ann" not in str(row)
    assert is_suppressed(ANN)
    assert not is_suppressed("bob@example.org")


@pytest.mark.django_db
def test_a_stronger_reason_replaces_a_weaker_one_and_never_the_other_way() -> None:
    suppress(ANN, reason=Reason.BOUNCED, at=NOW)
    suppress(ANN, reason=Reason.UNSUBSCRIBED, at=NOW)
    assert suppressed([ANN]) == {ANN: Reason.BOUNCED}
    suppress(ANN, reason=Reason.COMPLAINED, at=NOW)
    assert suppressed([ANN, "bob@example.org"]) == {ANN: Reason.COMPLAINED}
    assert Suppression.objects.count() == 1


@pytest.mark.django_db
def test_a_suppression_outlives_every_change_of_the_secret_key() -> None:
    with override_settings(SECRET_KEY="old", SECRET_KEY_FALLBACKS=[]):
        suppress(ANN, reason=Reason.BOUNCED, at=NOW)
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=[]):
        assert is_suppressed(ANN)
        suppress(ANN, reason=Reason.COMPLAINED, at=NOW)
        assert suppressed([ANN]) == {ANN: Reason.COMPLAINED}
    assert Suppression.objects.count() == 1


@pytest.mark.django_db
def test_what_an_earlier_version_made_with_a_secret_key_is_still_found() -> None:
    made = salted_hmac("newsletter.suppression", ANN, secret="a former key", algorithm="sha256").hexdigest()
    Suppression.objects.create(email_hmac=made, reason="bounced", at=NOW)
    assert not is_suppressed(ANN)
    remember_keys(["a former key", "another"])
    remember_keys(["a former key"])
    assert suppressed([ANN, "bob@example.org"]) == {ANN: Reason.BOUNCED}
    suppress(ANN, reason=Reason.COMPLAINED, at=NOW)
    assert Suppression.objects.values_list("email_hmac", "reason").get() == (made, "complained")
    suppress_all({ANN: (Reason.COMPLAINED, NOW), "bob@example.org": (Reason.IMPORTED, NOW)})
    assert Suppression.objects.count() == 2
    assert not any("former" in value for value in SuppressionKey.objects.values_list("value", flat=True))
    assert lift(ANN)
    assert suppressed([ANN]) == {}


@pytest.mark.django_db
def test_confirming_lifts_a_suppression_whatever_its_reason() -> None:
    suppress(ANN, reason=Reason.UNSUBSCRIBED, at=NOW)
    suppress("bob@example.org", reason=Reason.COMPLAINED, at=NOW)
    assert lift(ANN)
    assert not lift(ANN)
    assert suppressed([ANN, "bob@example.org"]) == {"bob@example.org": Reason.COMPLAINED}
    assert lift("bob@example.org")


@pytest.mark.django_db
def test_it_looks_up_thousands_at_once() -> None:
    suppress("reader1234@example.org", reason=Reason.IMPORTED, at=NOW)
    keys = [f"reader{number}@example.org" for number in range(2000)]
    assert suppressed(keys) == {"reader1234@example.org": Reason.IMPORTED}
