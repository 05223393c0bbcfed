"""The snapshots that the service has stored. ``pipeline/select/snapshots.py`` makes them."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from newsletter.adapters.infra.taste_snapshot import shipped_snapshot
from newsletter.core.taste.snapshot import Snapshot
from newsletter.models import TasteSnapshot


@lru_cache(maxsize=2)
def stored_snapshot(pk: int, made_at: datetime) -> Snapshot:  # noqa: ARG001 - ids may come again, after a restore
    """Return the snapshot of a row."""
    return Snapshot.unpack(bytes(TasteSnapshot.objects.values_list("content", flat=True).get(pk=pk)))


def newest_snapshot() -> Snapshot:
    """Return the newest one stored; where there is none, the shipped one, which is not stored."""
    newest = TasteSnapshot.objects.order_by("-made_at").values_list("pk", "made_at").first()
    return stored_snapshot(*newest) if newest else shipped_snapshot()
