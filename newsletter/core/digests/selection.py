"""A subscriber's candidates and budget → what is summarized, what is listed by title, what is only counted.

Papers are taken in turn from the subscriber's topics, so that a topic with one match is never crowded out
by one with 200. What is a candidate (matched, not yet seen, not withdrawn) and how it scores is decided
before; how it looks, after.
A selection has one compact stored form: equal selections have equal checksums.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from itertools import islice
from random import Random
from typing import Any

from pyroaring import BitMap

from newsletter.core.arxiv.revisions import Change, Revision
from newsletter.core.digests.seen_papers import pack_seen, unpack_seen

LIST_LIMIT = 6
"""Papers named by title below the summarized ones."""
BREADTH_FROM = 3
"""Summarized papers from which one place is drawn from the list, so that taste does not narrow itself."""
MOST_OF_FOLLOWED = 5
"""Papers of followed authors that come before others in one digest."""


class Place(StrEnum):
    """Where a paper stands in a digest. The first letters, which differ, are the stored form."""

    SUMMARIZED = "summarized"
    LISTED = "listed"
    COUNTED = "counted"
    NEAR = "near"
    REVISED = "revised"


_BY_LETTER = {place[0]: place for place in Place}


class WhyCode(StrEnum):
    """Why a paper stands where it stands. The first letters, which differ, are the stored form."""

    QUERY = "query"
    """A topic's query matched; nothing is known about what the subscriber likes."""
    KEPT = "kept"
    """It is close to papers that the subscriber kept."""
    FOLLOWS = "follows"
    """An author whom the subscriber follows."""
    NAMESAKE = "namesake"
    """An author with the name of one whom the subscriber follows; nothing says whether it is the same."""
    GROUP = "group"
    """The most typical of a group of matches; used where nothing is learned."""
    BREADTH = "breadth"
    """Drawn from the list."""
    REVISED = "revised"
    """Something happened to it after the subscriber had read it: ``Why.revision``."""


OF_TASTE = frozenset({WhyCode.KEPT, WhyCode.FOLLOWS, WhyCode.NAMESAKE, WhyCode.BREADTH})
"""Those that follow from what one subscriber likes."""
_WHY_BY_LETTER = {code[0]: code for code in WhyCode}


@dataclass(frozen=True, slots=True)
class Why:
    code: WhyCode = WhyCode.QUERY
    papers: tuple[str, ...] = ()
    """The arXiv id of the kept paper that shares most, if it may be named; older rows have up to three."""
    terms: tuple[str, ...] = ()
    """What weighed most, as the paper prints it; the kept paper says it too."""
    author: str = ""
    """As the paper prints it."""
    number: int = 0
    """How many papers the group has."""

    @classmethod
    def revised(cls, revision: Revision) -> Why:
        """Return it with all that is to be said of the revision, so that nobody need look it up again."""
        return cls(WhyCode.REVISED, terms=(revision.venue, *revision.changes), number=revision.version)

    @property
    def revision(self) -> Revision | None:
        """Return what happened to the paper; None for another reason."""
        if self.code is not WhyCode.REVISED:
            return None
        venue, *changes = self.terms
        return Revision(self.number, tuple(map(Change, changes)), venue)


NO_REASON = Why()


@dataclass(frozen=True, slots=True)
class Candidate:
    """One match of a topic. A paper matched by several topics is a candidate once for each."""

    paper_id: int
    topic: int
    """The topic's id."""
    score: float
    """Comparable within one topic only."""
    published_at: datetime
    why: Why = NO_REASON


