"""The papers of a pool as vectors, and the most typical ones of each topic: computed once a pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

from pyroaring import BitMap

from newsletter.adapters.infra.taste_clusters import ColdPaper, ColdPlace, cold_order
from newsletter.adapters.infra.taste_matrix import VectorMatrix
from newsletter.core.digests.selection import Candidate, Why, WhyCode
from newsletter.core.taste.authors import Byline
from newsletter.core.taste.names import family_keys
from newsletter.core.taste.reasons import Commonness, shared_terms
from newsletter.core.taste.reasons import Paper as ToldPaper
from newsletter.core.taste.vectors import Vector, unpack
from newsletter.core.taste.wording import Text
from newsletter.models import Paper
from newsletter.pipeline.select.candidates import CandidatePool, Offer
from newsletter.pipeline.select.snapshots import Current
from newsletter.pipeline.select.vectors import paper_vectors

FEWEST_IN_GROUP, MOST_GROUP_TERMS = 3, 3


class PaperSpace:
    """Of one state of a pool: ``CandidatePool.generation`` says when another is needed."""

    def __init__(self, pool: CandidatePool, *, current: Current) -> None:
        self.pool, self.snapshot, self.generation = pool, current.snapshot, pool.generation
        self.snapshot_pk = current.pk
        self._packed = paper_vectors(pool.versions, current=current)
        self.paper_ids = sorted(self._packed)
        self.columns = {paper_id: column for column, paper_id in enumerate(self.paper_ids)}
        """Of the matrix of scores, by paper."""
        self._vectors: dict[int, Vector] = {}
        self._told: dict[int, ToldPaper] = {}
        self.kept_texts: dict[Text, Text] = {}
        """What subscribers kept: what several have kept is read once."""
        self._commonness: dict[int, Commonness] = {}
        self._typical: dict[object, list[Candidate]] = {}

    @cached_property
    def matrix(self) -> VectorMatrix:
        """Papers × terms, in the order of ``paper_ids``."""
        return VectorMatrix.of([self._packed[paper_id] for paper_id in self.paper_ids])

    def vector(self, paper_id: int) -> Vector:
        if paper_id not in self._vectors:
            self._vectors[paper_id] = unpack(self._packed[paper_id])
        return self._vectors[paper_id]

    def told(self, paper_id: int) -> ToldPaper:
        """Return the paper with what may be said of it."""
        if paper_id not in self._told:
            text = Text(*Paper.objects.values_list("title", "abstract").get(pk=paper_id))
            self._told[paper_id] = ToldPaper(self.vector(paper_id), text, text.phrases(self.snapshot))
        return self._told[paper_id]

    def commonness(self, topic: int) -> Commonness:
        """Return how common terms are among the papers that the topic matched."""
        if topic not in self._commonness:
            rows = [self.columns[each] for each in self.pool.matched_by(topic) if each in self.columns]
            counts = self.matrix.counts(rows)
            self._commonness[topic] = Commonness(len(rows), counts.item, self.snapshot)
        return self._commonness[topic]

    def typical_first(self, offer: Offer, *, places: int) -> list[Candidate]:
        """Return what a subscription offers, one of every kind of paper first; no two scores are equal."""
        key = self.pool.key(offer), places
        if key not in self._typical:
            candidates = {each.paper_id: each for each in self.pool.candidates(offer, seen_papers=BitMap())}
            papers = [
                ColdPaper(pk, each.published_at.date(), each.published_at, self._packed[pk])
                for pk, each in candidates.items()
            ]
            self._typical[key] = [
                replace(candidates[each.paper_id], score=each.score, why=self._group(each))
                for each in cold_order(papers, places=places)
            ]
        return self._typical[key]

    def _group(self, place: ColdPlace) -> Why:
        """Say what the papers have in common that this one stands for."""
        if len(place.cluster) < FEWEST_IN_GROUP:
            return Why()
        others = [self.vector(paper_id) for paper_id in place.cluster if paper_id != place.paper_id]
        own = self.vector(place.paper_id)
        terms = shared_terms(own, others=others, snapshot=self.snapshot, most=MOST_GROUP_TERMS)
        return Why(WhyCode.GROUP, terms=terms, number=len(place.cluster)) if terms else Why()

    @cached_property
    def bylines(self) -> Mapping[str, list[tuple[int, Byline]]]:
        """Paper and authors, by family name: asked for only where somebody follows somebody."""
        found: defaultdict[str, list[tuple[int, Byline]]] = defaultdict(list)
        rows = Paper.objects.filter(pk__in=self.paper_ids)
        for paper_id, authors, categories in rows.values_list("pk", "authors", "categories"):
            byline = Byline(tuple(authors), tuple(categories))
            for key in {key for author in authors for key in family_keys(author)}:
                found[key].append((paper_id, byline))
        return found
