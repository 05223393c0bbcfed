"""Order candidates by what their subscriber likes, and find papers near the topics.

Everything is done for a batch: one sparse product gives the score of every profile for every paper. Those of
whom nothing is known get the most typical papers of each topic first, an order computed once for all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from pyroaring import BitMap

from newsletter.adapters.infra.taste_matrix import Scores, VectorMatrix, scores, week_bars
from newsletter.core.digests.selection import (
    MOST_OF_FOLLOWED,
    NO_REASON,
    Candidate,
    Place,
    Ranking,
    Selected,
    Selection,
    Why,
    WhyCode,
)
from newsletter.core.taste.authors import AuthorMatch, Byline, known_from, match_author, tell_apart
from newsletter.core.taste.names import family_keys
from newsletter.core.taste.near import MOST_NEAR, is_close, is_near
from newsletter.core.taste.profiles import Scale, is_near_copy, z
from newsletter.core.taste.reasons import Kept, why
from newsletter.core.taste.vectors import Vector, unpack
from newsletter.core.taste.wording import Text
from newsletter.models import FollowedAuthor, Paper, PaperFeedback, Subscriber, TasteProfile
from newsletter.models.taste import IS_LIKED
from newsletter.pipeline.select.candidates import Offered
from newsletter.pipeline.select.paper_space import PaperSpace
from newsletter.pipeline.select.profiles import Exemplar, exemplars_of

MOST_TEXTS = 10_000
"""Kept papers whose texts stay in memory from batch to batch: 30 MB."""
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
    muted: tuple[str, ...] = ()

    @property
    def kept(self) -> list[Exemplar]:
        return [each for each in self.exemplars if not each.is_disliked]

    @property
    def profile(self) -> TasteProfile | None:
        """The profile to order by, if anything was liked."""
        return self.whole if self.whole and self.whole.likes else None

    def for_topic(self, topic: int) -> TasteProfile | None:
        return self.by_topic.get(topic, self.profile)


NOTHING = Known()


def _wants_reason(paper: Selected) -> bool:
    return paper.place in (Place.SUMMARIZED, Place.NEAR) and paper.why is NO_REASON


class Taste:
    """What the subscribers of one batch like, applied to the papers of a pass."""

    def __init__(self, batch: Sequence[tuple[Subscriber, Sequence[Offered]]], *, space: PaperSpace) -> None:
        self._space = space
        self._known = _known([each for each, _ in batch if each.learns], snapshot=space.snapshot_pk)
        used = (self.of(each).for_topic(offered.topic.pk) for each, group in batch for offered in group)
        self._profiles = list({profile.pk: profile for profile in used if profile}.values())
        self._kept_of: dict[int, dict[bool, dict[int, Kept]]] = {}
        self._unpacked: dict[int, Vector] = {}
        self._followed_by: dict[int, dict[int, Why]] = {}

    def of(self, subscriber: Subscriber) -> Known:
        return self._known.get(subscriber.pk, NOTHING)

    # --- the order within a topic, and between topics -----------------------------------------------------

    def ranked(
        self, known: Known, offered: Offered, *, seen_papers: BitMap, places: int
    ) -> tuple[Ranking, float]:
        """Return what is offered, best first, and how good its best is (0: nobody knows)."""
        profile = known.for_topic(offered.topic.pk)
        if profile is None:
            cold = self._space.typical_first(offered, places=places).without(seen_papers)
            return self._with_judgements(known, cold), 0.0
        ranking = self._by_profile(profile, offered).without(seen_papers)
        scale = Scale(mean=profile.mean, deviation=profile.deviation)
        lead = z(ranking.scores[0], scale=scale, likes=round(profile.likes)) if ranking.scores else 0.0
        return self._with_judgements(known, ranking), lead

    def _by_profile(self, profile: TasteProfile, offered: Offered) -> Ranking:
        columns = self._space.columns_of(offered)
        # Exact in double precision, so that the scores are those of ``round(score, 4)``.
        scored = np.rint(self._scores[self._rows[profile.pk]][columns].astype(np.float64) * 10_000) / 10_000
        order = np.argsort(-scored, kind="stable")  # of equal ones the newest, which comes first
        return Ranking(
            offered.topic.pk,
            order=[self._space.paper_ids[column] for column in columns[order]],
            scores=scored[order].tolist(),
            papers=offered.papers,
        )

    def _with_judgements(self, known: Known, ranking: Ranking) -> Ranking:
        """Put followed authors' papers first, and near copies of disliked ones last."""
        disliked = [] if known.profile else [each.vector for each in known.exemplars if each.is_disliked]
        if not known.follows and not disliked:
            return ranking
        followed, dates = self._followed(known), self._space.pool.dates
        candidates = []
        for paper_id, score in zip(ranking.order, ranking.scores, strict=True):
            why_first = ranking.whys.get(paper_id, NO_REASON)
            if paper_id in followed:
                score, why_first = score + _FOLLOWED, followed[paper_id]
            elif is_near_copy(self._space.vector(paper_id), disliked):
                score += _DISLIKED
            published_at = dates[paper_id].published_at
            candidates.append(Candidate(paper_id, ranking.topic, score, published_at, why_first))
        return Ranking.of(ranking.topic, candidates)

    # --- why, near ------------------------------------------------------------------------------------------

    def with_reasons(self, chosen: Sequence[tuple[Known, Selection]]) -> list[Selection]:
        """Return these with why each summarized or near paper was chosen, where likes say so."""
        learned = [selection for known, selection in chosen if known.profile]
        asked = {each.paper_id for selection in learned for each in selection.papers if _wants_reason(each)}
        self._space.read_told(asked)
        return [
            replace(
                selection,
                papers=tuple(
                    replace(each, why=self._why(known, each)) if _wants_reason(each) else each
                    for each in selection.papers
                ),
            )
            if known.profile
            else selection
            for known, selection in chosen
        ]

    def _why(self, known: Known, paper: Selected) -> Why:
        """Name the kept paper that shows why; one that may not be named only where no other does."""
        profile = known.for_topic(paper.topic)
        if profile is None:
            return NO_REASON
        for may_be_named, kept in self._kept_by(known, profile.subscriber_id).items():
            found = why(
                self._space.told(paper.paper_id),
                profile=self._vector_of(profile),
                kept=kept,
                commonness=self._space.commonness(paper.topic),
                muted=known.muted,
            )
            if found:
                named = (known.exemplars[found.paper].arxiv_id,) if may_be_named else ()
                return Why(WhyCode.KEPT, papers=named, terms=found.terms)
        return NO_REASON

    def _kept_by(self, known: Known, subscriber: int) -> dict[bool, dict[int, Kept]]:
        """Return the exemplars by their numbers: those that may be named, and the others."""
        if subscriber not in self._kept_of:
            found: dict[bool, dict[int, Kept]] = {True: {}, False: {}}
            for number, each in enumerate(known.exemplars):
                text = self._kept_texts.get((subscriber, each.arxiv_id))
                if text and not each.is_disliked:
                    found[each.may_be_named][number] = Kept(each.vector, text)
            self._kept_of[subscriber] = found
        return self._kept_of[subscriber]

    def _vector_of(self, profile: TasteProfile) -> Vector:
        if profile.pk not in self._unpacked:
            self._unpacked[profile.pk] = unpack(bytes(profile.terms))
        return self._unpacked[profile.pk]

    def near(
        self, known: Known, group: Sequence[Offered], *, taken: BitMap, seen_papers: BitMap
    ) -> list[Selected]:
        """Return at most two papers, one a topic, that no query named and that are close to what is kept.

        ``taken``: papers that matched. A followed author's paper comes before others.
        """
        unmatched = (
            BitMap.union(BitMap(), *(offered.all_in_period for offered in group)) - taken - seen_papers
        )
        of_fields = self._space.pool.primarily_in(
            frozenset(code for each in known.kept for code in each.categories)
        )
        followed = self._followed(known) if known.follows else {}
        found: dict[int, Selected] = {}
        for topic in (offered.topic.pk for offered in group):
            free = unmatched - BitMap(found)
            theirs = sorted(free & BitMap(followed))
            best: Selected | None
            if theirs:
                best = Selected(theirs[0], topic, position=0, place=Place.NEAR, why=followed[theirs[0]])
            else:
                best = next(self._best_near(known, topic, free=free & of_fields), None)
            if best:
                found[best.paper_id] = replace(best, position=len(found))
            if len(found) == MOST_NEAR:
                break
        return list(found.values())

    def _best_near(self, known: Known, topic: int, *, free: BitMap) -> Iterator[Selected]:
        """Yield the papers of ``free`` that are near, best first, each with what a kept one says too."""
        profile = known.for_topic(topic)
        if profile is None or profile.near_threshold is None:
            return
        number = self._rows[profile.pk]
        row, bar = self._scores[number], float(self._bars[number])
        kept = [each.vector for each in known.exemplars if not each.is_disliked]
        disliked = [each.vector for each in known.exemplars if each.is_disliked]
        high = np.flatnonzero(row >= bar)
        for column in high[np.argsort(-row[high], kind="stable")]:
            paper_id, score = self._space.paper_ids[column], float(row[column])
            if not is_near(score, own_bar=profile.near_threshold, week_bar=bar):
                return
            if paper_id in free and is_close(self._space.vector(paper_id), to=kept, than=disliked):
                near = Selected(paper_id, topic, position=0, score=round(score, 4), place=Place.NEAR)
                near = replace(near, why=self._why(known, near))
                if near.why.terms:
                    yield near

    # --- computed once a batch ------------------------------------------------------------------------------

    @cached_property
    def _rows(self) -> dict[int, int]:
        return {profile.pk: row for row, profile in enumerate(self._profiles)}

    @cached_property
    def _scores(self) -> Scores:
        """Cosines: a row a profile, a column a paper of the pool."""
        packed = [bytes(profile.terms) for profile in self._profiles]
        return scores(VectorMatrix.of(packed), self._space.matrix)

    @cached_property
    def _bars(self) -> Scores:
        return week_bars(self._scores)

    @cached_property
    def _kept_texts(self) -> dict[tuple[int, str], Text]:
        """What was kept, by subscriber and arXiv id."""
        rows = PaperFeedback.objects.filter(IS_LIKED, subscriber__in=self._known)
        texts, found = self._space.kept_texts, {}
        if len(texts) > MOST_TEXTS:
            texts.clear()
        for subscriber, arxiv_id, *words in rows.values_list("subscriber", "arxiv_id", "title", "abstract"):
            text = Text(*words)
            found[subscriber, arxiv_id] = texts.setdefault(text, text)
        return found

    # --- followed authors -----------------------------------------------------------------------------------

    def _followed(self, known: Known) -> dict[int, Why]:
        """Return papers of the authors that are followed, with what to say of each; at most five.

        Where co-authors or categories of what was kept tell who is meant, others of that name are left out.
        """
        if id(known) in self._followed_by:
            return self._followed_by[id(known)]
        found = self._followed_by[id(known)] = {}
        for author in known.follows:
            papers = {
                pk: each for key in family_keys(author.name) for pk, each in self._space.bylines.get(key, ())
            }
            people = tell_apart(author.name, papers)
            theirs = known_from(
                author.name,
                [self._kept[each.arxiv_id] for each in known.kept if each.arxiv_id in self._kept],
            )
            meant = [
                person
                for person in people
                if any(match_author(theirs, papers[pk]) is AuthorMatch.SAME for pk in person)
            ]
            code = WhyCode.FOLLOWS if meant or len(people) == 1 else WhyCode.NAMESAKE
            for paper_id in (pk for person in meant or people for pk in sorted(person)):
                if len(found) < MOST_OF_FOLLOWED:
                    found.setdefault(paper_id, Why(code, author=author.name))
        return found

    @cached_property
    def _kept(self) -> dict[str, Byline]:
        """By arXiv id, of papers kept by those who follow somebody: what tells homonyms apart."""
        ids = {each.arxiv_id for known in self._known.values() if known.follows for each in known.exemplars}
        rows = Paper.objects.filter(arxiv_id__in=ids).values_list("arxiv_id", "authors", "categories")
        return {pk: Byline(tuple(authors), tuple(categories)) for pk, authors, categories in rows}


def _known(subscribers: Sequence[Subscriber], *, snapshot: int) -> dict[int, Known]:
    """Load what is known of these subscribers; one of whom nothing is known is left out."""
    muted = {each.pk: tuple(each.muted_terms) for each in subscribers if each.taste_version}
    ids = list(muted)
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
            muted=muted[pk],
        )
        for pk in ids
        if pk in profiles or pk in follows
    }
