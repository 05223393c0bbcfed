"""The links that were mailed, made as for the mail itself: none is stored."""

from __future__ import annotations

from django.conf import settings

from newsletter.models import Delivery
from newsletter.pipeline.compose.message import slots_of, stored_pieces


def mailed_url(letter: Delivery) -> str:
    return slots_of(letter, stored_pieces(letter))["url"]


def mailed_path(key: str) -> str:
    """Return the path in the newest letter whose key begins so."""
    letter = Delivery.objects.filter(slot_key__startswith=key).order_by("-planned_at")[0]
    return mailed_url(letter).removeprefix(settings.CONFIG.base_url)
