"""Which summaries planned digests want, and those of the coming hours, before any of them is composed.

What a topic offers is ranked once, and readers who are offered the same and have had the same are chosen for
once: a reader costs a few columns and comparisons. The choice is the one ``choose`` makes when the digest is
composed, as far as the papers are there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

from pyroaring import BitMap

from newsletter.adapters.ports import Summariser
from newsletter.core.digests.seen_papers import unpack_seen
from newsletter.core.digests.selection import Candidate, in_turn, ranked
from newsletter.core.summaries.summary import Depth, Voice
from newsletter.core.summaries.wanted import Wanted
from newsletter.models import Match
from newsletter.pipeline.select.eligibility import Bounds, Eligibility, Moments, PaperDates
from newsletter.pipeline.summarize.lookup import unwritten
from newsletter.pipeline.summarize.upcoming import (
    CHUNK,
    UpcomingOffer,
    UpcomingSubscriber,
    readers_due_until,
    readers_planned_for,
)

PREFETCH_TIME = timedelta(hours=3)
"""How long before its slot the summaries of a digest are asked for."""

Form = tuple[str, str, datetime]
"""Language, depth, slot."""


def upcoming_summaries(*, now: datetime, summariser: Summariser) -> list[Wanted]:
    """Return what digests due within three hours will show and nobody has written, the soonest first."""
    if summariser.voice is Voice.AUTHORS:
        return []
    return unwritten(_wanted(readers_due_until(now + PREFETCH_TIME, now=now), now=now), summariser=summariser)


def planned_summaries(*, now: datetime, transactional: bool) -> list[Wanted]:
    """Return what planned digests (or those a person awaits) will show, the longest due first."""
    return _wanted(readers_planned_for(now=now, transactional=transactional), now=now)


def _wanted(readers: Sequence[UpcomingSubscriber], *, now: datetime) -> list[Wanted]:
    due_at: dict[Wanted, datetime] = {}
    for papers, forms in _choices(readers, now=now):
        for language, depth, slot_at in forms:
            for paper_id in papers:
                want = Wanted(paper_id, language, Depth(depth))
                due_at[want] = min(slot_at, due_at.get(want, slot_at))
    soonest_first = sorted(due_at.items(), key=lambda item: item[1])
    return [replace(want, due_at=slot_at) for want, slot_at in soonest_first]


def _choices(
    readers: Sequence[UpcomingSubscriber], *, now: datetime
) -> Iterator[tuple[list[int], set[Form]]]:
    """Yield the papers that a group of equal readers will be shown, and in which forms."""
    counter = _Counter([offer for reader in readers for offer in reader.offers], now=now)
    groups: defaultdict[_Group, set[Form]] = defaultdict(set)
    for reader in readers:
        rankings = tuple(counter.ranking(offer) for offer in reader.offers)
        group = _Group(rankings, counter.had(reader.seen_papers), reader.max_papers)
        groups[group].add((reader.language, reader.depth, reader.slot_at))
    for group, forms in groups.items():
        yield group.choose(), forms


@dataclass(eq=False, frozen=True, slots=True)
class _Ranking:
    """The papers that one topic offers to some readers, best first. Equal only to itself."""

    papers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Group:
    """Readers whose digests will show the same papers."""

    rankings: tuple[_Ranking, ...]
    had: bytes
    max_papers: int

    def choose(self) -> list[int]:
        seen_papers = unpack_seen(self.had)
        fresh = ([pk for pk in ranking.papers if pk not in seen_papers] for ranking in self.rankings)
        return list(islice(in_turn(fresh), self.max_papers))


@dataclass(frozen=True, slots=True)
class _Matched:
    candidate: Candidate
    dates: PaperDates


class _Topic:
    """One topic's matches; readers whose bounds leave out the same of them share a ranking."""

    def __init__(self, matches: list[_Matched]) -> None:
        self.matches = matches
        self._moments = Moments([match.dates for match in matches])
        self._rankings: dict[Bounds, _Ranking] = {}

    def ranking(self, eligibility: Eligibility) -> _Ranking:
        bounds = self._moments.bounds(eligibility)
        if bounds not in self._rankings:
            taken = (match.candidate for match in self.matches if eligibility.takes(match.dates))
            self._rankings[bounds] = _Ranking(tuple(ranked(taken)))
        return self._rankings[bounds]


_NOTHING = _Ranking(())


class _Counter:
    """What the topics of these offers have, loaded once."""

    def __init__(self, offers: list[UpcomingOffer], *, now: datetime) -> None:
        self._topics = {topic_id: _Topic(matches) for topic_id, matches in _load(offers, now=now).items()}
        self._papers = BitMap(
            match.candidate.paper_id for topic in self._topics.values() for match in topic.matches
        )
        self._had: dict[bytes, bytes] = {b"": b""}

    def ranking(self, offer: UpcomingOffer) -> _Ranking:
        topic = self._topics.get(offer.topic_id)
        return topic.ranking(offer.eligibility) if topic else _NOTHING

    def had(self, seen_papers: bytes) -> bytes:
        """Return what of these papers a reader has had, in a form that is equal for equal sets."""
        if seen_papers not in self._had:
            self._had[seen_papers] = (unpack_seen(seen_papers) & self._papers).serialize()
        return self._had[seen_papers]


def _load(offers: list[UpcomingOffer], *, now: datetime) -> dict[int, list[_Matched]]:
    found: defaultdict[int, list[_Matched]] = defaultdict(list)
    since = min((offer.eligibility.since for offer in offers), default=now)
    rows = Match.objects.filter(
        topic_id__in={offer.topic_id for offer in offers},
        created_at__gte=since,
        created_at__lte=now,
        paper__is_withdrawn=False,
    ).values_list("topic_id", "paper_id", "score", "paper__first_seen_at", "paper__published_at")
    for topic_id, paper_id, score, first_seen_at, published_at in rows.iterator(CHUNK):
        candidate = Candidate(paper_id=paper_id, topic="", score=score, published_at=published_at)
        found[topic_id].append(_Matched(candidate, PaperDates(first_seen_at, published_at)))
    return found
