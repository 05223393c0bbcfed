"""The whole pass on a small newsroom: when a digest is due, what it offers, what it accounts for."""

from __future__ import annotations

import re
import socket
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from newsletter.adapters.ports import Verdict
from newsletter.audience.topics import add_topic
from newsletter.errors import TemporaryError
from newsletter.models import Delivery, GatherRun, Incident, Paper, SendPause, Subscriber, Subscription, Topic
from newsletter.models.delivery import FIRST, Cause, Kind, State
from newsletter.pipeline.context import Context
from newsletter.pipeline.gather import gather_papers
from newsletter.pipeline.schedule import plan_due
from newsletter.subscribers.unsubscribe import unsubscribe
from tests.fakes.mailer import ScriptedMailer, answer
from tests.fakes.papers import ListSource, paper_record
from tests.pipeline.deliveries import digest
from tests.pipeline.newsroom import (
    FRIDAY,
    LOOKBACK,
    MONDAY,
    NEXT_MONDAY,
    SUNDAY,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    Newsroom,
    account,
    body,
    states,
)

ANNOUNCED_ON_SUNDAY = SUNDAY - timedelta(days=2)
pytestmark = pytest.mark.django_db(transaction=True)
DEAD = f"{socket.gethostname()[:40]}/999999999/1.0"
"""The boot id of a process of this machine that is gone."""
GRAPHS = {
    "title": "Graphs at Scale",
    "abstract": "Graphs grow. We prove that 7 suffice.",
    "categories": ("cs.LG",),
}


@pytest.fixture
def room(tmp_path: Path) -> Newsroom:
    room = Newsroom(tmp_path / "outbox")
    room.topic("heads", "cat:cs.CV AND ti:heads")
    room.topic("graphs", "cat:cs.LG AND ti:graphs")
    return room


def test_a_digest_comes_at_its_slot_and_not_before(room: Newsroom) -> None:
    room.subscriber("a@example.org", "heads")
    room.take_in(paper_record(1), now=SUNDAY + timedelta(hours=1))
    assert room.run(MONDAY - timedelta(seconds=1)).deliveries == {}
    report = room.run(MONDAY)
    assert report.deliveries == {"ACCEPTED": 1}
    assert report.next_due_at == NEXT_MONDAY
    assert room.run(MONDAY + timedelta(hours=1)).deliveries == {}
    assert len(room.mails()) == 1


def test_a_pass_composes_what_a_pass_that_was_killed_had_taken(room: Newsroom) -> None:
    subscriber = room.subscriber("a@example.org", "heads")
    room.take_in(paper_record(1), now=SUNDAY + timedelta(hours=1))
    plan_due(now=MONDAY)
    Delivery.objects.update(attempt=1, lease_owner=DEAD, lease_until=timezone.now() + timedelta(minutes=5))
    assert room.run(MONDAY).deliveries == {"ACCEPTED": 1}
    assert states(subscriber) == [("2026-06-15", "ACCEPTED")]


def test_no_paper_comes_twice(room: Newsroom) -> None:
    subscriber = room.subscriber("a@example.org", "heads", cadence="daily")
    room.take_in(paper_record(1), now=SUNDAY + timedelta(hours=1))
    room.run(MONDAY)
    room.take_in(paper_record(1, version=2), paper_record(2), now=MONDAY + timedelta(hours=1))
    room.run(TUESDAY)
    assert account(subscriber) == [(1, 0, 0, 1), (1, 0, 0, 1)]
    first, second = room.texts()
    assert "2606.00001v1" in first
    assert "2606.00002v1" in second
    assert "2606.00001" not in second


def test_of_several_passed_slots_only_the_latest_is_delivered(room: Newsroom) -> None:
    subscriber = room.subscriber("a@example.org", "heads", cadence="daily")
    room.take_in(paper_record(1), now=SUNDAY + timedelta(hours=1))
    room.run(THURSDAY + timedelta(hours=2))
    assert states(subscriber) == [("2026-06-18", "ACCEPTED")]


