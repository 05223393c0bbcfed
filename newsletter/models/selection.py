"""What a digest offers, chosen before it is composed: one row for all deliveries that offer the same."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from django.db import models
from django.utils import timezone

from newsletter.core.digests.selection import Selection as SelectionValue
from newsletter.core.digests.selection import selection_checksum, selection_from_json, selection_to_json

CHUNK = 500


class Selection(models.Model):
    """Content-addressed, so never changed: a delivery that offers something else names another row."""

    checksum = models.CharField(max_length=64, primary_key=True)
    content = models.JSONField()
    """``core.digests.selection.selection_to_json``: papers and topics by id, nothing of a subscriber."""
    used_at = models.DateTimeField(db_index=True)
    """Real time: when it was last stored. A row in use is found by its deliveries; this protects one whose
    delivery is not committed yet."""

    def __str__(self) -> str:
        return self.checksum[:12]

    @cached_property
    def value(self) -> SelectionValue:
        return selection_from_json(self.content)


def store_selections(selections: Sequence[SelectionValue]) -> list[Selection]:
    """Store each once, however many are equal; return their rows in the same order.

    In the order of the checksums, so that two who store the same ones wait for each other, never in a circle.
    """
    by_object: dict[int, Selection] = {}
    rows: dict[str, Selection] = {}
    known: dict[int, list[Any]] = {}
    now = timezone.now()
    for each in selections:
        if id(each) not in by_object:
            content = selection_to_json(each, known=known)
            checksum = selection_checksum(content)
            row = rows.setdefault(checksum, Selection(checksum=checksum, content=content, used_at=now))
            row.value = each  # who goes on with it need not read the stored form
            by_object[id(each)] = row
    Selection.objects.bulk_create(
        [row for _, row in sorted(rows.items())],
        update_conflicts=True,
        update_fields=["used_at"],
        unique_fields=["checksum"],
        batch_size=CHUNK,
    )
    return [by_object[id(each)] for each in selections]
