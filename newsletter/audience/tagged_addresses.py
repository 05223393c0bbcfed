"""Addresses of ours that hold a tag: where a mail comes back to (VERP), and where one unsubscribes by mail.

The first names the delivery, the second holds the reader's unsubscribe token. Only who has seen the mail
knows them, and nobody can make one for another. Both have 40 characters after the ``+``: all that fits beside
the longest NEWSLETTER_BOUNCE_ADDRESS (RFC 5321 §4.5.3.1.1).
"""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Iterable

from django.conf import settings

from newsletter.audience.tokens import Purpose, bounce_tag, read_bounce_tag, read_token
from newsletter.config.mailers import MAILERS
from newsletter.core.digests.headers import ascii_address

DEFAULT_LOCAL_PART = "bounces"
OFF = "off"
_TAG = re.compile(r"\+([a-z2-7]{20,60})@", re.IGNORECASE)
_LEAVES = "u"
"""Before the token. What follows the ``+`` counts only with its MAC: the two kinds cannot be mixed up."""


def envelope_sender(delivery_id: uuid.UUID, *, sender: str) -> str:
    """Return NEWSLETTER_BOUNCE_ADDRESS with the delivery's tag, or ``sender`` itself where that is off.

    Raises BadInput for a sender that is no address.
    """
    if settings.CONFIG.bounce_address == OFF:
        return sender
    return _tagged(bounce_tag(delivery_id), sender=sender)


def unsubscribe_mailto(token: str, *, sender: str) -> str:
    """Return a ``mailto:`` that ends everything, or "" where nobody reads what comes to our addresses.

    A mail server may fold a local part to small letters, so the token stands in base32. Mail that
    a service sends comes back to it: an address of ours exists only where the operator names one.
    """
    config = settings.CONFIG
    if config.bounce_address == OFF or (MAILERS[config.mailer].is_service and not config.bounce_address):
        return ""
    tag = base64.b32encode(token.encode()).decode("ascii").rstrip("=").lower()
    return f"mailto:{_tagged(_LEAVES + tag, sender=sender)}"


def leaving_token(addresses: Iterable[str]) -> str | None:
    """Return the first unsubscribe token of ours in any of these texts."""
    for text in addresses:
        for found in _TAG.finditer(text):
            if (token := _unsubscribe_token(found[1].lower())) is not None:
                return token
    return None


def _unsubscribe_token(tag: str) -> str | None:
    if not tag.startswith(_LEAVES):
        return None
    rest = tag.removeprefix(_LEAVES).upper()
    try:
        token = base64.b32decode(rest + "=" * (-len(rest) % 8)).decode("ascii")
    except ValueError:
        return None
    return token if read_token(token, purpose=Purpose.UNSUBSCRIBE) is not None else None


def _tagged(tag: str, *, sender: str) -> str:
    setting = settings.CONFIG.bounce_address
    local, _, domain = (setting or ascii_address(sender)).rpartition("@")
    return f"{local if setting else DEFAULT_LOCAL_PART}+{tag}@{domain}"


def delivery_by_verp(addresses: Iterable[str]) -> uuid.UUID | None:
    """Return the id of the first delivery that is named by a tag of ours in any of these texts."""
    for text in addresses:
        for found in _TAG.finditer(text):
            if (delivery_id := read_bounce_tag(found[1])) is not None:
                return delivery_id
    return None