def test_it_offers_what_was_published_a_week_before_joining_and_no_more(room: Newsroom) -> None:
    subscriber = room.subscriber("a@example.org", "heads", now=FRIDAY)
    room.take_in(
        paper_record(1, published_at=FRIDAY - timedelta(days=6)),
        paper_record(2, published_at=FRIDAY - timedelta(days=8)),
        now=THURSDAY,
    )
    room.run(NEXT_MONDAY)
    assert account(subscriber) == [(1, 0, 0, 1)]


def test_a_paper_seen_after_joining_is_offered_however_old_it_is(room: Newsroom) -> None:
    subscriber = room.subscriber("a@example.org", "heads", now=SUNDAY)
    room.take_in(paper_record(1, published_at=SUNDAY - timedelta(days=13)), now=SUNDAY + timedelta(hours=2))
    room.run(MONDAY)
    assert account(subscriber) == [(1, 0, 0, 1)]


def test_n_of_m_adds_up(room: Newsroom) -> None:
    subscriber = room.subscriber("a@example.org", "heads,graphs", max_papers=2)
    heads = [paper_record(number) for number in range(1, 16)]
    others = [paper_record(number, title="Cats") for number in range(20, 25)]
    elsewhere = [paper_record(number, title="Stars", categories=("astro-ph.EP",)) for number in range(30, 33)]
    graph = paper_record(40, **GRAPHS)
    room.take_in(*heads, *others, *elsewhere, graph, now=SUNDAY + timedelta(hours=1))
    room.run(MONDAY)
    # One topic with 15 matches does not crowd out the one with a single match; M leaves out other archives.
    assert account(subscriber) == [(2, 6, 8, 21)]
    [text] = room.texts()
    assert "Graphs at Scale" in text


def test_a_daily_subscriber_gets_no_empty_mail_and_is_told_later(room: Newsroom) -> None:
    subscriber = room.subscriber("a@example.org", "heads", cadence="daily")
    room.run(MONDAY)
    room.run(TUESDAY)
    room.take_in(paper_record(1), now=TUESDAY + timedelta(hours=1))
    room.run(WEDNESDAY)
    assert [state for _, state in states(subscriber)] == ["SKIPPED", "SKIPPED", "ACCEPTED"]
    [text] = room.texts()
    assert "15" in text
    assert "16 June" in text


def test_a_weekly_subscriber_gets_a_short_mail_when_nothing_matched(room: Newsroom) -> None:
    subscriber = room.subscriber("a@example.org", "heads")
    room.take_in(paper_record(1, title="Cats"), now=SUNDAY + timedelta(hours=1))
    room.run(MONDAY)
    assert states(subscriber) == [("2026-06-15", "ACCEPTED")]
    assert account(subscriber) == [(0, 0, 0, 1)]
    assert "1 new paper was compared with your topics" in room.texts()[0]


def test_a_topic_with_a_cadence_of_its_own_shares_one_mail_a_date(room: Newsroom) -> None:
    subscriber = room.subscriber("a@example.org", "heads,graphs")
    Subscription.objects.filter(subscriber=subscriber, topic__slug="heads").update(cadence="daily")
    Subscriber.objects.update(next_slot_at=MONDAY)
    room.take_in(paper_record(1), paper_record(40, **GRAPHS), now=SUNDAY + timedelta(hours=1))
    room.run(MONDAY)
    room.take_in(paper_record(2), paper_record(41, **GRAPHS), now=MONDAY + timedelta(hours=1))
    room.run(TUESDAY)
    assert account(subscriber) == [(2, 0, 0, 2), (1, 0, 0, 1)]
    room.run(NEXT_MONDAY)
    assert account(subscriber)[-1] == (1, 0, 0, 1)


def test_a_withdrawn_paper_is_never_sent(room: Newsroom) -> None:
    subscriber = room.subscriber("a@example.org", "heads")
    room.take_in(paper_record(1), paper_record(2), now=SUNDAY + timedelta(hours=1))
    room.take_in(paper_record(1, version=2, is_withdrawn=True), now=SUNDAY + timedelta(hours=2))
    room.run(MONDAY)
    assert account(subscriber) == [(1, 0, 0, 1)]
    assert "2606.00001" not in room.texts()[0]