@dataclass(frozen=True, slots=True)
class Selected:
    """A paper that the digest names."""

    paper_id: int
    topic: int
    """The first, in the subscriber's order, of the topics that brought it, whichever topic's turn it was."""
    position: int
    """Among all that this topic brought, best first; 0 is the best."""
    score: float | None = None
    """Comparable within its topic; None in digests from before selections were stored."""
    also_in: tuple[int, ...] = ()
    """The other topics that brought it, in the subscriber's order."""
    place: Place = Place.SUMMARIZED
    """As it was selected."""
    why: Why = NO_REASON
    shown_as: Place | None = None
    """Where it stands in the composed digest, if fitting that into its size has moved it."""

    @property
    def final_place(self) -> Place:
        return self.shown_as or self.place


@dataclass(frozen=True, slots=True)
class Selection:
    """Every candidate paper exactly once."""

    topics: tuple[int, ...]
    """Those that were due, in the subscriber's order."""
    papers: tuple[Selected, ...] = ()
    """In the order of the turns, over all topics: the first has rank 1."""
    counted: Mapping[int, BitMap] = field(default_factory=dict)
    """By the topic that brought them."""
    scanned: int = 0
    """M of "N of M"."""

    @property
    def chosen(self) -> tuple[Selected, ...]:
        """Return the papers selected to be summarized."""
        return self._at(Place.SUMMARIZED)

    @property
    def near(self) -> tuple[Selected, ...]:
        """Return the papers that no query of the subscriber named, and that are close to what they keep."""
        return self._at(Place.NEAR)

    @property
    def revised(self) -> tuple[Selected, ...]:
        """Return the papers of earlier digests that have a new version, are withdrawn or were accepted."""
        return self._at(Place.REVISED)

    def _at(self, place: Place) -> tuple[Selected, ...]:
        return tuple(paper for paper in self.papers if paper.place is place)

    @property
    def listed(self) -> tuple[int, ...]:
        return tuple(paper.paper_id for paper in self.papers if paper.place is Place.LISTED)

    @property
    def counted_ids(self) -> list[int]:
        return list(BitMap.union(BitMap(), *self.counted.values()))

    @property
    def paper_ids(self) -> set[int]:
        """Every paper that is shown, wherever it stands: what is seen once the digest is accepted."""
        return {paper.paper_id for paper in self.papers} | set(self.counted_ids)

    @property
    def matched_ids(self) -> set[int]:
        """Return the papers that matched a topic: N of "N of M"."""
        beside = {paper.paper_id for paper in (*self.near, *self.revised)}
        return self.paper_ids - beside

    def brought_by(self, topic: int) -> int:
        """Return how many papers stand under a topic, shown or counted."""
        beside = (Place.NEAR, Place.REVISED)
        named = sum(paper.topic == topic and paper.place not in beside for paper in self.papers)
        return named + len(self.counted.get(topic, ()))

    def shown(self, place: Place) -> list[int]:
        """Return the papers that stand there in the composed digest, in the order of the turns."""
        named = [paper.paper_id for paper in self.papers if paper.final_place is place]
        return named + self.counted_ids if place is Place.COUNTED else named

    def by_topic(self) -> dict[int, tuple[Selected, ...]]:
        """Return what was chosen, as a digest shows it: topics in order, best first within each.

        A topic with nothing to show under it is absent.
        """
        groups: dict[int, list[Selected]] = {topic: [] for topic in self.topics}
        for paper in sorted(self.chosen, key=lambda paper: paper.position):
            groups[paper.topic].append(paper)
        return {topic: tuple(papers) for topic, papers in groups.items() if papers}

    def with_places(self, places: Mapping[int, Place]) -> Selection:
        """Return it with the place that each named paper got in the end."""
        return replace(self, papers=tuple(_placed(paper, places[paper.paper_id]) for paper in self.papers))


def _placed(paper: Selected, place: Place) -> Selected:
    return replace(paper, shown_as=None if place is paper.place else place)


