"""The stored selection: shared, refreshed only if it must be, then equal to one made at the slot."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from newsletter.core.digests.seen_papers import pack_seen
from newsletter.core.digests.selection import Place
from newsletter.models import (
    Delivery,
    Match,
    Paper,
    Selection,
    Subscriber,
    Subscription,
    SummaryRequest,
    Topic,
)
from newsletter.models.delivery import Kind, State
from newsletter.models.selection import store_selections
from newsletter.pipeline.match import match_papers
from newsletter.pipeline.schedule import plan_ahead, plan_due
from newsletter.pipeline.select.candidates import CandidatePool, Offer
from newsletter.pipeline.select.select import choose, select, select_planned, without_unsettled
from newsletter.pipeline.send.outcomes import mark_seen
from newsletter.subscribers.change import change_preferences, set_topics
from newsletter.subscribers.preferences import Preferences
from tests.fakes.papers import paper_record
from tests.pipeline.newsroom import LOOKBACK, MONDAY, SUNDAY, Newsroom

pytestmark = pytest.mark.django_db(transaction=True)

CATEGORIES = {"heads": "cs.CV", "graphs": "cs.LG", "agents": "cs.AI"}
AHEAD = MONDAY - timedelta(hours=3)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def room(tmp_path: Path) -> Newsroom:
    room = Newsroom(tmp_path)
    for slug, category in CATEGORIES.items():
        room.topic(slug, f"cat:{category}")
    return room


def take_in(room: Newsroom, number: int, *, now: datetime, subject: str = "heads") -> None:
    room.take_in(
        paper_record(number, categories=(CATEGORIES[subject],), published_at=now - timedelta(hours=9)),
        now=now,
    )


def due() -> list[Delivery]:
    rows = Delivery.objects.to_compose(now=MONDAY).order_by("pk")
    return list(rows.prefetch_related("subscriber__subscriptions__topic"))


# --- random histories ------------------------------------------------------------------------------------


class History:
    """What can happen between planning and the slot, in any order."""

    def __init__(self, room: Newsroom, chance: random.Random) -> None:
        self.room, self.chance, self.now, self.number = room, chance, AHEAD, 100

    def go_on(self) -> None:
        acts = (
            self.paper_comes,
            self.paper_comes_that_nobody_matches,
            self.paper_is_withdrawn,
            self.paper_is_revised,
            self.match_goes,
            self.query_changes,
            self.topic_ends,
            self.topics_change,
            self.preferences_change,
            self.budget_changes,
            self.digest_is_accepted,
        )
        self.chance.choice(acts)()
        self.now += self.chance.choice([timedelta(0), MINUTE, 10 * MINUTE])
        self.now = min(self.now, MONDAY)
        if self.chance.random() < 0.5:
            plan_ahead(now=self.now)
            select_planned(now=self.now, is_refreshing=self.chance.random() < 0.3)

    def paper(self) -> Paper:
        return self.chance.choice(list(Paper.objects.order_by("pk")))

    def subscriber(self) -> Subscriber:
        return self.chance.choice(list(Subscriber.objects.order_by("pk")))

    def paper_comes(self) -> None:
        self.number += 1
        take_in(self.room, self.number, now=self.now, subject=self.chance.choice(list(CATEGORIES)))

    def paper_comes_that_nobody_matches(self) -> None:
        self.paper_comes()
        Match.objects.filter(paper=Paper.objects.order_by("pk").last()).delete()

    def paper_is_withdrawn(self) -> None:
        self.revise(is_withdrawn=True)

    def paper_is_revised(self) -> None:
        self.revise(is_withdrawn=False)

    def revise(self, *, is_withdrawn: bool) -> None:
        record = self.paper().record
        self.room.take_in(
            replace(record, version=record.version + 1, is_withdrawn=is_withdrawn), now=self.now
        )

    def match_goes(self) -> None:
        Match.objects.filter(paper=self.paper()).delete()

    def query_changes(self) -> None:
        category = self.chance.choice([*CATEGORIES.values(), "cs.*"])
        Topic.objects.filter(slug="agents").update(query=f"cat:{category}", looks_back=True)
        match_papers(now=self.now, lookback=LOOKBACK)

    def topic_ends(self) -> None:
        Topic.objects.filter(slug="graphs").update(is_active=self.chance.random() < 0.5)

    def topics_change(self) -> None:
        active = list(Topic.objects.filter(is_active=True).order_by("pk").values_list("slug", flat=True))
        topics = self.chance.sample(active, k=self.chance.randint(1, len(active)))
        set_topics(self.subscriber(), topics=topics, now=self.now)

    def preferences_change(self) -> None:
        wanted = Preferences.checked(
            max_papers=self.chance.choice([1, 3, 10]),
            language=self.chance.choice(["en", "zh"]),
            cadence=self.chance.choice(["weekly:mon", "daily"]),
        )
        change_preferences(self.subscriber(), preferences=wanted, now=self.now)

    def budget_changes(self) -> None:
        Subscriber.objects.filter(pk=self.subscriber().pk).update(max_papers=self.chance.choice([1, 2, 7]))

    def digest_is_accepted(self) -> None:
        """An answer that came late: the papers of an earlier digest are seen, its period is covered."""
        subscriber = self.subscriber()
        ago = self.chance.choice([None, 1, 60, 600])
        row = Delivery(kind=Kind.DIGEST, covers_until=self.now - ago * MINUTE if ago else None)
        offered = [self.paper().pk for _ in range(3)]
        [choice] = choose([self.planned(subscriber)], now=self.now)
        papers = tuple(each for each in choice.selection.papers if each.paper_id in offered)
        [row.selection] = store_selections([replace(choice.selection, papers=papers, counted={})])
        row.topics = list(choice.selection.topics)
        mark_seen([row], {subscriber.pk: subscriber})

    def planned(self, subscriber: Subscriber) -> Delivery:
        row = Delivery.planned(
            subscriber_id=subscriber.pk, kind=Kind.DIGEST, slot_key="first", slot_at=self.now, now=self.now
        )
        row.subscriber = subscriber
        return row


@pytest.mark.parametrize("seed", range(40))
def test_a_refreshed_selection_is_the_one_made_at_the_slot(room: Newsroom, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  # the same history in every run
    for number in range(1, 16):
        subject = chance.choice(list(CATEGORIES))
        take_in(room, number, now=SUNDAY + timedelta(minutes=chance.randrange(600)), subject=subject)
    for number in range(4):
        topics = chance.sample(list(CATEGORIES), k=chance.randint(1, 3))
        room.subscriber(f"reader{number}@example.org", ",".join(topics), max_papers=chance.choice([1, 3, 10]))
    Subscription.objects.filter(
        pk__in=list(Subscription.objects.order_by("pk").values_list("pk", flat=True))[::2]
    ).update(covered_until=SUNDAY + timedelta(hours=3))
    plan_ahead(now=AHEAD)
    select_planned(now=AHEAD)
    history = History(room, chance)
    for _ in range(8):
        history.go_on()
    plan_due(now=MONDAY)
    rows = due()
    anew = [choice.selection for choice in choose(rows, now=MONDAY)]
    refreshed = [choice.selection for choice in select(rows, now=MONDAY)]
    assert refreshed == anew
    assert [row.selected for row in due()] == anew
    assert {want.paper_id for choice in choose(rows, now=MONDAY) for want in choice.wanted()} <= set(
        SummaryRequest.objects.values_list("paper_id", flat=True)
    )


# --- what is stored --------------------------------------------------------------------------------------


@pytest.fixture
def planned(room: Newsroom) -> Newsroom:
    """Return three readers of one kind, and one who has had a paper; all planned ahead and selected."""
    for number in range(1, 6):
        take_in(room, number, now=SUNDAY + timedelta(hours=1))
    for number in range(4):
        room.subscriber(f"reader{number}@example.org", "heads,graphs", max_papers=2)
    first = Paper.objects.order_by("pk")[0]
    subscriber = Subscriber.objects.get(email="reader3@example.org")
    subscriber.seen_papers = pack_seen([first.pk])
    subscriber.save()
    plan_ahead(now=AHEAD)
    select_planned(now=AHEAD)
    return room


@pytest.mark.usefixtures("planned")
def test_subscribers_who_are_offered_the_same_share_one_row() -> None:
    rows = list(Delivery.objects.order_by("subscriber__email"))
    assert len({row.selection_id for row in rows}) == 2
    assert len({row.selection_id for row in rows[:3]}) == 1
    heads = Topic.objects.get(slug="heads").pk
    selection = rows[0].selected
    assert [(each.place, each.topic) for each in selection.papers] == [
        (Place.SUMMARIZED, heads),
        (Place.SUMMARIZED, heads),
        *[(Place.LISTED, heads)] * 3,
    ]
    assert selection.scanned == 5


@pytest.mark.usefixtures("planned")
def test_nothing_is_selected_again_while_its_inputs_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CandidatePool, "cover", None)
    before = list(Delivery.objects.order_by("pk").values("pk", "selection", "selection_inputs"))
    plan_due(now=MONDAY)
    select(due(), now=MONDAY)
    select_planned(now=MONDAY, is_refreshing=True)
    assert list(Delivery.objects.order_by("pk").values("pk", "selection", "selection_inputs")) == before


@pytest.mark.usefixtures("planned")
def test_only_whose_inputs_changed_is_selected_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    cover = CandidatePool.cover

    def counting(pool: CandidatePool, offers: Iterable[Offer]) -> None:
        offers = list(offers)
        asked.append(len(offers))
        cover(pool, offers)

    monkeypatch.setattr(CandidatePool, "cover", counting)
    Subscriber.objects.filter(email="reader1@example.org").update(max_papers=5)
    plan_due(now=MONDAY)
    select(due(), now=MONDAY)
    assert [number for number in asked if number] == [2]  # one reader's two topics


@pytest.mark.usefixtures("planned")
def test_papers_that_no_topic_asks_for_have_no_selection_made_anew(
    room: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = list(Delivery.objects.order_by("pk").values("pk", "selection", "selection_inputs"))
    room.take_in(paper_record(50, categories=("q-bio.NC", "cs.AI"), published_at=AHEAD - MINUTE), now=AHEAD)
    monkeypatch.setattr(CandidatePool, "cover", None)
    select_planned(now=AHEAD, is_refreshing=True)
    assert list(Delivery.objects.order_by("pk").values("pk", "selection", "selection_inputs")) == before


def test_an_unmatched_paper_of_a_category_that_a_topic_asks_for_is_counted(planned: Newsroom) -> None:
    take_in(planned, 50, now=AHEAD)
    Match.objects.filter(paper__arxiv_id="2606.00050").delete()
    scanned = [row.selected.scanned for row in Delivery.objects.order_by("pk")]
    select_planned(now=AHEAD, is_refreshing=True)
    assert [row.selected.scanned for row in Delivery.objects.order_by("pk")] == [each + 1 for each in scanned]


@pytest.mark.parametrize("seed", range(5))
def test_what_many_share_is_what_each_would_get_alone(room: Newsroom, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311  # the same readers in every run
    for number in range(1, 21):
        at = MONDAY - timedelta(hours=chance.choice([1, 30, 100, 200]))
        take_in(room, number, now=at, subject=chance.choice(list(CATEGORIES)))
    papers = list(Paper.objects.order_by("pk").values_list("pk", flat=True))
    for number in range(25):
        topics = chance.choice(["heads", "heads,graphs", "agents,heads"])
        reader = room.subscriber(f"r{number}@example.org", topics, max_papers=chance.choice([2, 4]))
        reader.joined_at = MONDAY - timedelta(hours=chance.choice([24, 900, 901]))
        reader.seen_papers = pack_seen(chance.sample(papers, chance.choice([0, 0, 1])))
        reader.save()
        ago = timedelta(hours=chance.choice([60, 61]))
        reader.subscriptions.filter(
            pk__in=list(reader.subscriptions.order_by("pk").values_list("pk", flat=True))[:2]
        ).update(created_at=reader.joined_at, covered_until=chance.choice([None, MONDAY - ago]))
    plan_ahead(now=AHEAD)
    rows = list(Delivery.objects.order_by("pk").prefetch_related("subscriber__subscriptions__topic"))
    together = [choice.selection for choice in choose(rows, now=AHEAD)]
    assert together == [choose([row], now=AHEAD)[0].selection for row in rows]
    assert 1 < len({id(each) for each in together}) < len(rows)


def test_statements_do_not_grow_with_subscribers(room: Newsroom) -> None:
    take_in(room, 1, now=SUNDAY + timedelta(hours=1))
    counts = []
    for batch, more in enumerate((1, 1, 30)):  # the first also stores the papers' vectors
        for number in range(more):
            room.subscriber(f"reader{batch}-{number}@example.org", "heads,graphs")
        plan_ahead(now=AHEAD)
        with CaptureQueriesContext(connection) as queries:
            select_planned(now=AHEAD)
        counts.append(len(queries))
    assert counts[1] == counts[2]


@pytest.mark.usefixtures("planned")
def test_one_whose_papers_cannot_be_selected_holds_up_no_other(caplog: pytest.LogCaptureFixture) -> None:
    Delivery.objects.update(selection=None)
    Subscriber.objects.filter(email="reader0@example.org").update(timezone="Mars/Olympus")
    select_planned(now=AHEAD)
    without = Delivery.objects.filter(selection=None).values_list("subscriber__email", flat=True)
    assert list(without) == ["reader0@example.org"]
    assert "could not be selected" in caplog.text


@pytest.mark.usefixtures("planned")
def test_a_subscriber_whose_last_digest_is_being_sent_waits() -> None:
    Delivery.objects.update(selection=None)
    row = Delivery.objects.get(subscriber__email="reader0@example.org")
    sending = Delivery.planned(
        subscriber_id=row.subscriber_id, kind=Kind.DIGEST, slot_key="x", slot_at=SUNDAY, now=SUNDAY
    )
    sending.state = State.SENDING
    sending.save()
    select_planned(now=AHEAD)
    assert list(Delivery.objects.filter(state=State.PLANNED, selection=None)) == [row]
    assert without_unsettled([row]) == []


def test_what_composing_moved_is_written_back_and_selected_places_stay(planned: Newsroom) -> None:
    planned.run(MONDAY)
    row = Delivery.objects.filter(subscriber__email="reader0@example.org").get()
    assert row.state == State.ACCEPTED
    moved = row.selected.with_places(dict.fromkeys(row.paper_ids, Place.COUNTED))
    assert moved.shown(Place.COUNTED) == [each.paper_id for each in row.selected.papers]
    assert len(moved.chosen) == 2
    assert Selection.objects.filter(pk=row.selection_id).exists()
