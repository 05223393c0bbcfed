"""Which summaries are asked for: what digests of the coming hours show, chosen as composing will choose."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from pathlib import Path

import pytest
import time_machine
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from newsletter.adapters.llm.extractive import ExtractiveSummariser
from newsletter.adapters.llm.genai import GenaiSummariser
from newsletter.core.delivery.spreading import planning_lead
from newsletter.core.digests.seen_papers import pack_seen
from newsletter.core.summaries.summary import DetailLevel, Wanted
from newsletter.models import (
    Delivery,
    Paper,
    Selection,
    Subscriber,
    Subscription,
    Summary,
    SummaryRequest,
    Topic,
)
from newsletter.models.delivery import TRANSACTIONAL, Kind, State
from newsletter.pipeline import tasks as work
from newsletter.pipeline.schedule import plan_ahead, plan_due
from newsletter.pipeline.select.select import choose, select_planned, without_unsettled
from newsletter.pipeline.summarize.generate import write_summaries
from newsletter.pipeline.summarize.store import Fallback, open_requests
from newsletter.subscribers.change import change_preferences, pause
from newsletter.subscribers.preferences import Preferences
from newsletter.subscribers.unsubscribe import unsubscribe
from tests.fakes.gemini_server import GeminiServer
from tests.fakes.papers import paper_record
from tests.pipeline.newsroom import MONDAY, NEXT_MONDAY, SUNDAY, Newsroom

pytestmark = pytest.mark.django_db(transaction=True)

AHEAD = MONDAY - timedelta(hours=1)
TOPICS = {
    "heads": "cat:cs.CV AND ti:heads",
    "graphs": "cat:cs.LG AND ti:graphs",
    "agents": "cat:cs.AI AND ti:agents",
}
CATEGORIES = {"heads": "cs.CV", "graphs": "cs.LG", "agents": "cs.AI"}


@pytest.fixture
def gemini() -> Iterator[GeminiServer]:
    with GeminiServer() as server:
        yield server


@pytest.fixture
def model(gemini: GeminiServer) -> GenaiSummariser:
    return GenaiSummariser(api_key="k", model="m", endpoint=gemini.url, max_attempts=1)


@pytest.fixture
def room(tmp_path: Path, model: GenaiSummariser) -> Newsroom:
    room = Newsroom(tmp_path, summariser=model)
    for slug, query in TOPICS.items():
        room.topic(slug, query)
    return room


def take_in(room: Newsroom, *numbers: int, now: datetime, subject: str = "heads") -> None:
    papers = (
        paper_record(
            number,
            title=f"Paper {number} on {subject}",
            categories=(CATEGORIES[subject],),
            published_at=now - timedelta(hours=10),
        )
        for number in numbers
    )
    room.take_in(*papers, now=now)


def coming(room: Newsroom, now: datetime) -> list[tuple[str, str, DetailLevel, datetime | None]]:
    """Plan and select as a worker does at this moment; return what is asked for then."""
    assert room.summariser is not None
    plan_ahead(now=now)
    select_planned(now=now)
    names = dict(Paper.objects.values_list("pk", "arxiv_id"))
    wanted = open_requests(now=now, summariser=room.summariser)
    return [(names[want.paper_id], want.language, want.detail, want.due_at) for want in wanted]


def test_only_digests_that_were_planned_count(room: Newsroom) -> None:
    subscriber = room.subscriber("a@example.org", "heads")
    take_in(room, 1, now=SUNDAY + timedelta(hours=1))
    planned_at = MONDAY - planning_lead(subscriber.pk)
    assert coming(room, planned_at - timedelta(seconds=1)) == []
    assert coming(room, planned_at) == [("2606.00001", "en", DetailLevel.TAKEAWAYS, MONDAY)]
    assert coming(room, MONDAY) == [("2606.00001", "en", DetailLevel.TAKEAWAYS, MONDAY)]
    room.run(MONDAY)
    assert coming(room, MONDAY) == []
    assert not SummaryRequest.objects.exists()


def test_the_soonest_come_first_each_once_a_form(room: Newsroom) -> None:
    room.subscriber("late@example.org", "heads", at="09:30", depth="reading")
    room.subscriber("soon@example.org", "graphs", at="08:00")
    room.subscriber("also@example.org", "graphs", at="09:00")
    room.subscriber("zh@example.org", "graphs", at="09:00", language="zh")
    take_in(room, 1, now=SUNDAY + timedelta(hours=1))
    take_in(room, 2, now=SUNDAY + timedelta(hours=1), subject="graphs")
    assert coming(room, MONDAY - timedelta(hours=1)) == [
        ("2606.00002", "en", DetailLevel.TAKEAWAYS, MONDAY),
        ("2606.00002", "zh-hans", DetailLevel.TAKEAWAYS, MONDAY + timedelta(hours=1)),
        ("2606.00001", "en", DetailLevel.READING, MONDAY + timedelta(hours=1.5)),
    ]


def test_subscribers_who_will_get_nothing_do_not_count(room: Newsroom) -> None:
    for name in ("left", "paused", "inactive"):
        room.subscriber(f"{name}@example.org", "graphs" if name == "inactive" else "heads")
    Subscriber.objects.filter(email="left@example.org").update(status="unsubscribed")
    Subscriber.objects.filter(email="paused@example.org").update(paused_until=MONDAY + timedelta(days=1))
    Topic.objects.filter(slug="graphs").update(is_active=False)
    take_in(room, 1, now=SUNDAY + timedelta(hours=1))
    assert coming(room, MONDAY - timedelta(hours=1)) == []


def test_what_is_written_or_given_up_is_not_wanted_again(room: Newsroom, model: GenaiSummariser) -> None:
    subscriber = room.subscriber("a@example.org", "heads")
    take_in(room, 1, 2, now=SUNDAY + timedelta(hours=1))
    now = MONDAY - timedelta(hours=1)
    first = Paper.objects.order_by("pk")[0]
    write_summaries([Wanted(first.pk, "en", DetailLevel.TAKEAWAYS)], summariser=model, now=now)
    assert [paper for paper, *_ in coming(room, now)] == ["2606.00002"]
    # A deeper wish is another one.
    Subscriber.objects.filter(pk=subscriber.pk).update(depth="reading")
    assert len(coming(room, now)) == 2


def test_papers_of_a_period_that_is_accounted_for_are_not_wanted(room: Newsroom) -> None:
    """The digest will not offer them: a summary would be paid for and shown to nobody."""
    room.subscriber("a@example.org", "heads", now=SUNDAY - timedelta(days=30))
    take_in(room, 1, now=SUNDAY - timedelta(days=3))
    Subscriber.objects.update(next_slot_at=MONDAY)
    assert len(coming(room, MONDAY - timedelta(hours=1))) == 1
    Subscription.objects.update(covered_until=SUNDAY)
    select_planned(now=MONDAY - timedelta(hours=1), is_refreshing=True)
    assert coming(room, MONDAY - timedelta(hours=1)) == []


def test_a_service_without_a_model_looks_at_nothing() -> None:
    with CaptureQueriesContext(connection) as queries:
        assert open_requests(now=MONDAY, summariser=ExtractiveSummariser()) == []
    assert len(queries) == 0


def test_more_subscribers_take_no_more_queries(room: Newsroom) -> None:
    take_in(room, 1, 2, now=SUNDAY + timedelta(hours=1))
    counts = []
    for batch, more in enumerate((1, 1, 20)):  # the first also stores the papers' vectors
        for number in range(more):
            room.subscriber(f"reader{batch}-{number}@example.org", "heads,graphs")
        with CaptureQueriesContext(connection) as queries:
            coming(room, MONDAY - timedelta(hours=1))
        counts.append(len(queries))
    assert counts[1] == counts[2]


def test_each_selection_is_read_once(room: Newsroom, model: GenaiSummariser) -> None:
    """By the look for open requests; selecting knows what it has just selected."""
    take_in(room, 1, 2, now=SUNDAY + timedelta(hours=1))
    read: list[str] = []
    for number in (1, 2, 2):
        room.subscriber(f"r{len(read)}@example.org", "heads", max_papers=number)
        plan_ahead(now=AHEAD)
        with CaptureQueriesContext(connection) as queries:
            select_planned(now=AHEAD)
        assert not selections_read(queries)
        with CaptureQueriesContext(connection) as queries:
            open_requests(now=AHEAD, summariser=model)
        read += [selections_read(queries)]
    first, second = Selection.objects.order_by("used_at").values_list("checksum", flat=True)
    assert [{key for key in (first, second) if key in sql} for sql in read] == [{first}, {second}, set()]


def selections_read(queries: CaptureQueriesContext) -> str:
    """Return the queries that read what selections hold."""
    return " ".join(query["sql"] for query in queries if '"newsletter_selection"."content"' in query["sql"])


@pytest.mark.parametrize("seed", range(2))
def test_it_asks_for_what_composing_will_show(room: Newsroom, model: GenaiSummariser, seed: int) -> None:
    """Readers of many kinds: what they have had, when they joined, what each topic's own cadence is."""
    chance = random.Random(seed)  # noqa: S311  # the same readers in every run
    for number in range(1, 61):
        subject = chance.choice(list(TOPICS))
        seen = MONDAY - timedelta(days=chance.choice([20, 9, 5, 3, 1]), hours=chance.randrange(10))
        take_in(room, number, now=seen, subject=subject)
    for number in range(40):
        add_subscriber(room, number, chance=chance)
    due = Subscriber.objects.filter(next_slot_at__gt=AHEAD, next_slot_at__lte=MONDAY).count()
    coming(room, AHEAD)
    ahead = {want: want.due_at for want in open_requests(now=AHEAD, summariser=model)}
    assert (plan_due(now=MONDAY), Delivery.objects.to_compose(now=MONDAY).count()) == (0, due)
    at_the_slot = chosen(now=MONDAY)
    assert due > 10
    assert ahead.keys() >= at_the_slot > set()
    assert {ahead[want] for want in at_the_slot} == {MONDAY}
    # Later slots of the three hours are in it too, and nothing else.
    assert {due_at for want, due_at in ahead.items() if want not in at_the_slot} <= {
        MONDAY + timedelta(hours=1)
    }