@dataclass(frozen=True)
class Ranking:
    """What one topic brought, best first, each paper once. Those who are offered the same may share it."""

    topic: int
    order: Sequence[int]
    """Papers."""
    scores: Sequence[float]
    """In that order."""
    papers: BitMap
    whys: Mapping[int, Why] = field(default_factory=dict)
    """Of the papers of which more is to be said than that the query matched."""

    @classmethod
    def of(cls, topic: int, candidates: Iterable[Candidate]) -> Ranking:
        """Rank candidates, in any order: the highest score first, then the newest, then the lowest id."""
        best: dict[int, Candidate] = {}
        for each in sorted(
            candidates, key=lambda each: (-each.score, -each.published_at.timestamp(), each.paper_id)
        ):
            best.setdefault(each.paper_id, each)
        return cls(
            topic,
            order=list(best),
            scores=[each.score for each in best.values()],
            papers=BitMap(best),
            whys={paper_id: each.why for paper_id, each in best.items() if each.why != NO_REASON},
        )

    @cached_property
    def positions(self) -> Mapping[int, int]:
        return {paper_id: position for position, paper_id in enumerate(self.order)}

    @cached_property
    def _named(self) -> dict[tuple[int, Place, tuple[int, ...]], Selected]:
        return {}

    def named(self, paper_id: int, place: Place, also_in: tuple[int, ...]) -> Selected:
        """Return one of its papers as a selection names it: the same object for all who share the ranking."""
        key = paper_id, place, also_in
        if key not in self._named:
            position = self.positions[paper_id]
            self._named[key] = Selected(
                paper_id,
                self.topic,
                position,
                score=self.scores[position],
                also_in=also_in,
                place=place,
                why=self.whys.get(paper_id, NO_REASON),
            )
        return self._named[key]

    def without(self, seen: BitMap) -> Ranking:
        if self.papers.isdisjoint(seen):
            return self
        left = [
            (paper_id, score)
            for paper_id, score in zip(self.order, self.scores, strict=True)
            if paper_id not in seen
        ]
        return replace(
            self,
            order=[paper_id for paper_id, _ in left],
            scores=[score for _, score in left],
            papers=self.papers - seen,
        )


def select_papers(
    rankings: Sequence[Ranking],
    *,
    max_papers: int,
    list_limit: int = LIST_LIMIT,
    scanned: int = 0,
    leads: Mapping[int, float] | None = None,
    breadth_seed: str = "",
) -> Selection:
    """Fill the subscriber's ``max_papers``, then the list, and count the rest.

    ``rankings`` are of the subscriber's topics, in their order. Topics take turns; each takes its best paper
    that no turn before has taken. With a budget of at least one paper a topic, every topic that brought
    anything is therefore seen.
    Turns begin with the topic of the highest of ``leads`` (0 where it has none), so that the first paper is
    the best of all. With ``breadth_seed`` the last of three or more summarized papers is drawn from the list.
    Raise ValueError for a negative budget.
    """
    if max_papers < 0 or list_limit < 0:
        raise ValueError("a budget is not negative")
    known_leads = leads or {}
    turns = sorted(rankings, key=lambda ranking: -known_leads.get(ranking.topic, 0.0))
    taken = list(islice(in_turn([ranking.order for ranking in turns]), max_papers + list_limit))
    drawn = _draw_for_breadth(taken, max_papers=max_papers, seed=breadth_seed)
    counted: dict[int, BitMap] = {}
    elsewhere = BitMap(taken)
    for ranking in rankings:
        if not ranking.papers.issubset(elsewhere):
            counted[ranking.topic] = ranking.papers - elsewhere
            elsewhere |= ranking.papers
    return Selection(
        topics=tuple(ranking.topic for ranking in rankings),
        papers=tuple(
            _named(
                paper_id,
                rankings,
                place=Place.SUMMARIZED if number < max_papers else Place.LISTED,
                is_drawn=paper_id == drawn,
            )
            for number, paper_id in enumerate(taken)
        ),
        counted=counted,
        scanned=scanned,
    )


