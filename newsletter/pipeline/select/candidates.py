"""What lies on the counter for one batch of readers: papers and matches, loaded once, whoever asks.

A reader's part is then only set arithmetic: the cost of loading grows with papers, not with readers. Offers
whose moments fall between the same papers hold the same ones, which are gone through once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pyroaring import BitMap

from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.query import categories as required_categories
from newsletter.core.arxiv.query import covers, parse
from newsletter.core.digests.selection import Candidate
from newsletter.models import Match, Paper, Subscriber, Subscription, Topic
from newsletter.pipeline.select.eligibility import Bounds, Eligibility, Moments, PaperDates


@dataclass(frozen=True, slots=True)
class Offer:
    """One subscription that is due, and from when on it offers papers."""

    subscription: Subscription
    eligibility: Eligibility

    @classmethod
    def of(cls, reader: Subscriber, subscription: Subscription) -> Offer:
        eligibility = Eligibility.of(
            subscription.cadence or reader.cadence,
            joined_at=reader.joined_at,
            created_at=subscription.created_at,
            covered_until=subscription.covered_until,
        )
        return cls(subscription, eligibility)


class CandidatePool:
    def __init__(self, *, offers: Iterable[Offer], now: datetime) -> None:
        """Load what ``offers`` of one batch can ask for, as it stands at ``now``."""
        offers = list(offers)
        since = min((offer.eligibility.since for offer in offers), default=now)
        topic_ids = {offer.subscription.topic_id for offer in offers}
        self.topics = Topic.objects.in_bulk(topic_ids)
        self._matches = _matches(topic_ids, since=since, now=now)
        self._load_papers(since=since, now=now)
        self._asked: dict[str, BitMap] = {}
        self._taken: dict[tuple[int, Bounds], list[Candidate]] = {}
        self._periods: dict[tuple[str, Bounds, int], BitMap] = {}

    def _load_papers(self, *, since: datetime, now: datetime) -> None:
        self.dates: dict[int, PaperDates] = {}
        self._by_categories: defaultdict[tuple[str, ...], BitMap] = defaultdict(BitMap)
        rows = Paper.objects.filter(first_seen_at__gte=since, first_seen_at__lte=now, is_withdrawn=False)
        for paper_id, categories, first_seen_at, published_at in rows.values_list(
            "pk", "categories", "first_seen_at", "published_at"
        ).iterator():
            self.dates[paper_id] = PaperDates(first_seen_at, published_at)
            self._by_categories[tuple(categories)].add(paper_id)
        missing = {
            match.paper_id for matches in self._matches.values() for match in matches
        } - self.dates.keys()
        for paper in Paper.objects.filter(pk__in=missing, is_withdrawn=False).only(
            "first_seen_at", "published_at"
        ):
            self.dates[paper.pk] = PaperDates(paper.first_seen_at, paper.published_at)
        self._moments = Moments(self.dates.values())

    def candidates(self, offer: Offer, *, seen_papers: BitMap) -> list[Candidate]:
        """Return what this subscription offers and the reader has not had."""
        key = offer.subscription.topic_id, self._moments.bounds(offer.eligibility)
        if key not in self._taken:
            self._taken[key] = self._take(offer)
        return [candidate for candidate in self._taken[key] if candidate.paper_id not in seen_papers]

    def _take(self, offer: Offer) -> list[Candidate]:
        topic = self.topics[offer.subscription.topic_id]
        return [
            Candidate(
                paper_id=match.paper_id,
                topic=topic.slug,
                score=match.score,
                published_at=self.dates[match.paper_id].published_at,
            )
            for match in self._matches[topic.pk]
            if match.paper_id in self.dates and offer.eligibility.takes(self.dates[match.paper_id])
        ]

    def scanned(self, offers: Iterable[Offer]) -> BitMap:
        """Return the papers first seen in the period in the categories these topics ask for."""
        return BitMap.union(BitMap(), *(self._in_period(offer) for offer in offers))

    def _in_period(self, offer: Offer) -> BitMap:
        query = self.topics[offer.subscription.topic_id].query
        eligibility, moments = offer.eligibility, self._moments
        seen = moments.seen_until(eligibility.covered_until) if eligibility.covered_until else -1
        key = query, moments.bounds(eligibility), seen
        if key not in self._periods:
            asked = self._asked_for(query)
            self._periods[key] = BitMap(pk for pk in asked if eligibility.is_in_period(self.dates[pk]))
        return self._periods[key]

    def _asked_for(self, query: str) -> BitMap:
        if query not in self._asked:
            required = required_categories(parse(query))
            groups = (ids for codes, ids in self._by_categories.items() if _is_asked_for(codes, required))
            self._asked[query] = BitMap.union(BitMap(), *groups)
        return self._asked[query]

    @staticmethod
    def records(paper_ids: Iterable[int]) -> dict[int, PaperRecord]:
        return {pk: paper.record for pk, paper in Paper.objects.in_bulk(set(paper_ids)).items()}


def _is_asked_for(codes: tuple[str, ...], required: frozenset[str] | None) -> bool:
    return required is None or any(covers(pattern, code) for pattern in required for code in codes)


def _matches(topic_ids: set[int], *, since: datetime, now: datetime) -> dict[int, list[Match]]:
    found: dict[int, list[Match]] = {topic_id: [] for topic_id in topic_ids}
    for match in Match.objects.filter(topic_id__in=topic_ids, created_at__gte=since, created_at__lte=now):
        found[match.topic_id].append(match)
    return found