def test_where_arxiv_never_answered_nothing_is_claimed_of_it(room: Newsroom) -> None:
    room.subscriber("a@example.org", "heads")
    room.subscriber("b@example.org", "heads", language="zh")
    gather_papers(ListSource(error=TemporaryError("503")), now=SUNDAY, lookback=LOOKBACK)
    room.run(MONDAY)
    texts = [" ".join(text.replace("\u00a0", " ").split()) for text in room.texts()]
    english, chinese = sorted(texts, key=lambda text: "未能" in text)
    assert "arXiv could not be asked, so what is new there is not known yet." in english
    assert "What has come out meanwhile will be in it." in english
    assert "arXiv gave no answer on 14 June." in english
    assert not re.search("0 new|came out in your fields|wider topic|matched", english)
    assert "未能连接" in chinese
    assert not re.search("没有更新|放宽", chinese)


def test_no_day_is_called_empty_on_which_arxiv_had_not_answered(room: Newsroom) -> None:
    subscriber = room.subscriber("a@example.org", "heads", cadence="daily")
    room.take_in(
        paper_record(1, title="Cats", published_at=ANNOUNCED_ON_SUNDAY), now=MONDAY - timedelta(hours=1)
    )
    room.run(MONDAY)
    gather_papers(ListSource(error=TemporaryError("503")), now=MONDAY + timedelta(hours=9), lookback=LOOKBACK)
    room.run(TUESDAY)
    room.take_in(paper_record(2), now=TUESDAY + timedelta(hours=1))
    room.run(WEDNESDAY)
    assert [state for _, state in states(subscriber)] == ["SKIPPED", "SKIPPED", "ACCEPTED"]
    said = " ".join(room.texts()[0].replace("\u00a0", " ").split())
    assert "Nothing matched your topics on 15 June." in said
    assert "No mail came on 16 June, when arXiv could not be asked." in said


def test_a_failed_gather_stands_in_the_opening_until_one_succeeds(room: Newsroom) -> None:
    room.subscriber("a@example.org", "heads", cadence="daily")
    room.take_in(paper_record(1, published_at=ANNOUNCED_ON_SUNDAY), now=SUNDAY + timedelta(hours=1))
    failing = ListSource(error=TemporaryError("arXiv answered 503"))
    gather_papers(failing, now=SUNDAY + timedelta(hours=9), lookback=LOOKBACK)
    room.run(MONDAY)
    room.take_in(paper_record(2, published_at=ANNOUNCED_ON_SUNDAY), now=MONDAY + timedelta(hours=1))
    room.run(TUESDAY)
    failed, healed = room.texts()
    # The footer names that date too: it is when the reader was added.
    assert (failed.count("14 June"), healed.count("14 June")) == (2, 1)
    assert GatherRun.objects.exclude(error="").count() == 1


def test_a_subscriber_who_left_gets_nothing(room: Newsroom) -> None:
    subscriber = room.subscriber("a@example.org", "heads")
    room.take_in(paper_record(1), now=SUNDAY + timedelta(hours=1))
    unsubscribe(subscriber, source="test", now=MONDAY - timedelta(minutes=1))
    assert room.run(MONDAY).deliveries == {}
    assert room.mails() == []


def test_a_paused_subscriber_gets_one_catch_up(room: Newsroom) -> None:
    subscriber = room.subscriber("a@example.org", "heads", cadence="daily")
    Subscriber.objects.update(paused_until=WEDNESDAY + timedelta(hours=1))
    room.take_in(paper_record(1), now=SUNDAY + timedelta(hours=1))
    for moment in (MONDAY, TUESDAY, WEDNESDAY):
        room.run(moment)
    assert room.mails() == []
    room.run(THURSDAY)
    assert states(subscriber) == [("2026-06-18", "ACCEPTED")]