def _named(paper_id: int, rankings: Sequence[Ranking], *, place: Place, is_drawn: bool) -> Selected:
    first, *others = [ranking for ranking in rankings if paper_id in ranking.papers]
    named = first.named(paper_id, place, tuple([other.topic for other in others]))
    return replace(named, why=Why(WhyCode.BREADTH)) if is_drawn else named


def _draw_for_breadth(taken: list[int], *, max_papers: int, seed: str) -> int | None:
    """Move a paper that would be listed to the end of the summarized ones; return it if one was drawn."""
    listed = range(max_papers, len(taken))
    if not seed or max_papers < BREADTH_FROM or not listed:
        return None
    drawn = taken.pop(Random(seed).choice(listed))  # noqa: S311 - nothing secret: the same digest, the same draw
    taken.insert(max_papers - 1, drawn)
    return drawn


def in_turn(rankings: Iterable[Iterable[int]]) -> Iterator[int]:
    """Yield every paper once, each ranking giving its best that is still there when its turn comes."""
    taken: set[int] = set()
    queues = deque(map(iter, rankings))
    while queues:
        queue = queues.popleft()
        for paper_id in queue:
            if paper_id not in taken:
                taken.add(paper_id)
                yield paper_id
                queues.append(queue)
                break


# --- the stored form -------------------------------------------------------------------------------------


def selection_to_json(selection: Selection, *, known: dict[int, list[Any]] | None = None) -> dict[str, Any]:
    """Return the stored form; a paper is a list whose empty end is left out.

    ``known``: forms of papers by ``id()``, which are added to; for several selections that share papers.
    """
    forms = {} if known is None else known
    for paper in selection.papers:
        if id(paper) not in forms:
            forms[id(paper)] = _paper_to_json(paper)
    return {
        "topics": list(selection.topics),
        "scanned": selection.scanned,
        "papers": [forms[id(paper)] for paper in selection.papers],
        "counted": {
            str(topic): b64encode(pack_seen(papers)).decode()
            for topic, papers in sorted(selection.counted.items())
        },
    }


def selection_from_json(content: Mapping[str, Any]) -> Selection:
    return Selection(
        topics=tuple(content["topics"]),
        papers=tuple(_paper_from_json(row) for row in content["papers"]),
        counted={int(topic): unpack_seen(b64decode(packed)) for topic, packed in content["counted"].items()},
        scanned=content["scanned"],
    )


def selection_checksum(content: Mapping[str, Any]) -> str:
    """Return 128 bits of SHA-256 of the stored form."""
    return sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()[:32]


def _paper_to_json(paper: Selected) -> list[Any]:
    row: list[Any] = [paper.place[0], paper.paper_id, paper.topic, paper.position, paper.score]
    row += [list(paper.also_in), _why_to_json(paper.why), (paper.shown_as or "")[:1]]
    while not row[-1] and row[-1] != 0:
        row.pop()
    return row


def _why_to_json(why: Why) -> list[Any]:
    if why is NO_REASON or why == NO_REASON:
        return []
    return [why.code[0], list(why.papers), list(why.terms), why.author, why.number]


_REST: list[Any] = [None, (), (), ""]
"""What a paper's list ends with where that is left out: score, other topics, why, final place."""


def _paper_from_json(row: Sequence[Any]) -> Selected:
    place, paper_id, topic, position = row[:4]
    score, also_in, why, shown_as = [*row[4:], *_REST[len(row) - 4 :]]
    return Selected(
        paper_id=paper_id,
        topic=topic,
        position=position,
        score=score,
        also_in=tuple(also_in),
        place=_BY_LETTER[place],
        why=_why_from_json(why),
        shown_as=_BY_LETTER.get(shown_as),
    )


def _why_from_json(row: Sequence[Any]) -> Why:
    if not row:
        return NO_REASON
    code, papers, terms, author, number = row
    return Why(_WHY_BY_LETTER[code], tuple(papers), tuple(terms), author, number)
