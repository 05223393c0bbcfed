"""The snapshot of the vocabulary that vectors and profiles name: the newest one stored.

A new service begins with the one that ships with the project. Once eight weeks of papers are here, a snapshot
of its own follows, and then one a quarter; profiles are learned anew, from the kept texts of likes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from newsletter.adapters.infra.taste_snapshot import shipped_snapshot
from newsletter.adapters.infra.taste_stored import stored_snapshot
from newsletter.core.taste.snapshot import Snapshot, make_snapshot
from newsletter.models import Paper, TasteProfile, TasteSnapshot

WEEKS = timedelta(weeks=8)
"""Papers of this time are counted, and scores are measured against theirs."""
QUARTER = timedelta(days=91)
FEWEST_PAPERS = 5_000
"""A snapshot of fewer knows less than the one before it."""


@dataclass(frozen=True, slots=True)
class Current:
    pk: int
    snapshot: Snapshot


def current_snapshot() -> Current:
    """Return the newest snapshot, storing the shipped one where there is none."""
    newest = TasteSnapshot.objects.order_by("-made_at").values_list("pk", "made_at").first()
    if newest is None:
        shipped = shipped_snapshot()
        row, _ = TasteSnapshot.objects.get_or_create(
            made_at=datetime.fromisoformat(shipped.name).replace(tzinfo=UTC),
            defaults={"papers": shipped.documents, "content": shipped.pack()},
        )
        newest = row.pk, row.made_at
    return Current(newest[0], stored_snapshot(*newest))


def renew_snapshot(*, now: datetime) -> bool:
    """Make a snapshot of the last eight weeks when it is time; return whether one was made. Idempotent."""
    newest = TasteSnapshot.objects.order_by("-made_at").values_list("made_at", "papers").first()
    has_own = newest is not None and newest[1] != shipped_snapshot().documents
    if newest is not None and now - newest[0] < (QUARTER if has_own else WEEKS):
        return False
    recent = Paper.objects.filter(first_seen_at__gt=now - WEEKS, first_seen_at__lte=now)
    if recent.count() < FEWEST_PAPERS or recent.filter(first_seen_at__lt=now - WEEKS * 0.9).first() is None:
        return False
    texts = recent.order_by("pk").values_list("title", "abstract").iterator()
    made = make_snapshot(texts, name=now.date().isoformat())
    _, is_new = TasteSnapshot.objects.get_or_create(
        made_at=datetime.combine(now.date(), datetime.min.time(), tzinfo=UTC),
        defaults={"papers": made.documents, "content": made.pack()},
    )
    return is_new


def drop_old_snapshots() -> None:
    """Delete what no profile names any more, and the vectors that were made with it."""
    newest = TasteSnapshot.objects.order_by("-made_at").values("pk")[:1]
    named = TasteProfile.objects.values("snapshot")
    TasteSnapshot.objects.exclude(pk__in=newest).exclude(pk__in=named).delete()
