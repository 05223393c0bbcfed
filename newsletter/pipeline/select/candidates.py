"""The candidates of one batch of subscribers: papers and matches, loaded once, whoever asks.

A subscriber's part is then only set arithmetic: the cost of loading grows with papers, not with subscribers.
Offers whose moments fall between the same papers hold the same ones, which are gone through once.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from pyroaring import BitMap

from newsletter.core.arxiv.query import categories as required_categories
from newsletter.core.arxiv.query import covers, parse_stored
from newsletter.core.digests.selection import Candidate
from newsletter.models import Match, Paper, Subscriber, Subscription, Topic
from newsletter.pipeline.select.eligibility import Bounds, Eligibility, Moments, PaperDates


@dataclass(frozen=True, slots=True)
class Offer:
    """One subscription that is due, and from when on it offers papers."""

    subscription: Subscription
    eligibility: Eligibility

    @classmethod
    def of(cls, subscriber: Subscriber, subscription: Subscription) -> Offer:
        eligibility = Eligibility.of(
            subscription.cadence or subscriber.cadence,
            joined_at=subscriber.joined_at,
            created_at=subscription.created_at,
            covered_until=subscription.covered_until,
        )
        return cls(subscription, eligibility)


OfferKey = tuple[int, Bounds, int, int]


class CandidatePool:
    """It grows with what batches ask for; what was loaded stays as it stood when it was loaded."""

    def __init__(self, *, now: datetime) -> None:
        self._now = self._since = now
        self.generation = 0
        """Moved by every growth: what was computed from the pool before is outdated."""
        self.topics: dict[int, Topic] = {}
        self.matches: dict[int, list[_Match]] = {}
        self.dates: dict[int, PaperDates] = {}
        self.versions: dict[int, int] = {}
        """Of every paper that may be asked for, matched or not."""
        self._recent = BitMap()
        self._in_category: defaultdict[str, BitMap] = defaultdict(BitMap)
        self._primarily_in: defaultdict[str, BitMap] = defaultdict(BitMap)
        self._grown()

    def cover(self, offers: Iterable[Offer]) -> None:
        """Load what these offers can ask for, as it stands at ``now``, unless it is there."""
        offers = list(offers)
        since = min((offer.eligibility.since for offer in offers), default=self._now)
        asked = {offer.subscription.topic_id for offer in offers}
        if since < self._since:
            asked |= self.topics.keys()
            self._since = since
            self._load_papers()
        elif not asked - self.topics.keys():
            return
        else:
            asked -= self.topics.keys()
        self.topics |= Topic.objects.in_bulk(asked)
        self.matches |= _matches(asked, since=self._since, now=self._now)
        self._load_older(match.paper_id for topic in asked for match in self.matches[topic])
        self._grown()

    def primarily_in(self, categories: frozenset[str]) -> BitMap:
        """Return the papers whose primary category is one of these."""
        if categories not in self._of_fields:
            held = (self._primarily_in[code] for code in categories if code in self._primarily_in)
            self._of_fields[categories] = BitMap.union(BitMap(), *held)
        return self._of_fields[categories]

    def _grown(self) -> None:
        self.generation += 1
        self._moments = Moments(self.dates.values())
        self._asked: dict[str, BitMap] = {}
        self._matched_ids = BitMap(m.paper_id for found in self.matches.values() for m in found)
        self._matched_at = sorted({m.created_at for found in self.matches.values() for m in found})
        self._offered: dict[OfferKey, Offered] = {}
        self._periods: dict[tuple[str, tuple[Bounds, int]], BitMap] = {}
        self._of_fields: dict[frozenset[str], BitMap] = {}

    def _load_papers(self) -> None:
        rows = Paper.objects.filter(
            first_seen_at__gte=self._since, first_seen_at__lte=self._now, is_withdrawn=False
        )
        for paper_id, categories, first_seen_at, published_at, version in rows.values_list(
            "pk", "categories", "first_seen_at", "published_at", "version"
        ).iterator():
            if paper_id not in self.versions:
                self.dates[paper_id] = PaperDates(first_seen_at, published_at)
                self.versions[paper_id] = version
            self._recent.add(paper_id)
            for code in categories:
                self._in_category[code].add(paper_id)
            for code in categories[:1]:
                self._primarily_in[code].add(paper_id)

    def _load_older(self, paper_ids: Iterable[int]) -> None:
        """Load matched papers that were first seen before: they are offered, and counted in no period."""
        missing = set(paper_ids) - self.dates.keys()
        for paper in Paper.objects.filter(pk__in=missing, is_withdrawn=False).only(
            "first_seen_at", "published_at", "version"
        ):
            self.dates[paper.pk] = PaperDates(paper.first_seen_at, paper.published_at)
            self.versions[paper.pk] = paper.version

    def offered(self, offer: Offer) -> Offered:
        """Return what this offer holds: the same object for offers of the same papers, in the same period."""
        eligibility = offer.eligibility
        seen = self._moments.seen_until(eligibility.covered_until) if eligibility.covered_until else -1
        since = bisect_left(self._matched_at, eligibility.since)
        key = offer.subscription.topic_id, self._moments.bounds(eligibility), seen, since
        if key not in self._offered:
            self._offered[key] = Offered(offer, key, self)
        return self._offered[key]

    def matched_by(self, topic: int) -> Iterable[int]:
        """Return the papers that a topic matched, whoever is offered them."""
        return (match.paper_id for match in self.matches[topic])

    def matched_of(self, seen_papers: BitMap) -> BitMap:
        """Return those of these papers that are matched here: all that a selection can depend on."""
        return seen_papers & self._matched_ids

    def in_period(self, offered: Offered, *, query: str | None = None) -> BitMap:
        """Return the papers that its period holds: of all, or of the categories that this query asks for."""
        key = query or "", offered.key[1:3]
        if key not in self._periods:
            papers = self.dates if query is None else self._asked_for(query)
            takes = offered.offer.eligibility.is_in_period
            self._periods[key] = BitMap(pk for pk in papers if takes(self.dates[pk]))
        return self._periods[key]

    def _asked_for(self, query: str) -> BitMap:
        if query not in self._asked:
            required = required_categories(parse_stored(query))
            self._asked[query] = self._recent if required is None else self._in_any(required)
        return self._asked[query]

    def _in_any(self, patterns: Collection[str]) -> BitMap:
        held = (
            papers
            for code, papers in self._in_category.items()
            if any(covers(pattern, code) for pattern in patterns)
        )
        return BitMap.union(BitMap(), *held)


class Offered:
    """What all offers of one key hold. Nobody changes its sets."""

    def __init__(self, offer: Offer, key: OfferKey, pool: CandidatePool) -> None:
        self.offer, self.key, self._pool = offer, key, pool
        self.topic = pool.topics[offer.subscription.topic_id]

    @cached_property
    def candidates(self) -> list[Candidate]:
        """Newest first, of equally new ones the lower id."""
        eligibility, dates = self.offer.eligibility, self._pool.dates
        found = [
            Candidate(match.paper_id, self.topic.pk, match.score, dates[match.paper_id].published_at)
            for match in self._pool.matches[self.topic.pk]
            if match.created_at >= eligibility.since
            and match.paper_id in dates
            and eligibility.takes(dates[match.paper_id])
        ]
        return sorted(found, key=lambda each: (-each.published_at.timestamp(), each.paper_id))

    @cached_property
    def papers(self) -> BitMap:
        return BitMap(each.paper_id for each in self.candidates)

    @cached_property
    def scanned(self) -> BitMap:
        """The papers first seen in the period in the categories the topic asks for."""
        return self._pool.in_period(self, query=self.topic.query)

    @cached_property
    def all_in_period(self) -> BitMap:
        return self._pool.in_period(self)


class _Match(NamedTuple):
    paper_id: int
    score: float
    created_at: datetime


def _matches(topic_ids: set[int], *, since: datetime, now: datetime) -> dict[int, list[_Match]]:
    found: dict[int, list[_Match]] = {topic_id: [] for topic_id in topic_ids}
    rows = Match.objects.filter(topic_id__in=topic_ids, created_at__gte=since, created_at__lte=now)
    columns = rows.values_list("topic_id", "paper_id", "score", "created_at")
    for topic_id, paper_id, score, created_at in columns:
        found[topic_id].append(_Match(paper_id, score, created_at))
    return found
