"""The papers of a pool as vectors, and the most typical ones of each topic: computed once a pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from newsletter.adapters.infra.taste_clusters import ColdPaper, ColdPapers, ColdPlace
from newsletter.adapters.infra.taste_matrix import VectorMatrix
from newsletter.core.digests.selection import NO_REASON, Ranking, Why, WhyCode
from newsletter.core.taste.authors import Byline
from newsletter.core.taste.names import family_keys
from newsletter.core.taste.reasons import Commonness, shared_terms
from newsletter.core.taste.reasons import Paper as ToldPaper
from newsletter.core.taste.vectors import Vector, unpack
from newsletter.core.taste.wording import Text
from newsletter.models import Paper
from newsletter.pipeline.select.candidates import CandidatePool, Offered, OfferKey
from newsletter.pipeline.select.snapshots import Current
from newsletter.pipeline.select.vectors import paper_vectors

FEWEST_IN_GROUP, MOST_GROUP_TERMS = 3, 3
CHUNK = 500
MOST_COMPARED = 50
"""Topics of which the likeness of every two papers is kept: at most 9 MB each."""


class PaperSpace:
    """Of one state of a pool: ``CandidatePool.generation`` says when another is needed."""

    _packed: dict[int, bytes]

    def __init__(self, pool: CandidatePool, *, current: Current, before: PaperSpace | None = None) -> None:
        self.pool, self.snapshot, self.generation = pool, current.snapshot, pool.generation
        self.snapshot_pk = current.pk
        known = before if before and before.snapshot_pk == current.pk else None
        read = known._packed if known else {}
        self._packed = paper_vectors(pool.versions, current=current, known=read)
        self.paper_ids = sorted(self._packed)
        self.columns = {paper_id: column for column, paper_id in enumerate(self.paper_ids)}
        """Of the matrix of scores, by paper."""
        self._vectors: dict[int, Vector] = {}
        self._told: dict[int, ToldPaper] = dict(known._told) if known else {}
        self.kept_texts: dict[Text, Text] = known.kept_texts if known else {}
        """What subscribers kept: what several have kept is read once."""
        self._commonness: dict[int, Commonness] = {}
        self._cold = lru_cache(maxsize=MOST_COMPARED)(self._compared)
        self._typical: dict[tuple[OfferKey, int], Ranking] = {}
        self._columns_of: dict[OfferKey, NDArray[np.intp]] = {}

    @cached_property
    def matrix(self) -> VectorMatrix:
        """Papers × terms, in the order of ``paper_ids``."""
        return VectorMatrix.of([self._packed[paper_id] for paper_id in self.paper_ids])

    def vector(self, paper_id: int) -> Vector:
        if paper_id not in self._vectors:
            self._vectors[paper_id] = unpack(self._packed[paper_id])
        return self._vectors[paper_id]

    def packed(self, paper_ids: Iterable[int]) -> list[bytes]:
        return [self._packed[paper_id] for paper_id in paper_ids]

    def told(self, paper_id: int) -> ToldPaper:
        """Return the paper with what may be said of it."""
        self.read_told([paper_id])
        return self._told[paper_id]

    def read_told(self, paper_ids: Collection[int]) -> None:
        """Read these papers with one statement each 500."""
        missing = [paper_id for paper_id in paper_ids if paper_id not in self._told]
        for start in range(0, len(missing), CHUNK):
            rows = Paper.objects.filter(pk__in=missing[start : start + CHUNK])
            for paper_id, *words in rows.values_list("pk", "title", "abstract"):
                text = Text(*words)
                self._told[paper_id] = ToldPaper(self.vector(paper_id), text, text.phrases(self.snapshot))

    def commonness(self, topic: int) -> Commonness:
        """Return how common terms are among the papers that the topic matched."""
        if topic not in self._commonness:
            rows = [self.columns[each] for each in self.pool.matched_by(topic) if each in self.columns]
            counts = self.matrix.counts(rows)
            self._commonness[topic] = Commonness(len(rows), counts.item, self.snapshot)
        return self._commonness[topic]

    def columns_of(self, offered: Offered) -> NDArray[np.intp]:
        """Return the columns of its candidates."""
        if offered.key not in self._columns_of:
            columns = [self.columns[each.paper_id] for each in offered.candidates]
            self._columns_of[offered.key] = np.array(columns, dtype=np.intp)
        return self._columns_of[offered.key]

    def _compared(self, offered: Offered) -> ColdPapers:
        return ColdPapers(
            [
                ColdPaper(
                    each.paper_id, each.published_at.date(), each.published_at, self._packed[each.paper_id]
                )
                for each in offered.candidates
            ]
        )

    def typical_first(self, offered: Offered, *, places: int) -> Ranking:
        """Return what is offered, one of every kind of paper first; no two scores are equal."""
        key = offered.key, places
        if key not in self._typical:
            order = self._cold(offered).order(places=places)
            whys = {each.paper_id: why for each in order if (why := self._group(each)) != NO_REASON}
            self._typical[key] = Ranking(
                offered.topic.pk,
                order=[each.paper_id for each in order],
                scores=[each.score for each in order],
                papers=offered.papers,
                whys=whys,
            )
        return self._typical[key]

    def _group(self, place: ColdPlace) -> Why:
        """Say what the papers have in common that this one stands for."""
        if len(place.cluster) < FEWEST_IN_GROUP:
            return NO_REASON
        others = [self.vector(paper_id) for paper_id in place.cluster if paper_id != place.paper_id]
        own = self.vector(place.paper_id)
        terms = shared_terms(own, others=others, snapshot=self.snapshot, most=MOST_GROUP_TERMS)
        return Why(WhyCode.GROUP, terms=terms, number=len(place.cluster)) if terms else NO_REASON

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
