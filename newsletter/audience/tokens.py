"""Signed tokens for links: bound to one purpose and one subject, short enough for List-Unsubscribe.

A token is the subject (a reader's link key or a delivery's id) and a MAC. Tokens are not stored: one is valid
as long as its subject and one of the secret keys are. A new link key revokes the tokens of the old one
(``subscribers/revoke_links.py``).
"""

from __future__ import annotations

import base64
import hmac
import uuid
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.utils.crypto import salted_hmac

MAC_LENGTH = 12
"""Characters of base64: 72 bits."""
_BOUNCE_MAC = 9
"""Bytes: with the id's 16 they fill 40 characters of base32 exactly."""


class Purpose(StrEnum):
    PREFERENCES = "preferences"
    UNSUBSCRIBE = "unsubscribe"
    DIGEST = "digest"
    """A delivery's id, held by its reader: the page shows their address and their links."""
    SHARE = "share"
    """A delivery's id. The page shows nothing personal, so it is not revoked with the others."""
    CONFIRM = "confirm"
    """A sign-up's key."""
    ADDRESS = "address"
    """The key of a change of address, mailed to the new one."""
    FRESH = "fresh"
    """The key of a fresh link, for what a forwarded digest must not allow; valid for an hour."""
    FEEDBACK = "feedback"
    """A delivery's id, held by its reader: save, more, less (``feedback_links.py``)."""
    FEEDBACK_FORM = "feedback-form"
    """What a button on a page of feedback does, and for which paper; valid for a day."""
    BOUNCE = "bounce"
    """A delivery's id, in the envelope's sender (VERP)."""


VALID_FOR = {
    Purpose.CONFIRM: timedelta(days=7),
    Purpose.ADDRESS: timedelta(days=1),
    Purpose.FRESH: timedelta(hours=1),
    Purpose.FEEDBACK_FORM: timedelta(days=1),
}
"""Lifetime of timed tokens."""


def make_token(purpose: Purpose, *, subject: str, holder: str = "") -> str:
    """Return a token. With a ``holder`` (a link key) it is valid as long as the reader has that key."""
    return subject + _mac(purpose, _signed(subject, holder), settings.SECRET_KEY)


def _settled(mac: str) -> str:
    """Return a MAC that ends in a letter or digit: many mail programs cut a trailing - or _ off a link."""
    return mac[:-1] + {"-": "A", "_": "B"}.get(mac[-1:], mac[-1:])


def read_token(token: str, *, purpose: Purpose, holder: str = "") -> str | None:
    """Return the subject, or None for any other token."""
    subject, mac = token[:-MAC_LENGTH], _settled(token[-MAC_LENGTH:])  # links in old mails may end in - or _
    if not subject or not token.isascii():
        return None
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    signed = _signed(subject, holder)
    good = any(hmac.compare_digest(mac, _mac(purpose, signed, key)) for key in keys)
    return subject if good else None


def make_timed_token(purpose: Purpose, *, subject: str, now: datetime) -> str:
    """Return a token that holds its creation time, to the second."""
    return make_token(purpose, subject=f"{subject}.{int(now.timestamp()):x}")


def read_timed_token(token: str, *, purpose: Purpose, now: datetime, max_age: timedelta) -> str | None:
    """Return the subject of a token made at most ``max_age`` ago, or None."""
    subject, dot, made = (read_token(token, purpose=purpose) or "").rpartition(".")
    if not dot:
        return None
    age = now.timestamp() - int(made, 16)
    return subject if age <= max_age.total_seconds() else None


def digest_token(delivery_id: uuid.UUID, *, link_key: str) -> str:
    return make_token(Purpose.DIGEST, subject=delivery_subject(delivery_id), holder=link_key)


def delivery_subject(delivery_id: uuid.UUID) -> str:
    """Return a delivery's id as 22 characters of URL-safe base64."""
    return base64.urlsafe_b64encode(delivery_id.bytes).rstrip(b"=").decode("ascii")


def delivery_id(subject: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(bytes=base64.urlsafe_b64decode(subject + "=="))
    except ValueError:
        return None


def bounce_tag(delivery_id: uuid.UUID) -> str:
    """Return a delivery's id and a MAC of 72 bits as 40 characters that survive a change of case."""
    mac = _mac_bytes(Purpose.BOUNCE, delivery_id.hex, settings.SECRET_KEY)[:_BOUNCE_MAC]
    return base64.b32encode(delivery_id.bytes + mac).decode("ascii").lower()


def read_bounce_tag(tag: str) -> uuid.UUID | None:
    """Return the delivery's id, or None for anything that is not a tag made here."""
    try:
        content = base64.b32decode(tag, casefold=True)
    except ValueError:
        return None
    if len(content) != 16 + _BOUNCE_MAC:
        return None
    found, mac = uuid.UUID(bytes=content[:16]), content[16:]
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    macs = (_mac_bytes(Purpose.BOUNCE, found.hex, key)[:_BOUNCE_MAC] for key in keys)
    return found if any(hmac.compare_digest(mac, each) for each in macs) else None


def _signed(subject: str, holder: str) -> str:
    return f"{subject}\0{holder}" if holder else subject


def _mac(purpose: Purpose, subject: str, key: str) -> str:
    return _settled(base64.urlsafe_b64encode(_mac_bytes(purpose, subject, key))[:MAC_LENGTH].decode("ascii"))


def _mac_bytes(purpose: Purpose, subject: str, key: str) -> bytes:
    return salted_hmac(f"newsletter.link.{purpose}", subject, secret=key, algorithm="sha256").digest()
