"""Leaving among sends, all or one topic: once it has committed, no body begins that holds what was left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest
from django.test import Client

from newsletter.adapters.ports import Outgoing, Verdict
from newsletter.audience.tokens import Purpose, make_token
from newsletter.models import Delivery, Subscriber, Subscription, Topic
from newsletter.models.delivery import State
from newsletter.models.subscriber import Status
from newsletter.pipeline.compose.composer import Composer
from newsletter.pipeline.compose.render import RenderedDigest
from newsletter.pipeline.select.select import Choice
from newsletter.pipeline.send.bodies import VALID_SECONDS
from newsletter.subscribers.unsubscribe import unsubscribe
from tests.chaos import witness
from tests.fakes.mailer import ScriptedMailer, answer
from tests.fakes.papers import paper_record
from tests.pipeline.deliveries import NOW, deliver, digest, later, new_subscriber, topic
from tests.pipeline.newsroom import MONDAY, Newsroom
from tests.pipeline.send.test_deliver_races import run_together

pytestmark = pytest.mark.django_db(transaction=True)
SENDS = 500


class WatchedMailer(ScriptedMailer):
    """Takes its time with each body, and knows when each was about to be asked for."""

    def __init__(self, *, when_half: Event, until: Event | None = None) -> None:
        """``until``: what the last mails wait for."""
        super().__init__(batch_size=25)
        self.asked_at: dict[str, float] = {}
        self.before_begin = self._note
        self.in_body = lambda _: time.sleep(0.001)
        self._when_half, self._until = when_half, until

    def _note(self, message: Outgoing) -> None:
        self.asked_at[message.delivery_id] = time.monotonic()
        if len(self.asked_at) >= SENDS // 2:
            self._when_half.set()
        if self._until and len(self.asked_at) >= SENDS - 50:
            assert self._until.wait(60)


def sends_started_after(mailer: WatchedMailer, moment: float, *, of: set[str]) -> list[str]:
    """Return what started when a begin from before that moment was valid no more."""
    sent, end = {message.delivery_id for message in mailer.sent}, moment + VALID_SECONDS
    return [each for each, asked_at in mailer.asked_at.items() if asked_at > end and each in sent & of]


@pytest.fixture
def _witness() -> Iterator[None]:
    """Let the database itself write down in which order bodies began and readers left."""
    witness.set_up()
    yield
    witness.remove()


def one_click(person: Subscriber) -> None:
    token = make_token(Purpose.UNSUBSCRIBE, subject=person.link_key)
    answer = Client(SERVER_NAME="localhost").post(f"/unsubscribe/{token}", {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200


@pytest.mark.usefixtures("_witness")
@pytest.mark.parametrize(
    "leave", [one_click, lambda person: unsubscribe(person, source="test", now=NOW)], ids=["http", "direct"]
)
def test_of_500_sends_to_one_subscriber_none_begins_after_the_unsubscribe(
    leave: Callable[[Subscriber], None],
) -> None:
    person = new_subscriber("ann@example.org")
    placeholders = (NOW - timedelta(days=number) for number in range(SENDS))
    rows = [digest(person, slot_key=f"{slot:%Y-%m-%d}", slot_at=slot) for slot in placeholders]
    half, left, left_at = Event(), Event(), list[float]()
    mailer = WatchedMailer(when_half=half, until=left)

    def unsubscribe_at_half() -> None:
        assert half.wait(60)
        leave(person)
        left_at.append(time.monotonic())
        left.set()

    run_together(lambda: deliver(mailer), lambda: deliver(mailer, owner="host/2/1.0"), unsubscribe_at_half)
    assert witness.begun_after_leaving() == []
    assert sends_started_after(mailer, left_at[0], of={str(row.pk) for row in rows}) == []
    states = dict.fromkeys((State.ACCEPTED, State.CANCELLED), 0)
    for state in Delivery.objects.values_list("state", flat=True):
        states[State(state)] += 1
    assert states[State.ACCEPTED] == len(mailer.sent)
    assert min(states.values()) > 0
    assert sum(states.values()) == SENDS


def two_topics(person: Subscriber) -> tuple[Topic, Topic]:
    left, kept = topic("left"), topic("kept")
    for position, each in enumerate((left, kept)):
        Subscription.objects.create(subscriber=person, topic=each, position=position, created_at=NOW)
    return left, kept


def test_a_digest_does_not_begin_with_a_topic_that_was_left_since_it_was_leased() -> None:
    person = new_subscriber()
    left, kept = two_topics(person)
    row, other = digest(person, topics=[left.pk, kept.pk]), digest()
    mailer = ScriptedMailer(before_begin=lambda _: unsubscribe(person, source="test", now=NOW, topic=left))
    assert deliver(mailer).states == {"PLANNED": 1, "ACCEPTED": 1}
    assert [message.delivery_id for message in mailer.sent] == [str(other.pk)]
    row.refresh_from_db()
    assert (row.state, row.attempt, row.fragments, row.lease_owner) == (State.PLANNED, 0, [], "")


def test_a_digest_that_was_refused_for_now_is_not_sent_again_with_a_topic_that_was_left_meanwhile() -> None:
    person = new_subscriber()
    left, kept = two_topics(person)
    row = digest(person, topics=[left.pk, kept.pk])
    refusing = ScriptedMailer(
        answers={person.email: answer(Verdict.RETRY)},
        in_body=lambda _: unsubscribe(person, source="test", now=NOW, topic=left),
    )
    assert deliver(refusing).states == {"RETRY_WAIT": 1}
    mailer = ScriptedMailer()
    assert deliver(mailer, clock=later(hours=1)).states == {"PLANNED": 1}
    assert mailer.sent == []
    row.refresh_from_db()
    assert row.state == State.PLANNED


def test_a_digest_composed_while_its_topic_was_left_is_composed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = Newsroom(tmp_path)
    room.topic("left", "cat:cs.CV")
    room.topic("kept", "cat:cs.CL")
    person = room.subscriber("ann@example.org", "left,kept", cadence="weekly:mon")
    papers = [paper_record(1, categories=("cs.CV",)), paper_record(2, categories=("cs.CL",))]
    room.take_in(*papers, now=MONDAY - timedelta(hours=1))
    genuine = Composer.render

    def render(composer: Composer, choice: Choice) -> RenderedDigest:
        rendered = genuine(composer, choice)
        unsubscribe(person, source="test", now=MONDAY, topic=Topic.objects.get(slug="left"))
        return rendered

    with monkeypatch.context() as patched:
        patched.setattr(Composer, "render", render)
        assert room.run(MONDAY).deliveries == {"PLANNED": 1}
    assert room.run(MONDAY).deliveries == {"ACCEPTED": 1}
    [mail] = room.texts()
    assert "2606.00002" in mail
    assert "2606.00001" not in mail


@pytest.mark.usefixtures("_witness")
def test_fifty_of_five_hundred_subscribers_leave_in_the_middle_and_only_they_are_spared() -> None:
    rows = [digest() for _ in range(SENDS)]
    leaving = rows[::10]
    half, left_at = Event(), dict[str, float]()
    mailer = WatchedMailer(when_half=half)

    def some_leave() -> None:
        for row in leaving:
            assert row.subscriber is not None
            unsubscribe(row.subscriber, source="test", now=NOW)
            left_at[str(row.pk)] = time.monotonic()
        half.wait(60)

    run_together(lambda: deliver(mailer), some_leave)
    assert witness.begun_after_leaving() == []
    for key, moment in left_at.items():
        assert sends_started_after(mailer, moment, of={key}) == []
    stayed = Delivery.objects.exclude(pk__in=[row.pk for row in leaving])
    assert set(stayed.values_list("state", flat=True)) == {State.ACCEPTED.value}
    assert Subscriber.objects.filter(status=Status.UNSUBSCRIBED).count() == len(leaving)
