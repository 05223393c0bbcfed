"""What the first start makes of a database that version 0.1.0 has used, and what accepting a key does."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils.crypto import salted_hmac
from pytest_django import Settings

from newsletter.audience.keys import accept_secret_key, check_secret_key, fingerprint
from newsletter.audience.suppression import Reason, is_suppressed, suppress, suppressed
from newsletter.errors import ConfigurationError
from newsletter.models import KeyFingerprint, Subscriber, Suppression, SuppressionKey

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 19, 8, 0, tzinfo=UTC)
OLD, NEW = "3f9c1be07d52a84f6e1d-old", "84a6c20f9b7e15d3aa60-new"


@pytest.fixture(autouse=True)
def no_record() -> None:
    KeyFingerprint.objects.all().delete()
    SuppressionKey.objects.all().delete()


def use(settings: Settings, key: str, *fallbacks: str) -> None:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = key, list(fallbacks)


def left_in_0_1_0(email: str, *, key: str, reason: str = "unsubscribed", erased: bool = False) -> None:
    made = salted_hmac("newsletter.suppression", email, secret=key, algorithm="sha256").hexdigest()
    Suppression.objects.create(email_hmac=made, reason=reason, at=NOW)
    if not erased:
        Subscriber.objects.create(email=email, email_key=email, status=reason, joined_at=NOW)


def test_the_first_start_records_the_key_and_makes_the_suppressions_one(settings: Settings) -> None:
    use(settings, OLD)
    check_secret_key()
    check_secret_key()
    assert KeyFingerprint.objects.values_list("value", flat=True).get() == fingerprint(OLD)
    assert SuppressionKey.objects.get().is_own


def test_what_0_1_0_remembered_under_every_key_of_the_list_still_holds(settings: Settings) -> None:
    left_in_0_1_0("ann@example.org", key=OLD)
    left_in_0_1_0("bob@example.org", key=NEW, reason="complained", erased=True)
    use(settings, NEW, OLD)
    check_secret_key()
    use(settings, NEW)  # the old key may leave the settings now
    check_secret_key()
    found = suppressed(["ann@example.org", "bob@example.org", "eve@example.org"])
    assert found == {"ann@example.org": Reason.UNSUBSCRIBED, "bob@example.org": Reason.COMPLAINED}


def test_an_old_key_that_turns_up_later_is_kept_too(settings: Settings) -> None:
    use(settings, NEW)
    check_secret_key()
    left_in_0_1_0("ann@example.org", key=OLD, erased=True)
    assert not is_suppressed("ann@example.org")
    use(settings, NEW, OLD)
    check_secret_key()
    use(settings, NEW)
    assert is_suppressed("ann@example.org")


def test_a_key_that_was_lost_before_the_upgrade_is_noticed(settings: Settings) -> None:
    left_in_0_1_0("ann@example.org", key=OLD)
    left_in_0_1_0("bob@example.org", key=OLD, reason="bounced")
    left_in_0_1_0("eve@example.org", key=OLD, erased=True)
    use(settings, NEW)
    with pytest.raises(ConfigurationError, match="newsletter key accept"):
        check_secret_key()
    assert not KeyFingerprint.objects.exists()
    assert accept_secret_key(now=NOW) == 2
    check_secret_key()
    found = suppressed(["ann@example.org", "bob@example.org", "eve@example.org"])
    assert found == {"ann@example.org": Reason.UNSUBSCRIBED, "bob@example.org": Reason.BOUNCED}
    use(settings, NEW, OLD)  # it was found after all
    check_secret_key()
    assert is_suppressed("eve@example.org")


def test_who_left_before_the_first_start_keeps_no_process_from_starting(settings: Settings) -> None:
    ann = "ann@example.org"
    Subscriber.objects.create(email=ann, email_key=ann, status="unsubscribed", joined_at=NOW)
    suppress(ann, reason=Reason.UNSUBSCRIBED, at=NOW)
    use(settings, NEW)
    check_secret_key()
    assert KeyFingerprint.objects.get().value == fingerprint(NEW)


def test_another_key_is_refused_until_it_is_accepted(settings: Settings) -> None:
    use(settings, OLD)
    check_secret_key()
    suppress("ann@example.org", reason=Reason.ERASED, at=NOW)
    use(settings, NEW)
    with pytest.raises(ConfigurationError) as caught:
        check_secret_key()
    assert "\n" not in str(caught.value)
    accept_secret_key(now=NOW)
    check_secret_key()
    assert is_suppressed("ann@example.org")
    use(settings, OLD)
    with pytest.raises(ConfigurationError):
        check_secret_key()


def test_two_keys_may_change_places(settings: Settings) -> None:
    use(settings, OLD, NEW)
    check_secret_key()
    use(settings, NEW, OLD)
    check_secret_key()
    assert KeyFingerprint.objects.values_list("value", flat=True).get() == fingerprint(NEW)