def chosen(*, now: datetime, transactional: bool = False) -> set[Wanted]:
    """Return what composing would show in all that is due."""
    due = Delivery.objects.to_compose(now=now).filter(TRANSACTIONAL if transactional else Q())
    rows = list(due.prefetch_related("subscriber__subscriptions__topic"))
    return {want for choice in choose(without_unsettled(rows), now=now) for want in choice.wanted()}


@pytest.mark.parametrize("transactional", [False, True])
def test_at_the_slot_it_wants_what_composing_will_choose(
    room: Newsroom, model: GenaiSummariser, transactional: bool
) -> None:
    """Digests of more readers than one, and more than one of a reader, some awaited, some that must wait."""
    chance = random.Random(7)  # noqa: S311  # the same readers in every run
    for number in range(1, 31):
        take_in(
            room, number, now=MONDAY - timedelta(days=number % 9, hours=1), subject=list(TOPICS)[number % 3]
        )
    for number in range(20):
        add_subscriber(room, number, chance=chance)
    plan_due(now=MONDAY)
    first, second, third = Delivery.objects.filter(state=State.PLANNED).order_by("slot_at", "pk")[:3]
    Delivery.objects.filter(pk=first.pk).update(is_on_demand=True)
    Delivery.planned(
        subscriber_id=second.subscriber_id, kind=Kind.DIGEST, slot_key="first", slot_at=SUNDAY, now=MONDAY
    ).save()
    sending = Delivery.planned(
        subscriber_id=third.subscriber_id, kind=Kind.DIGEST, slot_key="x", slot_at=SUNDAY, now=MONDAY
    )
    sending.state = State.SENDING
    sending.save()
    select_planned(now=MONDAY)
    wanted = open_requests(now=MONDAY, summariser=model, transactional=transactional or None)
    assert set(wanted) == chosen(now=MONDAY, transactional=transactional) > set()
    due_at = [want.due_at for want in wanted if want not in chosen(now=MONDAY, transactional=True)]
    assert due_at == sorted(at for at in due_at if at)


