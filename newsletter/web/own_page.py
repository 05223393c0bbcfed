"""Whose pages a mailed link opens."""

from __future__ import annotations

from newsletter.audience.tokens import Purpose, read_token
from newsletter.models import Subscriber
from newsletter.models.subscriber import holder


def subscriber_of(token: str) -> Subscriber | None:
    """Return whose own pages the token opens; None for a forged, revoked or other one."""
    link_key = read_token(token, purpose=Purpose.PREFERENCES)
    return holder(link_key) if link_key else None
