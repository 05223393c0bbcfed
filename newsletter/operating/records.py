"""Records as they are shown: without any key of a link, and a provider's words on one line."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Model

from newsletter.core.delivery.redaction import without_keys
from newsletter.models import DeliveryEvent


def hide_keys(row: Model) -> Model:
    """Replace every key by ``…`` in a row that is shown and never saved."""
    for column in row._meta.concrete_fields:
        if isinstance(column, (models.CharField, models.TextField, models.JSONField)):
            setattr(row, column.attname, _without_keys(getattr(row, column.attname)))
    return row


def _without_keys(value: Any) -> Any:
    if isinstance(value, str):
        return without_keys(value)
    if isinstance(value, dict):
        return {name: _without_keys(each) for name, each in value.items()}
    return [_without_keys(each) for each in value] if isinstance(value, list) else value


def words_of(event: DeliveryEvent) -> str:
    """Return in one line what the provider said."""
    names = ("event", "type", "status", "bounce_classification", "reason", "response")
    said = [str(event.payload[name]) for name in names if event.payload.get(name)]
    return without_keys(" – ".join(word for word in said if word != event.kind))