@pytest.mark.parametrize("how", ["left", "paused", "changed", "composed"])
def test_what_is_planned_no_longer_asks_for_nothing_more(room: Newsroom, how: str) -> None:
    subscriber, other = (room.subscriber(f"{name}@example.org", "heads") for name in ("one", "other"))
    Subscriber.objects.filter(pk=other.pk).update(next_slot_at=MONDAY + timedelta(minutes=30))
    other.refresh_from_db()
    Subscriber.objects.filter(pk=other.pk).update(at=time(8, 30))
    take_in(room, 1, now=SUNDAY + timedelta(hours=1))
    assert coming(room, AHEAD) == [("2606.00001", "en", DetailLevel.TAKEAWAYS, MONDAY)]
    match how:
        case "left":
            unsubscribe(subscriber, source="test", now=AHEAD)
        case "paused":
            pause(subscriber, until=NEXT_MONDAY.date(), now=AHEAD)
        case "changed":
            change_preferences(subscriber, preferences=Preferences.checked(cadence="weekly:tue"), now=AHEAD)
        case "composed":
            Delivery.objects.filter(subscriber=subscriber).update(state=State.COMPOSED)
    later = MONDAY + timedelta(minutes=30)
    # The request stays for the digest that is left, and is as soon as that one.
    assert coming(room, AHEAD) == [("2606.00001", "en", DetailLevel.TAKEAWAYS, later)]
    unsubscribe(other, source="test", now=AHEAD)
    assert coming(room, AHEAD) == []
    assert not SummaryRequest.objects.exists()


