"""The tasks that send mails or learn of their fate: what each takes, leaves alone, and whom it wakes."""

from __future__ import annotations

import socket
from datetime import timedelta

import pytest
from pytest_django import Settings

from newsletter.adapters.infra.broker import Queue
from newsletter.adapters.ports import ProviderEvent, Verdict
from newsletter.core.delivery.events import EventKind
from newsletter.models import Delivery, Topic
from newsletter.models.delivery import FIRST, Kind, State
from newsletter.pipeline import tasks as work
from newsletter.pipeline.feedback import provider_events as events
from newsletter.pipeline.feedback.provider_events import store_events
from newsletter.pipeline.send.pause import pause_sending
from newsletter.pipeline.send.send import DeliveryReport
from tests.fakes.mailer import ScriptedMailer, answer
from tests.pipeline.deliveries import new_subscriber, transactional_mail
from tests.pipeline.newsroom import MONDAY, TUESDAY
from tests.worker.workers import LATE, LATER, MINUTE, Workers, finished, planned, state

pytestmark = pytest.mark.django_db(transaction=True)

DEAD = f"{socket.gethostname()[:40]}/999999999/1.0"
"""The boot id of a process of this machine that is gone."""


def test_deliver_sends_every_mail_that_is_due_and_no_other(workers: Workers, mailer: ScriptedMailer) -> None:
    due = [finished(), finished(state=State.RETRY_WAIT, retries=1), finished(slot_key=FIRST)]
    not_due = finished(next_attempt_at=MONDAY + MINUTE)
    open_one = planned()
    assert workers.run("send") == []
    assert sorted(each.delivery_id for each in mailer.sent) == sorted(str(each.pk) for each in due)
    assert (state(not_due), state(open_one)) == (State.COMPOSED, State.PLANNED)


@pytest.mark.usefixtures("mailer")
def test_transactional_sends_transactional_mail_and_leaves_digests_to_deliver(workers: Workers) -> None:
    """A slot's thousand digests must not stand before somebody's link."""
    ordinary = [finished(), finished(state=State.RETRY_WAIT, retries=1)]
    transactional = [
        finished(slot_key=FIRST),
        finished(is_on_demand=True),
        transactional_mail(new_subscriber(), Kind.LINK, slot_at=MONDAY, next_attempt_at=MONDAY),
    ]
    assert workers.run("transactional", at=MONDAY + MINUTE) == []
    assert {state(each) for each in transactional} == {State.ACCEPTED}
    assert [state(each) for each in ordinary] == [State.COMPOSED, State.RETRY_WAIT]


def test_a_pause_in_the_middle_costs_a_mail_no_try(workers: Workers, mailer: ScriptedMailer) -> None:
    """Five pauses, or five days at the limit, would otherwise set it aside as broken."""
    mail = finished()
    mailer.before_begin = lambda _: pause_sending("moving house", now=MONDAY)
    workers.run("send")
    mail.refresh_from_db()
    assert (mail.state, mail.attempt, mail.retries) == (State.RETRY_WAIT, 0, 0)
    assert mailer.sent == []


def test_no_more_digests_go_on_a_day_than_the_settings_say(workers: Workers, settings: Settings) -> None:
    settings.CONFIG = settings.CONFIG.model_copy(update={"send_daily": 1})
    workers.context = workers.room.context
    for _ in range(2):
        finished()
    assert workers.run("send") == []  # what is held back wakes nobody
    assert len(workers.room.mails()) == 1


@pytest.mark.parametrize("task", ["send", "transactional"])
def test_who_is_cut_short_wakes_the_next(
    task: str, workers: Workers, mailer: ScriptedMailer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "TURN", timedelta(0))
    finished(is_on_demand=task == "transactional")
    assert workers.run(task) == [Queue(task)]
    assert mailer.sent == []


