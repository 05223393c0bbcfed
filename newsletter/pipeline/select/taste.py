"""Order candidates by what their subscriber likes, and find papers near the topics.

Everything is done for a batch: one sparse product gives the score of every profile for every paper. A subscriber
of whom nothing is known gets the most typical papers of each topic, an order that is computed once for all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from pyroaring import BitMap

from newsletter.adapters.infra.taste_clusters import ColdPaper, cold_order
from newsletter.adapters.infra.taste_matrix import VectorMatrix, scores, week_bars
from newsletter.core.digests.selection import (
    MOST_OF_FOLLOWED,
    Candidate,
    Place,
    Selected,
    Selection,
    Why,
    WhyCode,
)
from newsletter.core.taste.authors import AuthorMatch, Followed, match_author, name_key
from newsletter.core.taste.near import passes
from newsletter.core.taste.profiles import Scale, is_near_copy, z
from newsletter.core.taste.reasons import why
from newsletter.core.taste.vectors import Vector, unpack
from newsletter.models import FollowedAuthor, Paper, Subscriber, TasteProfile
from newsletter.pipeline.select.candidates import CandidatePool, Offer
from newsletter.pipeline.select.profiles import Exemplar, exemplars_of
from newsletter.pipeline.select.snapshots import current_snapshot
from newsletter.pipeline.select.vectors import paper_vectors

MOST_NEAR = 2
_FOLLOWED = 10.0
"""Added to the score of a followed author's paper: no cosine is as high."""
_DISLIKED = -10.0


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one subscriber."""

    whole: TasteProfile | None = None
    by_topic: Mapping[int, TasteProfile] = field(default_factory=dict)
    exemplars: tuple[Exemplar, ...] = ()
    follows: tuple[FollowedAuthor, ...] = ()

    @property
    def profile(self) -> TasteProfile | None:
        """The profile to order by, if anything was liked."""
        return self.whole if self.whole and self.whole.likes else None

    def for_topic(self, topic: int) -> TasteProfile | None:
        return self.by_topic.get(topic, self.profile)


NOTHING = Known()


class Taste:
    """What the subscribers of one batch like, applied to the papers of a pool."""

    def __init__(self, subscribers: Iterable[Subscriber], *, pool: CandidatePool) -> None:
        self._pool = pool
        self._current = current_snapshot()
        self._known = _known([each for each in subscribers if each.learns], snapshot=self._current.pk)
        self._cold: dict[object, list[Candidate]] = {}
        self._vectors: dict[int, Vector] = {}

    def of(self, subscriber: Subscriber) -> Known:
        return self._known.get(subscriber.pk, NOTHING)

    # --- the order within a topic, and between topics -----------------------------------------------------

    def ordered(
        self, known: Known, offer: Offer, *, seen_papers: BitMap, places: int
    ) -> tuple[list[Candidate], float]:
        """Return what this subscription offers with its scores, and how good its best is (0: nobody knows)."""
        topic = offer.subscription.topic_id
        profile = known.for_topic(topic)
        if profile is None:
            cold = self._cold_order(offer, places=places)
            found = [each for each in cold if each.paper_id not in seen_papers]
            return self._with_judgements(known, found), 0.0
        row = self._scores[self._rows[profile.pk]]
        found = [
            replace(each, score=round(float(row[self._columns[each.paper_id]]), 4))
            for each in self._pool.candidates(offer, seen_papers=seen_papers)
        ]
        best = max((each.score for each in found), default=0.0)
        lead = z(best, Scale(profile.mean, profile.deviation), profile.likes) if found else 0.0
        return self._with_judgements(known, found), lead

    def _cold_order(self, offer: Offer, *, places: int) -> list[Candidate]:
        key = self._pool.key(offer), places
        if key not in self._cold:
            candidates = {each.paper_id: each for each in self._pool.candidates(offer, seen_papers=BitMap())}
            papers = [
                ColdPaper(pk, each.published_at.date(), each.published_at, self._vector(pk))
                for pk, each in candidates.items()
            ]
            self._cold[key] = [
                replace(candidates[each.paper_id], score=each.score, why=self._group(each))
                for each in cold_order(papers, places=places)
            ]
        return self._cold[key]

    def _group(self, place: Any) -> Why:
        terms = tuple(self._current.snapshot.surface(term) for term in place.terms)
        is_typical = place.cluster_size > 1 and terms
        return Why(WhyCode.GROUP, terms=terms, number=place.cluster_size) if is_typical else Why()

    def _with_judgements(self, known: Known, candidates: list[Candidate]) -> list[Candidate]:
        """Put followed authors' papers first, and near copies of disliked ones last."""
        disliked = [each.vector for each in known.exemplars if each.is_disliked]
        is_order_learned = known.profile is not None
        if not known.follows and (is_order_learned or not disliked):
            return candidates
        followed = self._followed(known)
        return [
            replace(each, score=each.score + _FOLLOWED, why=Why(WhyCode.FOLLOWS, author=followed[each.paper_id]))
            if each.paper_id in followed
            else replace(each, score=each.score + _DISLIKED)
            if not is_order_learned and disliked and is_near_copy(self._vector(each.paper_id), disliked)
            else each
            for each in candidates
        ]

    # --- why, near ------------------------------------------------------------------------------------------

    def with_reasons(self, known: Known, selection: Selection) -> Selection:
        """Return it with why each summarized or near paper was chosen, where likes say so."""
        if known.profile is None:
            return selection
        papers = [
            replace(each, why=self._why(known, each))
            if each.place in (Place.SUMMARIZED, Place.NEAR) and each.why == Why()
            else each
            for each in selection.papers
        ]
        return replace(selection, papers=tuple(papers))

    def _why(self, known: Known, paper: Selected) -> Why:
        profile = known.for_topic(paper.topic)
        named = {each.arxiv_id: each.vector for each in known.exemplars if not each.is_disliked}
        if profile is None or not named:
            return Why()
        found = why(
            self._vector(paper.paper_id), profile=unpack(bytes(profile.terms)), likes=named,
            snapshot=self._current.snapshot,
        )
        may_be_named = {each.arxiv_id for each in known.exemplars if each.may_be_named}
        papers = tuple(each for each in found.papers if each in may_be_named)
        return Why(WhyCode.KEPT, papers=papers, terms=found.terms) if found.terms else Why()

    def near(
        self, known: Known, offers: Sequence[Offer], *, taken: BitMap, seen_papers: BitMap
    ) -> list[Selected]:
        """Return at most two papers, one a topic, that no query named and that are close to what is kept.

        ``taken``: papers that matched. Papers of followed authors come first.
        """
        found: list[Selected] = []
        topics = [offer.subscription.topic_id for offer in offers]
        unmatched = self._pool.in_period(offers) - taken - seen_papers
        followed = self._followed(known)
        for paper_id in sorted(unmatched & BitMap(followed)):
            free = [topic for topic in topics if topic not in {each.topic for each in found}]
            if free and len(found) < MOST_NEAR:
                reason = Why(WhyCode.FOLLOWS, author=followed[paper_id])
                found.append(Selected(paper_id, free[0], len(found), None, place=Place.NEAR, why=reason))
        whole = known.profile
        if whole is None or whole.near_threshold is None:
            return found
        row = self._scores[self._rows[whole.pk]]
        bar = self._bars[self._rows[whole.pk]]
        good = [
            (float(row[self._columns[pk]]), pk)
            for pk in self._above(row, max(bar, whole.near_threshold))
            if pk in unmatched and passes(float(row[self._columns[pk]]), own_bar=whole.near_threshold, week_bar=float(bar))
        ]
        disliked = [each.vector for each in known.exemplars if each.is_disliked]
        for score, pk in sorted(good, key=lambda each: (-each[0], each[1])):
            free = [topic for topic in topics if topic not in {each.topic for each in found}]
            if not free or len(found) == MOST_NEAR:
                break
            if pk in followed or (disliked and is_near_copy(self._vector(pk), disliked)):
                continue
            topic = max(free, key=lambda each: self._score(known, each, pk))
            found.append(Selected(pk, topic, len(found), round(score, 4), place=Place.NEAR))
        return found

    def _above(self, row: Any, bar: float) -> list[int]:
        return [self._paper_ids[column] for column in np.flatnonzero(row >= bar)]

    def _score(self, known: Known, topic: int, paper_id: int) -> float:
        profile = known.for_topic(topic)
        return float(self._scores[self._rows[profile.pk]][self._columns[paper_id]]) if profile else 0.0

    # --- computed once a batch ------------------------------------------------------------------------------

    @cached_property
    def _packed(self) -> dict[int, bytes]:
        return paper_vectors(self._pool.versions, current=self._current)

    @cached_property
    def _paper_ids(self) -> list[int]:
        return sorted(self._packed)

    @cached_property
    def _columns(self) -> dict[int, int]:
        return {paper_id: column for column, paper_id in enumerate(self._paper_ids)}

    @cached_property
    def _profiles(self) -> list[TasteProfile]:
        everyone = self._known.values()
        wholes = [known.whole for known in everyone if known.whole and known.whole.likes]
        return wholes + [each for known in everyone for each in known.by_topic.values()]

    @cached_property
    def _rows(self) -> dict[int, int]:
        return {profile.pk: row for row, profile in enumerate(self._profiles)}

    @cached_property
    def _scores(self) -> Any:
        """Cosines, float32: a row a profile, a column a paper of the pool."""
        papers = VectorMatrix.of([self._packed[paper_id] for paper_id in self._paper_ids])
        return scores(VectorMatrix.of([bytes(profile.terms) for profile in self._profiles]), papers)

    @cached_property
    def _bars(self) -> Any:
        return week_bars(self._scores)

    def _vector(self, paper_id: int) -> Vector:
        if paper_id not in self._vectors:
            self._vectors[paper_id] = unpack(self._packed[paper_id])
        return self._vectors[paper_id]

    # --- followed authors -----------------------------------------------------------------------------------

    def _followed(self, known: Known) -> dict[int, str]:
        """Return papers of the authors that are followed, with the name as printed; at most five."""
        found: dict[int, str] = {}
        for author in known.follows:
            for paper_id, names, categories in self._by_name.get(name_key(author.name), ()):
                match = match_author(Followed(author.name), authors=names, categories=categories)
                if match is not None and len(found) < MOST_OF_FOLLOWED:
                    found.setdefault(paper_id, author.name)
        return found

    @cached_property
    def _by_name(self) -> Mapping[str, list[tuple[int, Sequence[str], Sequence[str]]]]:
        names: defaultdict[str, list[tuple[int, Sequence[str], Sequence[str]]]] = defaultdict(list)
        if any(known.follows for known in self._known.values()):
            rows = Paper.objects.filter(pk__in=self._paper_ids).values_list("pk", "authors", "categories")
            for paper_id, authors, categories in rows:
                for key in {name_key(author) for author in authors}:
                    names[key].append((paper_id, authors, categories))
        return names


def _known(subscribers: Sequence[Subscriber], *, snapshot: int) -> dict[int, Known]:
    """Load what is known of these subscribers; one of whom nothing is known is left out."""
    ids = [each.pk for each in subscribers if each.taste_version]
    profiles: defaultdict[int, dict[int | None, TasteProfile]] = defaultdict(dict)
    for row in TasteProfile.objects.filter(subscriber__in=ids, snapshot_id=snapshot):
        profiles[row.subscriber_id][row.topic_id] = row
    follows: defaultdict[int, list[FollowedAuthor]] = defaultdict(list)
    for author in FollowedAuthor.objects.filter(subscriber__in=ids).order_by("pk"):
        follows[author.subscriber_id].append(author)
    return {
        pk: Known(
            whole=profiles[pk].get(None),
            by_topic={topic: row for topic, row in profiles[pk].items() if topic is not None},
            exemplars=tuple(exemplars_of(profiles[pk][None])) if None in profiles[pk] else (),
            follows=tuple(follows[pk]),
        )
        for pk in ids
        if pk in profiles or pk in follows
    }
