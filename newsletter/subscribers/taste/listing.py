"""What a subscriber made of papers, in lists: for pages, the command line, exports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import compress
from typing import Any

from django.db.models import BooleanField, Count, ExpressionWrapper, Q, QuerySet

from newsletter.core.arxiv.papers import PaperRecord
from newsletter.models import Paper, PaperFeedback, Subscriber, Topic
from newsletter.models.composed import Composed
from newsletter.models.taste import IS_LIKED, Act, Source, Verdict
from newsletter.subscribers.taste.switches import SWITCHES
from newsletter.subscribers.taste.words import ProfileWords, profile_words

CHUNK = 500


class Shelf(StrEnum):
    """A list of papers, and its name in addresses."""

    SAVED = "saved"
    MORE = "more"
    LESS = "less"
    IMPORTED = "imported"

    @property
    def act(self) -> Act:
        """Return what is taken back to remove a paper from it."""
        return {Shelf.SAVED: Act.SAVE, Shelf.LESS: Act.LESS}.get(self, Act.MORE)


_LIKED = Q(verdict=Verdict.LIKE)
_IMPORTED = Q(source=Source.IMPORT)
_ON = {
    Shelf.SAVED: Q(saved_at__isnull=False),
    Shelf.MORE: _LIKED & ~_IMPORTED,
    Shelf.LESS: Q(verdict=Verdict.DISLIKE),
    Shelf.IMPORTED: _LIKED & _IMPORTED,
}


def _counts(subscriber: int) -> QuerySet[PaperFeedback, Any]:
    on: dict[str, Q] = {str(name): each for name, each in _ON.items()} | {"liked": IS_LIKED}
    of_them = PaperFeedback.objects.filter(subscriber=subscriber).order_by().values("subscriber")
    counted = {f"number_{name}": Count("pk", filter=each) for name, each in on.items()}
    return of_them.annotate(**counted).values_list(*counted)


_COUNTS = Composed[PaperFeedback](_counts, sample=-1)


def shelf(subscriber: Subscriber, name: Shelf) -> QuerySet[PaperFeedback]:
    """Return the papers on it, the newest first."""
    newest = "-saved_at" if name is Shelf.SAVED else "-at"
    return PaperFeedback.objects.filter(_ON[name], subscriber=subscriber).order_by(newest, "-pk")


def counts(subscriber: Subscriber) -> dict[Shelf, int]:
    return counts_and_liked(subscriber)[0]


def counts_and_liked(subscriber: Subscriber) -> tuple[dict[Shelf, int], int]:
    """Return how many papers are on each list, and how many are liked or saved, each once."""
    [(*numbers, liked)] = _COUNTS.rows(subscriber.pk) or [(*[0] * len(Shelf), 0)]
    return dict(zip(_ON, numbers, strict=True)), liked


@dataclass(frozen=True, slots=True)
class Shelves:
    """All lists of a subscriber at a glance."""

    numbers: dict[Shelf, int]
    liked: int
    """How many papers are liked or saved, each once."""
    newest: dict[Shelf, list[PaperFeedback]]


def shelves(subscriber: Subscriber, *, most: int) -> Shelves:
    """Return how many papers are on each list, and the newest of them, with two statements for all."""
    is_on = [ExpressionWrapper(on, BooleanField()) for on in (*_ON.values(), IS_LIKED)]
    keys: dict[Shelf, list[tuple[datetime, int]]] = {name: [] for name in Shelf}
    liked = 0
    for key, saved_at, at, *marks, is_liked in subscriber.feedback.values_list(
        "pk", "saved_at", "at", *is_on
    ):
        liked += is_liked
        for name in compress(_ON, marks):
            keys[name].append((saved_at if name is Shelf.SAVED else at, key))
    newest = {name: [key for _, key in sorted(on, reverse=True)[:most]] for name, on in keys.items()}
    found = PaperFeedback.objects.in_bulk({key for on in newest.values() for key in on})
    return Shelves(
        numbers={name: len(on) for name, on in keys.items()},
        liked=liked,
        newest={name: [found[key] for key in on if key in found] for name, on in newest.items()},
    )


def kept_papers(subscriber: Subscriber, name: Shelf | None = None) -> list[PaperFeedback]:
    """Return the papers of a list, or what was saved, liked or imported; the newest first."""
    if name is not None:
        return list(shelf(subscriber, name))
    return [row for row in subscriber.feedback.order_by("-at", "-pk") if row.is_liked]


def present_papers(rows: Sequence[PaperFeedback]) -> list[PaperRecord]:
    """Return the papers as arXiv describes them now where we have them, else as they were kept."""
    ids = [row.arxiv_id for row in rows]
    known: dict[str, PaperRecord] = {}
    for start in range(0, len(ids), CHUNK):
        found = Paper.objects.filter(arxiv_id__in=ids[start : start + CHUNK])
        known |= {paper.arxiv_id: paper.record for paper in found}
    return [known.get(row.arxiv_id) or row.record for row in rows]


def describe_taste(subscriber: Subscriber, *, now: datetime) -> dict[str, Any]:
    """Return all that is known of a subscriber's taste, as a JSON value."""
    slugs = dict(Topic.objects.filter(subscriptions__subscriber=subscriber).values_list("pk", "slug"))
    return {
        "exported_at": now.isoformat(),
        **{name: getattr(subscriber, name) for name in SWITCHES},
        "papers": [_paper(row, slugs=slugs) for row in subscriber.feedback.order_by("at", "pk")],
        "authors": list(subscriber.followed_authors.order_by("name_key").values_list("name", flat=True)),
        "words": [_profile(each) for each in profile_words(subscriber)],
        "muted": sorted(subscriber.muted_terms.values()),
    }


def _paper(row: PaperFeedback, *, slugs: dict[int, str]) -> dict[str, Any]:
    return {
        "arxiv_id": row.arxiv_id,
        "version": row.version,
        "title": row.title,
        "verdict": row.verdict or None,
        "saved_at": row.saved_at.isoformat() if row.saved_at else None,
        "source": row.source,
        "topics": [slugs[topic] for topic in row.topics if topic in slugs],
        "at": row.at.isoformat(),
        "note": row.note,
    }


def _profile(words: ProfileWords) -> dict[str, Any]:
    return {
        "topic": words.topic.slug if words.topic else None,
        "lifts": [word.surface for word in words.lifts],
        "lowers": [word.surface for word in words.lowers],
    }
