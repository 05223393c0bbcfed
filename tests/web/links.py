"""The links that were mailed, made as for the mail itself: none is stored."""

from __future__ import annotations

from django.conf import settings

from newsletter.models import Delivery
from newsletter.pipeline.compose.message import placeholders_of, stored_fragments


def mailed_url(letter: Delivery) -> str:
    return placeholders_of(letter, stored_fragments(letter))["url"]


def mailed_path(key: str) -> str:
    """Return the path in the newest letter whose key begins so."""
    letter = Delivery.objects.filter(slot_key__startswith=key).order_by("-planned_at")[0]
    return mailed_url(letter).removeprefix(settings.CONFIG.base_url)
