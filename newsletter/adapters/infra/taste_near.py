"""Which recent papers resemble examples or a sentence: by their words in the index, then by tf-idf."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from statistics import fmean

from newsletter.adapters.infra.topic_index import TopicIndex
from newsletter.core.arxiv.nearness import Near
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.query import Field, Or, Term
from newsletter.core.taste.snapshot import Snapshot
from newsletter.core.taste.vectors import Vector, combined, dot, strongest, unit

CANDIDATES = 400
"""Papers whose vectors are computed, in a fifth of a second: those that the index scores best."""
_TERMS = 30
"""The terms that they are looked up by."""
_BELIEVED = 10
"""Papers nearest to a sentence that are taken for examples of it: a sentence has few words."""
_BELIEF = 0.5
"""How much they count, against the sentence."""

_BEST = 3
_ALIKE = 0.4
"""What scores this share of the best three is counted, to know how broad a sentence is."""

Records = Callable[[Collection[int]], Mapping[int, PaperRecord]]
"""Ids of indexed papers → those papers."""


def near_papers(
    examples: Mapping[int, PaperRecord],
    sentence: str = "",
    *,
    index: TopicIndex,
    records: Records,
    snapshot: Snapshot,
    weeks: float = 1.0,
) -> Near:
    """Return the papers of ``index`` (of so many weeks) that resemble the examples and the sentence."""
    given = [snapshot.vector(paper.title, paper.abstract) for paper in examples.values()]
    wanted = _mean([*given, snapshot.vector(sentence, "")])
    terms = [Term(Field.ALL, tuple(snapshot.surface(term).split())) for term in strongest(wanted, _TERMS)]
    if not terms:
        return Near(weeks=weeks, known=frozenset(examples))
    query = terms[0] if len(terms) == 1 else Or(tuple(terms))
    found = records([match.paper_id for match in index.search(query)[:CANDIDATES]])
    vectors = {paper: snapshot.vector(record.title, record.abstract) for paper, record in found.items()}
    scores = _scores(wanted, vectors)
    breadth = sum(score >= _ALIKE * fmean(list(scores.values())[:_BEST]) for score in scores.values())
    if not given and scores:
        believed = _mean([vectors[paper] for paper in list(scores)[:_BELIEVED]])
        scores = _scores(combined([(1, wanted), (_BELIEF, believed)]), vectors)
    ranked = {paper: found[paper].primary_category for paper in scores}
    return Near(ranked, weeks=weeks, known=frozenset(examples)).narrowed(breadth)


def _mean(vectors: Collection[Vector]) -> dict[int, float]:
    return unit(combined((1, vector) for vector in vectors))


def _scores(wanted: Vector, vectors: Mapping[int, Vector]) -> dict[int, float]:
    """Return the cosines that are not 0, the largest first."""
    scores = {paper: dot(wanted, vector) for paper, vector in vectors.items()}
    ranked = sorted(scores, key=lambda paper: (-scores[paper], paper))
    return {paper: scores[paper] for paper in ranked if scores[paper] > 0}
