"""A reader's candidates and budget → which papers are summarised, listed by title, or only counted.

Topics take turns, so that a topic with one match is never crowded out by one with 200. Candidates (matched,
not seen, not withdrawn) are found before; rendering comes after.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

LIST_LIMIT = 10
"""Papers named by title below the summarised ones."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One match of a topic. A paper matched by several topics is a candidate once for each."""

    paper_id: int
    topic: str
    """The topic's slug."""
    score: float
    """Comparable within one topic only."""
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Chosen:
    paper_id: int
    topic: str
    """The first topic, in the reader's order, that matched it, whichever topic's turn it was."""
    place: int
    """Place among this topic's matches, best first; 0 is the best."""
    also_in: tuple[str, ...] = ()
    """The other topics that matched it, in the reader's order."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Every candidate paper exactly once, in the order of the turns: chosen, then listed, then counted."""

    topics: tuple[str, ...]
    """The reader's, in the reader's order."""
    chosen: tuple[Chosen, ...]
    listed: tuple[int, ...]
    counted: tuple[int, ...]

    def by_topic(self) -> dict[str, tuple[Chosen, ...]]:
        """Return what was chosen, as a digest shows it: topics in the reader's order, best first within each.

        A topic with nothing to show under it is absent.
        """
        groups: dict[str, list[Chosen]] = {topic: [] for topic in self.topics}
        for paper in sorted(self.chosen, key=lambda paper: paper.place):
            groups[paper.topic].append(paper)
        return {topic: tuple(papers) for topic, papers in groups.items() if papers}


def select_papers(
    candidates: Iterable[Candidate], *, topics: Sequence[str], max_papers: int, list_limit: int = LIST_LIMIT
) -> Selection:
    """Fill the reader's ``max_papers``, then the list, and count the rest.

    ``topics`` are the reader's slugs in the reader's order. Topics take turns; each takes its best paper
    (highest score, then newest, then lowest id) that no turn before has taken. With a budget of at least one
    paper a topic, every topic with a match is therefore shown. The order of ``candidates`` is free.
    Raise ValueError for a candidate of a topic that is not the reader's, or a negative budget.
    """
    if max_papers < 0 or list_limit < 0:
        raise ValueError("a budget is not negative")
    rankings = _best_first(candidates, topics)
    taken = list(in_turn(rankings.values()))
    brought: dict[int, list[tuple[str, int]]] = {paper_id: [] for paper_id in taken}
    for topic, papers in rankings.items():
        for place, paper_id in enumerate(papers):
            brought[paper_id].append((topic, place))
    list_end = max_papers + list_limit
    return Selection(
        topics=tuple(rankings),
        chosen=tuple(_chosen(paper_id, brought[paper_id]) for paper_id in taken[:max_papers]),
        listed=tuple(taken[max_papers:list_end]),
        counted=tuple(taken[list_end:]),
    )


def _best_first(candidates: Iterable[Candidate], topics: Sequence[str]) -> dict[str, list[int]]:
    """Return each topic's papers, best first and each once, the topics in the reader's order."""
    matches: dict[str, list[Candidate]] = {topic: [] for topic in topics}
    for candidate in candidates:
        if candidate.topic not in matches:
            raise ValueError(
                f"paper {candidate.paper_id} comes from {candidate.topic!r}, not one of the topics"
            )
        matches[candidate.topic].append(candidate)
    return {topic: ranked(found) for topic, found in matches.items()}


def ranked(matches: Iterable[Candidate]) -> list[int]:
    """Return the papers of one topic's matches, best first and each once."""
    best_first = sorted(
        matches, key=lambda match: (-match.score, -match.published_at.timestamp(), match.paper_id)
    )
    return list(dict.fromkeys(match.paper_id for match in best_first))


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


def _chosen(paper_id: int, brought: Sequence[tuple[str, int]]) -> Chosen:
    (topic, place), *others = brought
    return Chosen(paper_id, topic, place, also_in=tuple(other for other, _ in others))
