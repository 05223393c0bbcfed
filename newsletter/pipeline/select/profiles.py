"""Learn what subscribers like: one profile for each topic with likes, and one for all of them.

A profile is learned from the kept texts of papers whenever an act or a new snapshot has made it outdated, for
a batch of subscribers at once. Nothing is learned of those who have switched it off.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from newsletter.adapters.infra.taste_matrix import VectorMatrix, scales, scores
from newsletter.core.taste.near import own_bar
from newsletter.core.taste.profiles import Examples, Liked, Profile, blend, learn
from newsletter.core.taste.vectors import Vector, combined, pack, strongest, unpack
from newsletter.models import PaperFeedback, Subscriber, TasteProfile
from newsletter.models.taste import Source, Verdict
from newsletter.pipeline.select.snapshots import Current, current_snapshot, drop_old_snapshots
from newsletter.pipeline.select.vectors import background_sample, topic_means

BATCH = 500
MOST_EXEMPLARS, EXEMPLAR_TERMS = 30, 40
"""Papers that a why line may name, and how much of each is kept with the profile."""


@dataclass(frozen=True, slots=True)
class Exemplar:
    """A paper that a subscriber kept, or disliked, as its profile keeps it."""

    arxiv_id: str
    vector: Vector
    is_disliked: bool
    may_be_named: bool


def learn_outdated(subscribers: Iterable[Subscriber], *, now: datetime) -> None:
    """Learn the profiles of these subscribers anew where an act or a snapshot has made them outdated."""
    current = current_snapshot()
    with_taste = {each.pk: each for each in subscribers if each.taste_version and each.learns}
    known = TasteProfile.objects.filter(subscriber__in=with_taste, topic=None, snapshot_id=current.pk)
    versions = dict(known.values_list("subscriber_id", "taste_version"))
    outdated = [each for pk, each in with_taste.items() if versions.get(pk) != each.taste_version]
    if outdated:
        _learn(outdated, current=current, now=now)


def carry_over(*, now: datetime) -> int:
    """Learn up to 500 subscribers' profiles with a new snapshot; return how many. Old snapshots then go."""
    current = current_snapshot()
    old = TasteProfile.objects.filter(topic=None).exclude(snapshot_id=current.pk)
    batch = Subscriber.objects.filter(
        pk__in=old.order_by("pk").values_list("subscriber_id", flat=True)[:BATCH]
    )
    subscribers = list(batch.prefetch_related("subscriptions"))
    TasteProfile.objects.filter(subscriber__in=[each for each in subscribers if not each.learns]).delete()
    learn_outdated(subscribers, now=now)
    drop_old_snapshots()
    return len(subscribers)


def _learn(subscribers: Sequence[Subscriber], *, current: Current, now: datetime) -> None:
    feedback = defaultdict[int, list[PaperFeedback]](list)
    for row in PaperFeedback.objects.filter(subscriber__in=list(subscribers)).order_by("-at", "pk"):
        feedback[row.subscriber_id].append(row)
    topic_ids = {each.topic_id for subscriber in subscribers for each in subscriber.subscriptions.all()}
    means: dict[int, Vector] = {
        pk: unpack(terms) for pk, terms in topic_means(topic_ids, current=current, now=now).items()
    }
    learned = [
        row
        for each in subscribers
        for row in _profiles_of(each, feedback[each.pk], means=means, current=current)
    ]
    _measure(learned, against=background_sample(current=current, now=now))
    with transaction.atomic():
        TasteProfile.objects.filter(subscriber__in=subscribers).delete()
        TasteProfile.objects.bulk_create(learned, ignore_conflicts=True, batch_size=BATCH)


def _profiles_of(
    subscriber: Subscriber,
    rows: Sequence[PaperFeedback],
    *,
    means: dict[int, Vector],
    current: Current,
) -> list[TasteProfile]:
    vectors: dict[int, Vector] = {row.pk: current.snapshot.vector(row.title, row.abstract) for row in rows}
    topics = [each.topic_id for each in subscriber.subscriptions.all() if each.topic_id in means]

    def examples(topic: int | None) -> Examples:
        """Return what counts for a topic, or for all of them."""
        counting = [row for row in rows if topic is None or topic in row.topics]
        return Examples(
            likes=tuple(Liked(row.pk, vectors[row.pk], row.at) for row in counting if row.is_liked),
            dislikes=tuple(
                Liked(row.pk, vectors[row.pk], row.at) for row in counting if row.verdict == Verdict.DISLIKE
            ),
            background=means[topic] if topic else combined((1 / len(topics), means[each]) for each in topics),
        )

    numbers = current.snapshot.numbers
    muted = {numbers[key] for key in subscriber.muted_terms if key in numbers}
    everything = examples(None)
    whole = learn(everything)
    found = [_row(subscriber, whole, topic=None, muted=muted, current=current)]
    found[0].near_threshold = own_bar(Examples(likes=()), everything)
    found[0].exemplars = _exemplars(rows, vectors, names_imports=subscriber.names_imports)
    for topic in topics:
        own = examples(topic)
        if own.likes:
            row = _row(subscriber, blend(learn(own), whole), topic=topic, muted=muted, current=current)
            row.likes, row.near_threshold = len(own.likes), own_bar(own, everything)
            found.append(row)
    return found


def _row(
    subscriber: Subscriber, profile: Profile, *, topic: int | None, muted: Collection[int], current: Current
) -> TasteProfile:
    return TasteProfile(
        subscriber=subscriber,
        topic_id=topic,
        snapshot_id=current.pk,
        taste_version=subscriber.taste_version,
        likes=profile.likes,
        terms=pack({term: weight for term, weight in profile.vector.items() if term not in muted}),
    )


def _measure(rows: Sequence[TasteProfile], *, against: VectorMatrix) -> None:
    """Set mean and deviation of each profile's scores over the papers of eight weeks."""
    if not len(against):
        return
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        measured = scales(scores(VectorMatrix.of([bytes(row.terms) for row in batch]), against))
        for row, scale in zip(batch, measured, strict=True):
            row.mean, row.deviation = scale.mean, scale.deviation


# --- exemplars: what a profile keeps of single papers -----------------------------------------------------


def _exemplars(
    rows: Sequence[PaperFeedback], vectors: dict[int, Vector], *, names_imports: bool
) -> list[list[Any]]:
    """Return the last papers kept or disliked, each with its strongest terms."""
    judged = [row for row in rows if row.is_liked or row.verdict == Verdict.DISLIKE]
    return [
        [
            row.arxiv_id,
            b64encode(pack(strongest(vectors[row.pk], EXEMPLAR_TERMS))).decode(),
            row.verdict == Verdict.DISLIKE,
            names_imports or row.source != Source.IMPORT,
        ]
        for row in judged[:MOST_EXEMPLARS]
    ]


def exemplars_of(profile: TasteProfile) -> list[Exemplar]:
    return [
        Exemplar(arxiv_id, unpack(b64decode(packed)), is_disliked, may_be_named)
        for arxiv_id, packed, is_disliked, may_be_named in profile.exemplars
    ]
