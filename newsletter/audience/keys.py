"""Check the secret key of the settings against the fingerprint in the database.

A mismatch means that the database was copied without its key, or the key is lost: links in mails already sent
would be dead. Every process checks this at start, so that no reader finds out first.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connections
from django.db.backends.signals import connection_created
from django.utils.crypto import salted_hmac

from newsletter.audience.suppression import (
    CHUNK,
    Reason,
    ensure_own_key,
    inherited,
    recognises,
    remember_keys,
    suppress_all,
)
from newsletter.errors import ConfigurationError
from newsletter.models import KeyFingerprint, Subscriber, Suppression
from newsletter.models.subscriber import Status

ONLY = 1
LEFT = (Status.UNSUBSCRIBED, Status.BOUNCED, Status.COMPLAINED)
SAMPLE = 100
"""Unsubscribed readers to look at: enough to tell whether their suppressions were made with our key."""


def fingerprint(key: str) -> str:
    return salted_hmac("newsletter.fingerprint", "", secret=key, algorithm="sha256").hexdigest()


def configured_keys() -> list[str]:
    """Return the secret keys of the settings, the newest first."""
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]


def check_secret_key() -> None:
    """Check that the settings have this database's key. The first start records it.

    A new key listed before the recorded one replaces it. Raises ConfigurationError for any other.
    """
    keys = configured_keys()
    known = KeyFingerprint.objects.filter(pk=ONLY).first()
    if known is None:
        _refuse_if(Suppression.objects.exists() and _is_foreign(keys))
        remember_keys(keys if Suppression.objects.exists() else keys[1:])
        ensure_own_key()
        first = {"value": fingerprint(keys[0])}
        known, _ = KeyFingerprint.objects.get_or_create(pk=ONLY, defaults=first)
    prints = [fingerprint(key) for key in keys]
    _refuse_if(known.value not in prints)
    remember_keys(keys[1:])
    if known.value != prints[0]:
        KeyFingerprint.objects.filter(pk=ONLY, value=known.value).update(value=prints[0])


def check_secret_key_or_later() -> None:
    """Check it now, or at the first connection if the database does not answer yet or has no tables."""
    try:
        check_secret_key()
    except DatabaseError:
        connection_created.connect(_check_at_first_connection)
    finally:
        connections.close_all()  # a worker forks, and children must not share a connection


def _check_at_first_connection(**_: Any) -> None:
    """Fail every new connection: nothing is read or written with the wrong key."""
    connection_created.disconnect(_check_at_first_connection)
    try:
        check_secret_key()
    except DatabaseError:  # no tables yet
        connection_created.connect(_check_at_first_connection)
    except ConfigurationError:
        connection_created.connect(_check_at_first_connection)
        raise


def accept_secret_key(*, now: datetime) -> int:
    """Use this database with the settings' key from now on, whatever was recorded.

    Return how many readers were suppressed anew: suppressions of unsubscribed readers may have been made with
    the lost key.
    """
    keys = configured_keys()
    remember_keys(keys)
    left = dict(Subscriber.objects.filter(status__in=LEFT).values_list("email_key", "status"))
    entries = [(key, (Reason(status), now)) for key, status in sorted(left.items())]
    for start in range(0, len(entries), CHUNK):
        suppress_all(dict(entries[start : start + CHUNK]))
    ensure_own_key()
    KeyFingerprint.objects.update_or_create(pk=ONLY, defaults={"value": fingerprint(keys[0])})
    return len(left)


def _is_foreign(keys: list[str]) -> bool:
    """Say if suppressions by an earlier version exist and none was made with these keys."""
    newest = Subscriber.objects.filter(status__in=LEFT).order_by("-pk")
    left = inherited(list(newest.values_list("email_key", flat=True)[:SAMPLE]))
    return bool(left) and not recognises(keys, left)


def _refuse_if(foreign: bool) -> None:
    if foreign:
        given = "NEWSLETTER_SECRET_KEY" if settings.CONFIG.secret_key else settings.DATA_DIR / "secret_key"
        raise ConfigurationError(
            f"the secret key ({given}) is not the one that this database was used with: put that one back "
            "(in NEWSLETTER_SECRET_KEY also behind the new one, after a comma); if it is lost, accept the "
            "new one with: newsletter key accept"
        )
