"""Learn what subscribers like: one profile for each topic with likes, and one for all of them.

A profile is learned from the kept texts of the papers, whenever an act or a new snapshot has made it outdated,
for a batch of subscribers at once. Nothing is learned of those who have switched it off.
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
from newsletter.core.taste.profiles import Liked, Profile, blend, learn
from newsletter.core.taste.vectors import Vector, mean, pack, strongest, unpack
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
    batch = Subscriber.objects.filter(pk__in=old.order_by("pk").values_list("subscriber_id", flat=True)[:BATCH])
    subscribers = list(batch.prefetch_related("subscriptions"))
    TasteProfile.objects.filter(subscriber__in=[each for each in subscribers if not each.learns]).delete()
    learn_outdated(subscribers, now=now)
    drop_old_snapshots()
    return len(subscribers)


def _learn(subscribers: Sequence[Subscriber], *, current: Current, now: datetime) -> None:
    feedback = defaultdict[int, list[PaperFeedback]](list)
    for row in PaperFeedback.objects.filter(subscriber__in=subscribers).order_by("-at", "pk"):
        feedback[row.subscriber_id].append(row)
    topic_ids = {each.topic_id for subscriber in subscribers for each in subscriber.subscriptions.all()}
    means = {pk: unpack(terms) for pk, terms in topic_means(topic_ids, current=current, now=now).items()}
    learned = [
        row
        for each in subscribers
        for row in _profiles_of(each, feedback[each.pk], means=means, current=current, now=now)
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
    now: datetime,
) -> list[TasteProfile]:
    vectors = {row.arxiv_id: current.snapshot.vector(row.title, row.abstract) for row in rows}
    muted = {current.snapshot.numbers[key] for key in subscriber.muted_terms if key in current.snapshot.numbers}
    topics = [each.topic_id for each in subscriber.subscriptions.all() if each.topic_id in means]
    background = mean((means[topic], 1.0) for topic in topics)
    liked = [row for row in rows if row.is_liked]
    disliked = [row for row in rows if row.verdict == Verdict.DISLIKE]

    def learned(likes: Collection[PaperFeedback], dislikes: Collection[PaperFeedback], mean_of: Vector) -> Profile:
        profile = learn(
            [Liked(vectors[row.arxiv_id], row.at) for row in likes],
            dislikes=[Liked(vectors[row.arxiv_id], row.at) for row in dislikes],
            background=mean_of,
            now=now,
        )
        kept = {term: weight for term, weight in profile.vector.items() if term not in muted}
        return Profile(kept, profile.likes)

    whole = learned(liked, disliked, background)
    bar = own_bar(
        [Liked(vectors[row.arxiv_id], row.at) for row in liked],
        dislikes=[Liked(vectors[row.arxiv_id], row.at) for row in disliked],
        background=background,
        now=now,
    )
    row = _row(subscriber, whole, topic=None, current=current)
    row.near_threshold, row.exemplars = bar, _exemplars(rows, vectors, names_imports=subscriber.names_imports)
    found = [row]
    for topic in topics:
        own = [row for row in liked if topic in row.topics]
        if own:
            others = [row for row in disliked if topic in row.topics]
            both = blend(learned(own, others, means[topic]), whole)
            found.append(_row(subscriber, Profile(both.vector, len(own)), topic=topic, current=current))
    return found


def _row(subscriber: Subscriber, profile: Profile, *, topic: int | None, current: Current) -> TasteProfile:
    return TasteProfile(
        subscriber=subscriber,
        topic_id=topic,
        snapshot_id=current.pk,
        taste_version=subscriber.taste_version,
        likes=profile.likes,
        terms=pack(profile.vector),
    )


def _measure(rows: Sequence[TasteProfile], *, against: VectorMatrix) -> None:
    """Set mean and deviation of each profile's scores over the papers of eight weeks."""
    if not len(against):
        return
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        measured = scales(scores(VectorMatrix.of([row.terms for row in batch]), against))
        for row, scale in zip(batch, measured, strict=True):
            row.mean, row.deviation = scale.mean, scale.deviation


# --- exemplars: what a profile keeps of single papers -----------------------------------------------------


def _exemplars(
    rows: Sequence[PaperFeedback], vectors: dict[str, Vector], *, names_imports: bool
) -> list[list[Any]]:
    """Return the last papers kept or disliked, each with its strongest terms."""
    judged = [row for row in rows if row.is_liked or row.verdict == Verdict.DISLIKE]
    return [
        [
            row.arxiv_id,
            b64encode(pack(strongest(vectors[row.arxiv_id], EXEMPLAR_TERMS))).decode(),
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
