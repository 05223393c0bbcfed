"""Where a mail comes back to when it cannot be delivered: an address that names the delivery.

Only who has seen the mail knows the address, and nobody can make one for another delivery.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable

from django.conf import settings

from newsletter.core.headers import ascii_address
from newsletter.tokens import bounce_tag, read_bounce_tag

DEFAULT_LOCAL_PART = "bounces"
OFF = "off"
_TAG = re.compile(r"\+([a-z2-7]{40})@", re.IGNORECASE)


def envelope_sender(delivery_id: uuid.UUID, *, sender: str) -> str:
    """Return NEWSLETTER_BOUNCE_ADDRESS with the delivery's tag, or ``sender`` itself where that is off.

    Raises BadInput for a sender that is no address.
    """
    setting = settings.CONFIG.bounce_address
    if setting == OFF:
        return sender
    local, _, domain = (setting or ascii_address(sender)).rpartition("@")
    return f"{local if setting else DEFAULT_LOCAL_PART}+{bounce_tag(delivery_id)}@{domain}"


def returned_delivery(addresses: Iterable[str]) -> uuid.UUID | None:
    """Return the id of the first delivery that is named by a tag of ours in any of these texts."""
    for text in addresses:
        for found in _TAG.finditer(text):
            if (delivery_id := read_bounce_tag(found[1])) is not None:
                return delivery_id
    return None