def test_papers_of_a_digest_that_never_went_out_are_offered_again(room: Newsroom) -> None:
    subscriber = room.subscriber("a@example.org", "heads", cadence="daily")
    room.take_in(paper_record(1), now=SUNDAY + timedelta(hours=1))
    room.run(MONDAY)
    Delivery.objects.update(state=State.AMBIGUOUS, next_attempt_at=None)
    Subscriber.objects.update(seen_papers=b"")
    Subscription.objects.update(covered_until=None)
    room.take_in(paper_record(2), now=MONDAY + timedelta(hours=1))
    room.run(TUESDAY)
    assert account(subscriber)[-1] == (2, 0, 0, 2)


def test_a_digest_that_was_overtaken_by_the_next_slot_expires(room: Newsroom) -> None:
    subscriber = room.subscriber("a@example.org", "heads", cadence="daily")
    room.take_in(paper_record(1), now=SUNDAY + timedelta(hours=1))
    room.run(MONDAY)
    Delivery.objects.update(state=State.COMPOSED, next_attempt_at=None)
    Subscriber.objects.update(seen_papers=b"")
    Subscription.objects.update(covered_until=None)
    room.run(TUESDAY)
    assert states(subscriber) == [("2026-06-15", "EXPIRED"), ("2026-06-16", "ACCEPTED")]


def test_a_topic_added_by_a_subscriber_later_reaches_back_fourteen_days(room: Newsroom) -> None:
    subscriber = room.subscriber("a@example.org", "heads", now=SUNDAY - timedelta(days=60))
    old, recent = SUNDAY - timedelta(days=30), SUNDAY - timedelta(days=5)
    room.take_in(paper_record(1, published_at=old, **GRAPHS), now=old)
    room.take_in(paper_record(2, published_at=recent, **GRAPHS), now=recent)
    topic = add_topic("more-graphs", name="More", query="ti:graphs", now=SUNDAY)
    Subscription.objects.create(subscriber=subscriber, topic=topic, position=1, created_at=SUNDAY)
    Subscriber.objects.update(next_slot_at=MONDAY)
    room.run(MONDAY)
    assert account(subscriber)[-1][0] == 1


def test_a_run_repeated_at_the_same_moment_changes_nothing(room: Newsroom) -> None:
    room.subscriber("a@example.org", "heads")
    room.take_in(paper_record(1), now=SUNDAY + timedelta(hours=1))
    room.run(MONDAY)
    before = [list(model.objects.order_by("pk").values()) for model in (Delivery, Subscriber, Paper)]
    room.run(MONDAY)
    after = [list(model.objects.order_by("pk").values()) for model in (Delivery, Subscriber, Paper)]
    assert before == after


def test_a_topic_that_ends_is_taken_out_of_a_digest_that_was_not_handed_over(room: Newsroom) -> None:
    subscriber = room.subscriber("a@example.org", "heads,graphs")
    room.take_in(paper_record(1), paper_record(40, **GRAPHS), now=SUNDAY + timedelta(hours=1))
    SendPause.objects.create(transport="*", reason="a test", since=SUNDAY)
    room.run(MONDAY)
    assert states(subscriber) == [("2026-06-15", "COMPOSED")]
    unsubscribe(subscriber, source="test", now=MONDAY, topic=Topic.objects.get(slug="graphs"))
    SendPause.objects.all().delete()
    room.run(MONDAY + timedelta(minutes=5))
    assert account(subscriber) == [(1, 0, 0, 1)]
    assert "2606.00040" not in room.texts()[0]


