"""Candidates found once for many digests equal those found for each by itself."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest
from pyroaring import BitMap

from newsletter.models import Match, Paper, Subscriber, Subscription, Topic
from newsletter.pipeline.select.candidates import CandidatePool, Offer
from newsletter.pipeline.select.eligibility import Eligibility, PaperDates
from tests.pipeline.newsroom import MONDAY

pytestmark = pytest.mark.django_db

CHANCE = Random(20260615)  # noqa: S311 - the same in every run
HOUR = timedelta(hours=1)


@pytest.fixture
def topic() -> Topic:
    """Return a topic that matched 30 papers, of moments that often fall together."""
    made = Topic.objects.create(slug="heads", name="Heads", query="cat:cs.CV", created_at=MONDAY)
    for number in range(30):
        seen = MONDAY - CHANCE.randint(1, 12) * HOUR
        published = seen - CHANCE.choice([-1, 0, 2, 5]) * HOUR
        paper = Paper.objects.create(
            arxiv_id=f"2606.{number:05}",
            version=1,
            title="Heads",
            abstract="Heads.",
            authors=["A. Roe"],
            primary_category="cs.CV",
            categories=["cs.CV"],
            published_at=published,
            updated_at=published,
            first_seen_at=seen,
        )
        Match.objects.create(topic=made, paper=paper, score=1.0, created_at=seen)
    return made


def offers(topic: Topic) -> list[Offer]:
    """Return offers of moments on, just before and just after those of the papers."""

    def moment() -> timedelta:
        return CHANCE.randint(0, 14) * HOUR + CHANCE.choice([-1, 0, 1]) * timedelta(microseconds=1)

    made = []
    for _ in range(400):
        covered_until = CHANCE.choice([None, MONDAY - moment()])
        subscription = Subscription(
            subscriber=Subscriber(), topic=topic, created_at=MONDAY, covered_until=covered_until
        )
        made.append(
            Offer(
                subscription=subscription,
                eligibility=Eligibility(
                    joined_at=MONDAY - moment(),
                    reaches_to=MONDAY - moment(),
                    not_before=MONDAY - moment(),
                    covered_until=covered_until,
                ),
            )
        )
    return made


def test_every_offer_gets_what_it_takes(topic: Topic) -> None:
    asked = offers(topic)
    pool = CandidatePool(now=MONDAY)
    pool.cover(asked)
    dates = {paper.pk: PaperDates(paper.first_seen_at, paper.published_at) for paper in Paper.objects.all()}
    seen_by_stand = {pk: each for pk, each in dates.items() if pk in pool.dates}
    for offer in asked:
        # Each was matched when it was first seen; what was matched before its period is accounted for.
        since = offer.eligibility.since
        taken = {
            pk
            for pk, each in seen_by_stand.items()
            if offer.eligibility.takes(each) and each.first_seen_at >= since
        }
        counted = BitMap(pk for pk, each in seen_by_stand.items() if offer.eligibility.is_in_period(each))
        offered = pool.offered(offer)
        assert {each.paper_id for each in offered.candidates} == set(offered.papers) == taken
        assert offered.scanned == offered.all_in_period == counted


def test_offers_of_the_same_papers_are_gone_through_once(topic: Topic) -> None:
    asked = offers(topic)
    pool = CandidatePool(now=MONDAY)
    pool.cover(asked)
    again = CandidatePool(now=MONDAY)
    again.cover(asked)
    assert len({pool.offered(offer) for offer in asked}) < len(asked)
    for offer in asked:
        assert pool.offered(offer).candidates == again.offered(offer).candidates