def test_who_has_sent_all_wakes_nobody_for_what_fell_due_meanwhile(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slot's mails fall due one after the other for five minutes: a task for each would cost much."""
    finished()
    monkeypatch.setattr("newsletter.pipeline.stages.send_due", lambda **_: DeliveryReport())
    assert workers.run("send") == []
    assert workers.run("retry") == [Queue.SEND]


def test_a_pause_wakes_nobody(workers: Workers, mailer: ScriptedMailer) -> None:
    """The next look is at most five seconds away; a message for each would fill the queue."""
    finished()
    pause_sending("moving house", now=MONDAY)
    assert workers.run("send") == []
    assert mailer.sent == []


@pytest.mark.usefixtures("ann")
def test_a_topic_that_was_left_has_its_digest_composed_again(workers: Workers) -> None:
    workers.run("compose", at=LATE)
    workers.room.topic("graphs", "cat:cs.LG")
    Delivery.objects.update(topics=[*Topic.objects.values_list("pk", flat=True)])
    assert workers.run("send", at=LATER) == [Queue.COMPOSE]
    assert Delivery.objects.get().state == State.PLANNED
    workers.run("compose", at=LATER)
    Delivery.objects.update(is_on_demand=True, topics=[*Topic.objects.values_list("pk", flat=True)])
    assert workers.run("transactional", at=LATER + MINUTE) == [Queue.TRANSACTIONAL]


# --- retry, events ---------------------------------------------------------------------------------------


def test_a_refused_mail_that_has_fallen_due_wakes_a_deliverer(
    workers: Workers, mailer: ScriptedMailer
) -> None:
    mail = finished()
    assert mail.subscriber is not None
    mailer.answers[mail.subscriber.email] = answer(Verdict.RETRY, code="450", retry_after=60)
    workers.run("send")
    assert state(mail) == State.RETRY_WAIT
    assert workers.run("retry", at=MONDAY + timedelta(seconds=50)) == []
    mailer.answers.clear()
    assert workers.run("retry", at=LATE) == [Queue.SEND]
    workers.run("send", at=LATE)
    assert state(mail) == State.ACCEPTED


def test_a_mail_that_a_dead_worker_held_is_due_again_at_once(workers: Workers) -> None:
    mail = finished(state=State.SENDING, lease_owner=DEAD, lease_until=LATE, attempt=1, fence=1)
    begun = finished(
        state=State.SENDING, lease_owner=DEAD, lease_until=LATE, body_begun_at=MONDAY, transport="outbox"
    )
    alive = finished(state=State.SENDING, lease_owner="elsewhere/1/1.0", lease_until=LATE)
    assert workers.run("retry") == [Queue.SEND]
    # Whose body had begun may have arrived: the outbox has no file of it, so it is tried again too.
    assert [state(each) for each in (mail, begun, alive)] == [
        State.RETRY_WAIT,
        State.RETRY_WAIT,
        State.SENDING,
    ]


@pytest.mark.parametrize("task", ["send", "transactional"])
def test_who_delivers_takes_up_what_a_dead_worker_of_its_machine_held(task: str, workers: Workers) -> None:
    """The tick may run on another machine, which cannot know that this one's process is gone."""
    mail = finished(
        state=State.SENDING,
        lease_owner=DEAD,
        lease_until=LATE,
        attempt=1,
        is_on_demand=task == "transactional",
    )
    workers.run(task)
    assert state(mail) == State.ACCEPTED


@pytest.mark.parametrize(
    ("known", "minutes", "comes_to"),
    [
        (True, 1, State.ACCEPTED),
        (False, 1, State.RETRY_WAIT),
        (None, 1, State.AMBIGUOUS),
        (None, 61, State.AMBIGUOUS),
    ],
)
@pytest.mark.parametrize("task", ["retry", "tick"])
def test_a_lost_answer_is_settled_by_what_the_mailer_knows(
    task: str,
    known: bool | None,
    minutes: int,
    comes_to: State,
    workers: Workers,
    mailer: ScriptedMailer,
) -> None:
    lost = finished(state=State.AMBIGUOUS, next_attempt_at=LATE, transport=mailer.name)
    if known is not None:
        mailer.known[str(lost.pk)] = known
    workers.run(task, at=MONDAY + minutes * MINUTE)
    lost.refresh_from_db()
    assert lost.state == comes_to
    assert (lost.next_attempt_at is None) == (comes_to == State.ACCEPTED or minutes > 60)


def report_delivered(mail: Delivery) -> None:
    report = ProviderEvent(delivery_id=mail.pk, kind=EventKind.DELIVERED, at=MONDAY, dedupe_key=str(mail.pk))
    store_events("sendgrid", [report])


def test_a_report_that_waits_settles_a_lost_answer_before_it_is_given_up(workers: Workers) -> None:
    lost = finished(state=State.AMBIGUOUS, next_attempt_at=MONDAY + MINUTE, transport="sendgrid")
    report_delivered(lost)
    workers.run("retry", at=LATE)
    assert state(lost) == State.DELIVERED


def test_events_are_applied_and_what_no_task_had_time_for_wakes_another(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    mails = [finished(state=State.ACCEPTED, outcome_at=MONDAY) for _ in range(2)]
    for mail in mails:
        report_delivered(mail)
    with monkeypatch.context() as hurried:
        hurried.setattr(work, "TURN", timedelta(0))
        assert workers.run("events") == []
        assert {state(mail) for mail in mails} == {State.ACCEPTED}
    assert Queue.EVENTS in workers.run("tick")
    assert workers.run("events") == []
    assert {state(mail) for mail in mails} == {State.DELIVERED}
    assert Queue.EVENTS not in workers.run("tick", at=TUESDAY)


def test_an_event_that_cannot_be_applied_is_looked_at_again(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    mails = [finished(state=State.ACCEPTED, outcome_at=MONDAY) for _ in range(2)]
    for mail in mails:
        report_delivered(mail)
    genuine = events._apply_one

    def fail_on_first(event: object, delivery: Delivery, *words: object, **given: object) -> None:
        if delivery.pk == mails[0].pk:
            raise ValueError("a bug")
        genuine(event, delivery, *words, **given)  # type: ignore[arg-type]

    monkeypatch.setattr(events, "_apply_one", fail_on_first)
    assert workers.run("events") == [Queue.EVENTS]
    assert workers.run("events") == []  # nothing moved: the next tick is soon enough
    assert [state(mail) for mail in mails] == [State.ACCEPTED, State.DELIVERED]
