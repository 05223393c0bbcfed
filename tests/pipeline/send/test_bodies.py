"""Bodies begin in groups, and a begin is valid for two seconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from newsletter.adapters.ports import Bodies, Outcome, Outgoing, Verdict
from newsletter.core.digests.seen_papers import unpack_seen
from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import State
from newsletter.models.subscriber import Status
from newsletter.pipeline.send import bodies as module
from newsletter.pipeline.send import outcomes
from newsletter.pipeline.send.bodies import FEWEST, MOST, VALID_SECONDS, Begun, begin
from newsletter.pipeline.send.rate_limit import RateLimit
from newsletter.subscribers.unsubscribe import unsubscribe
from tests.fakes.mailer import ScriptedMailer, accepted, answer
from tests.pipeline.deliveries import NOW, deliver, digest, new_subscriber

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Begins:
    """What each commit began."""

    groups: list[list[str]] = field(default_factory=list)
    seconds_each: float = 0.0
    now: datetime = datetime(2026, 6, 19, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @property
    def sizes(self) -> list[int]:
        return [len(group) for group in self.groups]


@pytest.fixture
def begins(monkeypatch: pytest.MonkeyPatch) -> Begins:
    found = Begins()

    def watched(leased, **options):  # type: ignore[no-untyped-def]  # as begin's
        begun: Begun = begin(leased, **options)
        found.groups.append([each.id for each in leased])
        found.sleep(found.seconds_each)  # as if the commit took so long
        return begun

    monkeypatch.setattr(module, "begin", watched)
    return found


def due(count: int, **fields: Any) -> list[Delivery]:
    at = Begins.now - timedelta(minutes=1)
    return [digest(next_attempt_at=at, **fields) for _ in range(count)]


def test_fifty_begin_with_one_commit(begins: Begins) -> None:
    due(60)
    mailer = ScriptedMailer()
    assert deliver(mailer, clock=begins).states == {"ACCEPTED": 60}
    assert begins.sizes == [50, 10]


def test_what_has_not_started_after_two_seconds_begins_again(begins: Begins) -> None:
    rows = due(30)
    mailer = ScriptedMailer(before_answer=lambda _: begins.sleep(0.5))
    assert deliver(mailer, clock=begins).states == {"ACCEPTED": 30}
    sent = [message.delivery_id for message in mailer.sent]
    # Four start in two seconds; a server as slow as that is given few at a time.
    assert begins.sizes[:3] == [30, FEWEST, FEWEST]
    assert [group[0] for group in begins.groups] == sent[::4]
    assert sorted(sent) == sorted(str(row.pk) for row in rows)


def test_a_reader_who_leaves_within_a_group_is_found_when_it_begins_again(begins: Begins) -> None:
    rows = due(3)

    def leave(_message: Outgoing) -> None:
        begins.sleep(VALID_SECONDS)
        for row in rows:
            assert row.subscriber is not None
            if str(row.pk) != mailer.sent[0].delivery_id:
                unsubscribe(row.subscriber, source="test", now=NOW)

    mailer = ScriptedMailer(before_answer=leave)
    assert deliver(mailer, clock=begins).states == {"ACCEPTED": 1, "CANCELLED": 2}
    assert len(mailer.sent) == 1
    assert set(Delivery.objects.filter(state=State.CANCELLED).values_list("body_begun_at")) == {(None,)}


def test_a_begin_is_valid_from_before_its_commit(begins: Begins) -> None:
    due(2)
    begins.seconds_each = VALID_SECONDS  # the commit took that long: it came too late for every body
    mailer = ScriptedMailer()
    assert deliver(mailer, clock=begins).states == {"RETRY_WAIT": 2}
    assert mailer.sent == []
    assert begins.sizes == [2, 2, 2]


def test_a_begin_lets_a_body_start_once(begins: Begins) -> None:
    """A request that was refused is sent again in parts: each part begins again."""

    class Split(ScriptedMailer):
        def send(self, messages: Sequence[Outgoing], *, bodies: Bodies) -> Iterator[Outcome]:
            ids = [message.delivery_id for message in messages]
            assert bodies.begin(ids) == frozenset(ids)
            Subscriber.objects.filter(deliveries=rows[1]).update(status=Status.UNSUBSCRIBED)
            for each in ids:
                allowed = bodies.begin([each])
                verdict = Verdict.ACCEPTED if each in allowed else Verdict.NOT_BEGUN
                yield Outcome(delivery_id=each, verdict=verdict)

    rows = due(3)
    assert deliver(Split(), clock=begins, rate_limit=RateLimit("scripted", daily=100)).states == {
        "ACCEPTED": 2,
        "CANCELLED": 1,
    }


def test_one_request_begins_as_a_whole_however_large(begins: Begins) -> None:
    class Together(ScriptedMailer):
        def send(self, messages: Sequence[Outgoing], *, bodies: Bodies) -> Iterator[Outcome]:
            for each in bodies.begin([message.delivery_id for message in messages]):
                yield Outcome(delivery_id=each, verdict=Verdict.ACCEPTED)

    due(MOST + 30, body_key="the same")
    assert deliver(Together(shared_batch_size=1000), clock=begins).states == {"ACCEPTED": MOST + 30}
    assert begins.sizes == [MOST + 30]


def test_who_is_refused_before_the_body_has_an_outcome_and_never_starts(begins: Begins) -> None:
    """SMTP asks for a body only when the server takes the recipient; the group has begun with others."""
    rows = due(3)
    refused = str(rows[1].pk)

    class Refusing(ScriptedMailer):
        def send(self, messages: Sequence[Outgoing], *, bodies: Bodies) -> Iterator[Outcome]:
            for message in messages:
                if message.delivery_id == refused:
                    yield Outcome(delivery_id=refused, verdict=Verdict.REFUSED, code="550")
                else:
                    yield from super().send([message], bodies=bodies)

    assert deliver(Refusing(), clock=begins).states == {"ACCEPTED": 2, "FAILED": 1}
    assert len(begins.groups) == 1


class Slow(ScriptedMailer):
    """Announces each message before ``before_begin``, in which the server may take its time."""

    def send(self, messages: Sequence[Outgoing], *, bodies: Bodies) -> Iterator[Outcome]:
        for message in messages:
            assert bodies.prepare([message.delivery_id])
            yield from super().send([message], bodies=bodies)


def test_a_body_for_which_the_server_asks_late_begins_again(begins: Begins) -> None:
    rows = due(2)
    reader = rows[0].subscriber
    assert reader is not None

    def think(message: Outgoing) -> None:
        begins.sleep(VALID_SECONDS + 1)
        if message.delivery_id == str(rows[0].pk) and not begins.groups[1:]:
            unsubscribe(reader, source="test", now=NOW)

    mailer = Slow(before_begin=think)
    assert deliver(mailer, clock=begins).states == {"ACCEPTED": 1, "CANCELLED": 1}
    assert [message.delivery_id for message in mailer.sent] == [str(rows[1].pk)]


def test_after_the_deadline_what_began_with_others_does_not_begin_again(begins: Begins) -> None:
    due(3)
    mailer = ScriptedMailer(before_answer=lambda _: begins.sleep(VALID_SECONDS))
    deadline = begins.now + timedelta(seconds=1)
    assert deliver(mailer, clock=begins, deadline=deadline).states == {"ACCEPTED": 1, "RETRY_WAIT": 2}
    waiting = Delivery.objects.filter(state=State.RETRY_WAIT)
    assert set(waiting.values_list("attempt", "retries", "body_begun_at")) == {(0, 0, None)}


def test_answers_are_recorded_after_two_seconds_at_the_latest(begins: Begins) -> None:
    due(4)
    recorded = list[int]()

    def look(_message: Outgoing) -> None:
        begins.sleep(1.0)
        recorded.append(Delivery.objects.filter(state=State.ACCEPTED).count())

    deliver(ScriptedMailer(before_answer=look), clock=begins)
    assert recorded == [0, 0, 0, 3]


def test_one_answer_that_cannot_be_recorded_harms_none_of_the_others(
    begins: Begins, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The group is recorded by halves, down to the one at fault, of which the answer counts as lost."""
    rows = due(5)
    bad = rows[2].subscriber
    assert bad is not None

    def explode(_delivery: Delivery, subscriber: object, _at: object) -> None:
        raise ValueError(f"a bug that only {subscriber} meets")

    monkeypatch.setitem(outcomes._FOLLOWS, Verdict.REFUSED, explode)
    mailer = ScriptedMailer(answers={bad.email: answer(Verdict.REFUSED, code="550")})
    assert deliver(mailer, clock=begins).states == {"ACCEPTED": 4, "AMBIGUOUS": 1}
    assert Delivery.objects.get(state=State.AMBIGUOUS).subscriber == bad


def test_two_digests_of_one_reader_in_a_group_both_count(begins: Begins) -> None:
    ann = new_subscriber()
    at = begins.now - timedelta(minutes=1)
    for day in (18, 19):
        digest(ann, slot_key=f"2026-06-{day}", papers={"summarised": [day]}, next_attempt_at=at)
    mailer = ScriptedMailer(answers={ann.email: accepted()})
    assert deliver(mailer, clock=begins).states == {"ACCEPTED": 2}
    ann.refresh_from_db()
    assert set(unpack_seen(bytes(ann.seen_papers))) == {18, 19}
