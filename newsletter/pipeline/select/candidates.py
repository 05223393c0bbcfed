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
        self._matches: dict[int, list[Match]] = {}
        self.dates: dict[int, PaperDates] = {}
        self.versions: dict[int, int] = {}
        """Of every paper that may be asked for, matched or not."""
        self._by_categories: defaultdict[tuple[str, ...], BitMap] = defaultdict(BitMap)
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
        self._matches |= _matches(asked, since=self._since, now=self._now)
        self._load_older(match.paper_id for topic in asked for match in self._matches[topic])
        self._grown()

    def primarily_in(self, categories: Collection[str]) -> BitMap:
        """Return the papers whose primary category is one of these."""
        held = (papers for codes, papers in self._by_categories.items() if codes and codes[0] in categories)
        return BitMap.union(BitMap(), *held)

    def _grown(self) -> None:
        self.generation += 1
        self._moments = Moments(self.dates.values())
        self._asked: dict[str, BitMap] = {}
        self._matched_ids = BitMap(m.paper_id for found in self._matches.values() for m in found)
        self._matched_at = sorted({m.created_at for found in self._matches.values() for m in found})
        self._taken: dict[OfferKey, list[Candidate]] = {}
        self._periods: dict[tuple[str, tuple[Bounds, int]], BitMap] = {}

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
            self._by_categories[tuple(categories)].add(paper_id)

    def _load_older(self, paper_ids: Iterable[int]) -> None:
        """Load matched papers that were first seen before: they are offered, and counted in no period."""
        missing = set(paper_ids) - self.dates.keys()
        for paper in Paper.objects.filter(pk__in=missing, is_withdrawn=False).only(
            "first_seen_at", "published_at", "version"
        ):
            self.dates[paper.pk] = PaperDates(paper.first_seen_at, paper.published_at)
            self.versions[paper.pk] = paper.version

    def candidates(self, offer: Offer, *, seen_papers: BitMap) -> list[Candidate]:
        """Return what this subscription offers and the subscriber has not seen."""
        key = self.key(offer)
        if key not in self._taken:
            self._taken[key] = self._take(offer)
        return [candidate for candidate in self._taken[key] if candidate.paper_id not in seen_papers]

    def _take(self, offer: Offer) -> list[Candidate]:
        topic = self.topics[offer.subscription.topic_id]
        return [
            Candidate(
                paper_id=match.paper_id,
                topic=topic.pk,
                score=match.score,
                published_at=self.dates[match.paper_id].published_at,
            )
            for match in self._matches[topic.pk]
            if match.created_at >= offer.eligibility.since
            and match.paper_id in self.dates
            and offer.eligibility.takes(self.dates[match.paper_id])
        ]

    def matched_by(self, topic: int) -> Iterable[int]:
        """Return the papers that a topic matched, whoever is offered them."""
        return (match.paper_id for match in self._matches[topic])

    def matched_of(self, seen_papers: BitMap) -> BitMap:
        """Return those of these papers that are matched here: all that a selection can depend on."""
        return seen_papers & self._matched_ids

    def scanned(self, offers: Iterable[Offer]) -> BitMap:
        """Return the papers first seen in the period in the categories these topics ask for."""
        return BitMap.union(BitMap(), *(self._in_period(offer) for offer in offers))

    def in_period(self, offers: Iterable[Offer]) -> BitMap:
        """Return the papers of any category that these offers' periods hold."""
        return BitMap.union(BitMap(), *(self._all_in_period(offer) for offer in offers))

    def _all_in_period(self, offer: Offer) -> BitMap:
        key = "", self.key(offer)[1:3]
        if key not in self._periods:
            takes = offer.eligibility.is_in_period
            self._periods[key] = BitMap(pk for pk, dates in self.dates.items() if takes(dates))
        return self._periods[key]

    def _in_period(self, offer: Offer) -> BitMap:
        query = self.topics[offer.subscription.topic_id].query
        key = query, self.key(offer)[1:3]
        if key not in self._periods:
            asked = self._asked_for(query)
            takes = offer.eligibility.is_in_period
            self._periods[key] = BitMap(pk for pk in asked if takes(self.dates[pk]))
        return self._periods[key]

    def _asked_for(self, query: str) -> BitMap:
        if query not in self._asked:
            required = required_categories(parse_stored(query))
            groups = (ids for codes, ids in self._by_categories.items() if _is_asked_for(codes, required))
            self._asked[query] = BitMap.union(BitMap(), *groups)
        return self._asked[query]

    def key(self, offer: Offer) -> OfferKey:
        """Return what is equal for offers of the same papers, in the same period."""
        eligibility = offer.eligibility
        seen = self._moments.seen_until(eligibility.covered_until) if eligibility.covered_until else -1
        since = bisect_left(self._matched_at, eligibility.since)
        return offer.subscription.topic_id, self._moments.bounds(eligibility), seen, since


def _is_asked_for(codes: tuple[str, ...], required: frozenset[str] | None) -> bool:
    return required is None or any(covers(pattern, code) for pattern in required for code in codes)


def _matches(topic_ids: set[int], *, since: datetime, now: datetime) -> dict[int, list[Match]]:
    found: dict[int, list[Match]] = {topic_id: [] for topic_id in topic_ids}
    for match in Match.objects.filter(topic_id__in=topic_ids, created_at__gte=since, created_at__lte=now):
        found[match.topic_id].append(match)
    return found