def test_what_a_new_version_made_obsolete_is_not_asked_for(room: Newsroom) -> None:
    room.subscriber("a@example.org", "heads")
    take_in(room, 1, now=SUNDAY + timedelta(hours=1))
    coming(room, AHEAD)
    Paper.objects.update(version=2)
    assert len(coming(room, AHEAD)) == 1
    assert [row.paper_version for row in SummaryRequest.objects.all()] == [2]


def test_a_full_text_that_was_late_for_one_digest_is_asked_for_again_for_a_later_one(
    room: Newsroom, model: GenaiSummariser
) -> None:
    room.subscriber("a@example.org", "heads", depth="reading")
    take_in(room, 1, now=SUNDAY + timedelta(hours=1))
    [paper] = Paper.objects.all()
    write_summaries([Wanted(paper.pk, "en", DetailLevel.TAKEAWAYS)], summariser=model, now=AHEAD)
    Summary.objects.filter(model="m").update(fallback=Fallback.FULL_TEXT_LATE)
    assert len(coming(room, AHEAD)) == 1
    assert coming(room, MONDAY) == []  # nobody waits for it
    Summary.objects.filter(model="m").update(fallback=Fallback.NO_FULL_TEXT)
    assert coming(room, AHEAD) == []


def add_subscriber(room: Newsroom, number: int, *, chance: random.Random) -> None:
    topics = chance.sample(list(TOPICS), k=chance.randint(1, 3))
    joined = MONDAY - timedelta(days=chance.choice([60, 30, 6, 2]), hours=1)
    subscriber = room.subscriber(
        f"reader{number}@example.org",
        ",".join(topics),
        now=joined,
        cadence=chance.choice(["weekly:mon", "daily", "biweekly:mon", "monthly:15", "weekdays"]),
        language=chance.choice(["en", "zh"]),
        depth=chance.choice([depth.value for depth in DetailLevel]),
        max_papers=chance.choice([1, 3, 10, 50]),
    )
    for subscription in Subscription.objects.filter(subscriber=subscriber).order_by("pk"):
        subscription.cadence = chance.choice(["", "", "weekly:mon", "weekly:tue", "monthly:15"])
        subscription.covered_until = chance.choice([None, MONDAY - timedelta(days=7)])
        subscription.save()
    subscriber.seen_papers = pack_seen(
        pk for pk in Paper.objects.order_by("pk").values_list("pk", flat=True) if chance.random() < 0.2
    )
    subscriber.at = time(chance.choice([8, 8, 8, 9]))
    subscriber.next_slot_at = subscriber.next_slot(after=MONDAY - timedelta(hours=1)).at
    subscriber.save()


def test_a_date_on_which_a_digest_was_asked_for_has_no_other(room: Newsroom) -> None:
    subscriber = room.subscriber("a@example.org", "heads")
    take_in(room, 1, now=SUNDAY + timedelta(hours=1))
    delivery = Delivery.planned(
        subscriber_id=subscriber.pk, kind=Kind.DIGEST, slot_key="2026-06-15", slot_at=MONDAY, now=MONDAY
    )
    delivery.is_on_demand, delivery.state = True, State.ACCEPTED
    delivery.save()
    assert coming(room, MONDAY - timedelta(hours=1)) == []


def test_the_task_writes_them_before_they_are_due(
    room: Newsroom, gemini: GeminiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        room.subscriber(f"reader{number}@example.org", "heads", depth=list(DetailLevel)[number % 2].value)
    take_in(room, 1, 2, now=SUNDAY + timedelta(hours=1))
    monkeypatch.setattr(work, "context", lambda: room.context)
    with time_machine.travel(MONDAY - timedelta(hours=1)):
        work.tick()
        work.summarize()
        work.summarize()
    assert gemini.calls == 2
    assert room.run(MONDAY).summarised.model == 0
    assert gemini.calls == 2
