"""Learn what subscribers like: one profile for each topic with likes, and one for all of them.

A profile is learned from the kept texts of papers whenever an act or a new snapshot has made it outdated, for
a batch of subscribers at once. Nothing is learned of those who have switched it off.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, cached_property, lru_cache
from typing import Any

from django.db import transaction

from newsletter.adapters.infra.taste_bars import own_bar
from newsletter.adapters.infra.taste_matrix import VectorMatrix, most_alike, scales, scores
from newsletter.core.taste.profiles import Examples, Liked, Profile, blend, learn
from newsletter.core.taste.vectors import Vector, pack, strongest, unpack
from newsletter.models import PaperFeedback, Subscriber, TasteProfile
from newsletter.models.taste import Source, Verdict
from newsletter.pipeline.select.snapshots import Current, current_snapshot, drop_old_snapshots
from newsletter.pipeline.select.vectors import RecentPapers, VectorsOfWeeks

BATCH = 500
LEARNED_TOGETHER = 50
"""Subscribers whose profiles are learned and stored at once: 25 ms each, and a time limit loses none."""
MOST_EXEMPLARS, EXEMPLAR_TERMS = 30, 40
"""Papers that a why line may name, and how much of each is kept with the profile."""


@dataclass(frozen=True, slots=True)
class Exemplar:
    """A paper that a subscriber kept, or disliked, as its profile keeps it."""

    arxiv_id: str
    packed: bytes
    is_disliked: bool
    may_be_named: bool
    categories: tuple[str, ...]

    @property
    def vector(self) -> Vector:
        return _unpacked(self.packed)


@lru_cache(maxsize=5_000)
def _unpacked(packed: bytes) -> Vector:
    return unpack(packed)


def learn_outdated(subscribers: Iterable[Subscriber], *, now: datetime) -> None:
    """Learn the profiles of these subscribers anew where an act or a snapshot has made them outdated."""
    current = current_snapshot()
    with_taste = {each.pk: each for each in subscribers if each.taste_version and each.learns}
    known = TasteProfile.objects.filter(subscriber__in=with_taste, topic=None, snapshot_id=current.pk)
    versions = dict(known.values_list("subscriber_id", "taste_version"))
    outdated = [each for pk, each in with_taste.items() if versions.get(pk) != each.taste_version]
    for start in range(0, len(outdated), LEARNED_TOGETHER):
        _learn(outdated[start : start + LEARNED_TOGETHER], current=current, now=now)


def carry_over(*, now: datetime) -> int:
    """Learn up to 50 subscribers' profiles with a new snapshot; return how many. Old snapshots then go."""
    current = current_snapshot()
    old = TasteProfile.objects.filter(topic=None).exclude(snapshot_id=current.pk)
    batch = Subscriber.objects.filter(
        pk__in=old.order_by("pk").values_list("subscriber_id", flat=True)[:LEARNED_TOGETHER]
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

    weeks = VectorsOfWeeks(current=current, now=now)
    papers_of = cache(weeks.of_topics)
    learners = [_Learner(each, feedback[each.pk], current, papers_of) for each in subscribers]
    learned = [row for learner in learners for row in learner.profiles()]
    _measure(learned, against=weeks.sample())
    with transaction.atomic():
        TasteProfile.objects.filter(subscriber__in=subscribers).delete()
        TasteProfile.objects.bulk_create(learned, ignore_conflicts=True, batch_size=BATCH)


@dataclass(frozen=True)
class _Learner:
    """Learns what one subscriber likes."""

    subscriber: Subscriber
    rows: Sequence[PaperFeedback]
    current: Current
    papers_of: Callable[[frozenset[int]], RecentPapers]

    def profiles(self) -> Iterator[TasteProfile]:
        topics = [each.topic_id for each in self.subscriber.subscriptions.all()]
        everything = self._examples(self.rows, among=frozenset(topics))
        whole = self._learned(everything)
        row = self._row(whole, topic=None)
        row.near_threshold = own_bar(Examples(likes=()), everything, snapshot=self.current.snapshot)
        row.exemplars = _exemplars(self.rows, self._vectors, names_imports=self.subscriber.names_imports)
        yield row
        for topic in topics:
            own = self._examples([row for row in self.rows if topic in row.topics], among=frozenset({topic}))
            if own.likes:
                row = self._row(blend(self._learned(own), whole), topic=topic)
                row.likes = len(own.likes)
                row.near_threshold = own_bar(own, everything, snapshot=self.current.snapshot)
                yield row

    @cached_property
    def _vectors(self) -> Mapping[int, Vector]:
        return {row.pk: self.current.snapshot.vector(row.title, row.abstract) for row in self.rows}

    def _examples(self, rows: Sequence[PaperFeedback], *, among: frozenset[int]) -> Examples:
        """Return these papers as examples, with those of the topics ``among`` that are most like them."""
        likes = [row for row in rows if row.is_liked]
        dislikes = [row for row in rows if row.verdict == Verdict.DISLIKE]
        alone = Examples(likes=tuple(map(self._liked, likes)), dislikes=tuple(map(self._liked, dislikes)))
        papers = self.papers_of(among)
        apart = {papers.rows[row.arxiv_id] for row in (*likes, *dislikes) if row.arxiv_id in papers.rows}
        alike = most_alike(self._learned(alone), papers.matrix, apart=apart) if likes else []
        return replace(alone, alike=tuple(unpack(papers.packed[row]) for row in alike))

    def _liked(self, row: PaperFeedback) -> Liked:
        return Liked(row.pk, self._vectors[row.pk], row.at)

    def _learned(self, examples: Examples) -> Profile:
        return learn(examples, snapshot=self.current.snapshot)

    def _row(self, profile: Profile, *, topic: int | None) -> TasteProfile:
        numbers = self.current.snapshot.numbers
        muted = {numbers[key] for key in self.subscriber.muted_terms if key in numbers}
        return TasteProfile(
            subscriber=self.subscriber,
            topic_id=topic,
            snapshot_id=self.current.pk,
            taste_version=self.subscriber.taste_version,
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
    rows: Sequence[PaperFeedback], vectors: Mapping[int, Vector], *, names_imports: bool
) -> list[list[Any]]:
    """Return the last papers kept or disliked, each with its strongest terms."""
    judged = [row for row in rows if row.is_liked or row.verdict == Verdict.DISLIKE]
    return [
        [
            row.arxiv_id,
            b64encode(pack(strongest(vectors[row.pk], EXEMPLAR_TERMS))).decode(),
            row.verdict == Verdict.DISLIKE,
            names_imports or row.source != Source.IMPORT,
            *row.categories,
        ]
        for row in judged[:MOST_EXEMPLARS]
    ]


def exemplars_of(profile: TasteProfile) -> list[Exemplar]:
    return [
        Exemplar(arxiv_id, b64decode(packed), is_disliked, may_be_named, tuple(categories))
        for arxiv_id, packed, is_disliked, may_be_named, *categories in profile.exemplars
    ]