def test_more_mail_than_a_minute_holds_is_still_handed_over(
    room: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("newsletter.pipeline.run.RETRY_TIME", timedelta(0))
    for number in range(3):
        room.subscriber(f"reader{number}@example.org", "heads")
    room.take_in(paper_record(1), now=SUNDAY + timedelta(hours=1))
    assert room.run(MONDAY).deliveries == {"ACCEPTED": 3}


def test_a_first_digest_is_the_one_of_its_date(room: Newsroom) -> None:
    subscriber = room.subscriber("a@example.org", "heads", now=MONDAY - timedelta(minutes=20))
    first = Delivery.planned(
        subscriber_id=subscriber.pk,
        kind=Kind.DIGEST,
        slot_key=FIRST,
        slot_at=MONDAY - timedelta(minutes=10),
        now=MONDAY,
    )
    first.save()
    room.take_in(paper_record(1), now=MONDAY - timedelta(minutes=15))
    room.run(MONDAY - timedelta(minutes=9))
    room.run(MONDAY)
    assert states(subscriber) == [("first", "ACCEPTED")]
    room.run(NEXT_MONDAY)
    assert states(subscriber) == [("first", "ACCEPTED"), ("2026-06-22", "ACCEPTED")]


def test_every_topic_can_be_ended_by_itself(room: Newsroom) -> None:
    room.subscriber("both@example.org", "heads,graphs")
    room.subscriber("one@example.org", "heads")
    room.take_in(paper_record(1), now=SUNDAY + timedelta(hours=1))
    room.run(MONDAY)
    both, one = (
        next(mail for mail in room.mails() if mail["To"] == address)
        for address in ("both@example.org", "one@example.org")
    )
    token = both["List-Unsubscribe"].partition(",")[0].strip("<>")
    for kind in ("plain", "html"):
        assert f"{token}/heads" in body(both, kind)
        assert f"{token}/graphs" in body(both, kind)
        assert not re.search(r"/unsubscribe/[^\s\"/]+/heads", body(one, kind))


# --- a pass keeps watch, without any worker --------------------------------------------------------------


@pytest.fixture
def operator(settings: Settings) -> str:
    settings.CONFIG = settings.CONFIG.model_copy(update={"operator_email": "operator@example.org"})
    return "operator@example.org"


def refused(number: int, *, at: datetime) -> None:
    """Refuse digests to readers whom the operator added."""
    for each in range(number):
        digest(state=State.FAILED, transport="outbox", outcome_at=at, last_code="550", slot_key=str(each))
    Subscriber.objects.update(confirmed_by_operator=True)


def test_a_pass_after_too_many_bounces_sends_the_alert_and_nothing_else(
    room: Newsroom, operator: str
) -> None:
    ann = room.subscriber("a@example.org", "heads")
    room.take_in(paper_record(1, published_at=ANNOUNCED_ON_SUNDAY), now=MONDAY - timedelta(hours=1))
    refused(300, at=MONDAY - timedelta(hours=1))
    report = room.run(MONDAY)
    assert SendPause.objects.get().cause == Cause.BREAKER
    assert report.paused is not None
    assert "300 of 300 mails of the last day bounced" in report.paused
    assert report.deliveries == {"ACCEPTED": 1, "COMPOSED": 1}
    assert [mail["To"] for mail in room.mails()] == [operator]
    assert states(ann) == [("2026-06-15", "COMPOSED")]
    assert room.run(MONDAY + timedelta(hours=1)).paused == report.paused
    assert len(room.mails()) == 1


def test_a_pass_pauses_after_its_own_bounces(
    room: Newsroom, operator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.take_in(paper_record(1, published_at=ANNOUNCED_ON_SUNDAY), now=MONDAY - timedelta(hours=1))
    refused(199, at=MONDAY - timedelta(hours=1))
    last = digest()
    Subscriber.objects.update(confirmed_by_operator=True)
    mailer = ScriptedMailer(name="outbox")
    assert last.subscriber is not None
    mailer.answers[last.subscriber.email] = answer(Verdict.REFUSED, code="550")
    monkeypatch.setattr(Context, "mailer", mailer)
    report = room.run(MONDAY)
    assert report.paused is not None
    assert report.deliveries == {"ACCEPTED": 1, "FAILED": 1}
    assert mailer.recipients == [operator]
    assert Incident.objects.filter(name="sending-paused").exists()


def test_a_pass_without_trouble_tells_nobody(room: Newsroom, operator: str) -> None:
    room.subscriber("a@example.org", "heads")
    room.take_in(paper_record(1, published_at=ANNOUNCED_ON_SUNDAY), now=MONDAY - timedelta(hours=1))
    assert room.run(MONDAY).deliveries == {"ACCEPTED": 1}
    assert operator not in [mail["To"] for mail in room.mails()]
