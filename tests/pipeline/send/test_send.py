"""Handing over what is due: who gets it, once, and what is recorded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from newsletter.adapters.ports import Bodies, Outcome, Outgoing, Verdict
from newsletter.audience.suppression import Reason, suppress
from newsletter.core.delivery.retry_policy import FEW
from newsletter.core.digests.message import Fragment
from newsletter.core.digests.seen_papers import unpack_seen
from newsletter.models import SendPause, Subscription
from newsletter.models.delivery import Kind, State
from newsletter.models.subscriber import Status
from newsletter.subscribers.unsubscribe import unsubscribe
from tests.fakes.mailer import ScriptedMailer, answer
from tests.pipeline.deliveries import (
    CARD,
    NOW,
    deliver,
    digest,
    later,
    new_subscriber,
    store,
    topic,
    transactional_mail,
)

pytestmark = pytest.mark.django_db


def test_it_sends_what_is_due_and_records_the_acceptance() -> None:
    row, mailer = digest(new_subscriber("ann@example.org")), ScriptedMailer()
    report = deliver(mailer)
    assert report.states == {"ACCEPTED": 1}
    assert mailer.recipients == ["ann@example.org"]
    row.refresh_from_db()
    assert (row.state, row.outcome_at, row.provider_id) == (State.ACCEPTED, NOW, "provider-1")
    assert (row.transport, row.recipient, row.attempt, row.fence) == ("scripted", "ann@example.org", 1, 1)
    assert (row.lease_owner, row.lease_until, row.body_begun_at) == ("", None, NOW)


def test_it_sends_nothing_twice() -> None:
    digest()
    mailer = ScriptedMailer()
    assert deliver(mailer).handled == 1
    assert deliver(mailer).handled == 0
    assert len(mailer.sent) == 1


def test_it_leaves_what_is_not_due_yet() -> None:
    digest(next_attempt_at=timezone.now() + timedelta(minutes=1))
    digest(state=State.PLANNED)
    digest(state=State.EXPIRED)
    assert deliver(ScriptedMailer()).handled == 0


def test_it_does_not_overlook_a_composed_delivery_without_a_time() -> None:
    digest(next_attempt_at=None)
    assert deliver(ScriptedMailer()).states == {"ACCEPTED": 1}


def test_an_accepted_digest_spends_every_paper_it_accounts_for_and_covers_its_topics() -> None:
    ann, heads, other = new_subscriber(), topic("heads"), topic("other")
    for position, each in enumerate((heads, other)):
        Subscription.objects.create(subscriber=ann, topic=each, position=position, created_at=NOW)
    digest(ann, papers={"summarised": [3, 1], "listed": [7], "counted": [900]}, topics=[heads.pk])
    deliver(ScriptedMailer())
    ann.refresh_from_db()
    assert sorted(unpack_seen(bytes(ann.seen_papers))) == [1, 3, 7, 900]
    covered = dict(Subscription.objects.values_list("topic__slug", "covered_until"))
    assert covered == {"heads": NOW, "other": None}


def test_papers_of_one_digest_are_added_to_those_of_the_last() -> None:
    ann = new_subscriber()
    digest(ann, papers={"summarised": [1]}, slot_key="2026-06-18")
    digest(ann, papers={"summarised": [2]}, slot_key="2026-06-19")
    deliver(ScriptedMailer())
    ann.refresh_from_db()
    assert sorted(unpack_seen(bytes(ann.seen_papers))) == [1, 2]


def test_a_late_acceptance_does_not_move_a_topic_back() -> None:
    ann, heads = new_subscriber(), topic()
    tomorrow = NOW + timedelta(days=1)
    Subscription.objects.create(
        subscriber=ann, topic=heads, position=0, created_at=NOW, covered_until=tomorrow
    )
    digest(ann, topics=[heads.pk])
    deliver(ScriptedMailer())
    assert Subscription.objects.get().covered_until == tomorrow


@pytest.mark.parametrize(
    "fields",
    [
        {"status": Status.UNSUBSCRIBED},
        {"status": Status.PENDING},
        {"status": Status.BOUNCED},
        {"status": Status.COMPLAINED},
        {"paused_until": NOW + timedelta(days=1)},
    ],
)
def test_it_cancels_the_digest_of_a_subscriber_who_may_not_be_mailed(fields: dict[str, Any]) -> None:
    row, mailer = digest(new_subscriber(**fields), papers={"summarised": [1]}), ScriptedMailer()
    assert deliver(mailer).states == {"CANCELLED": 1}
    row.refresh_from_db()
    assert row.last_detail
    assert row.outcome_at == NOW
    assert row.subscriber is not None
    assert not row.subscriber.seen_papers
    assert not mailer.sent


def test_a_pause_that_has_ended_holds_nothing_back() -> None:
    digest(new_subscriber(paused_until=NOW))
    assert deliver(ScriptedMailer()).states == {"ACCEPTED": 1}


@pytest.mark.parametrize("reason", list(Reason))
def test_it_never_sends_a_digest_to_a_suppressed_address(reason: Reason) -> None:
    digest(new_subscriber("Ann@Example.org"))
    suppress("ann@example.org", reason=reason, at=NOW)
    mailer = ScriptedMailer()
    assert deliver(mailer).states == {"CANCELLED": 1}
    assert not mailer.sent


def test_a_confirmation_reaches_a_subscriber_who_is_to_confirm() -> None:
    transactional_mail(new_subscriber(status=Status.PENDING), Kind.CONFIRMATION)
    assert deliver(ScriptedMailer()).states == {"ACCEPTED": 1}


def test_a_confirmation_reaches_an_address_that_unsubscribed_and_asks_to_join_again() -> None:
    transactional_mail(new_subscriber("ann@example.org", status=Status.PENDING), Kind.CONFIRMATION)
    suppress("ann@example.org", reason=Reason.UNSUBSCRIBED, at=NOW)
    assert deliver(ScriptedMailer()).states == {"ACCEPTED": 1}


@pytest.mark.parametrize("reason", list(Reason))
def test_a_confirmation_is_the_one_way_back_for_a_suppressed_address(reason: Reason) -> None:
    transactional_mail(new_subscriber("ann@example.org", status=Status.BOUNCED), Kind.CONFIRMATION)
    suppress("ann@example.org", reason=reason, at=NOW)
    assert deliver(ScriptedMailer()).states == {"ACCEPTED": 1}


def test_a_link_reaches_a_subscriber_who_has_paused_and_one_who_left_but_not_a_dead_address() -> None:
    transactional_mail(new_subscriber("ann@example.org", paused_until=NOW + timedelta(days=9)), Kind.LINK)
    transactional_mail(new_subscriber("left@example.org", status=Status.UNSUBSCRIBED), Kind.LINK)
    suppress("left@example.org", reason=Reason.UNSUBSCRIBED, at=NOW)
    transactional_mail(new_subscriber(status=Status.BOUNCED), Kind.LINK)
    transactional_mail(new_subscriber(status=Status.COMPLAINED), Kind.LINK)
    transactional_mail(new_subscriber(status=Status.PENDING), Kind.LINK)
    mailer = ScriptedMailer()
    assert deliver(mailer).states == {"ACCEPTED": 2, "CANCELLED": 3}
    assert sorted(mailer.recipients) == ["ann@example.org", "left@example.org"]


@pytest.mark.parametrize("reason", [Reason.IMPORTED, Reason.ERASED, Reason.BOUNCED, Reason.COMPLAINED])
def test_a_link_for_who_left_does_not_reach_an_address_suppressed_for_more(reason: Reason) -> None:
    transactional_mail(new_subscriber("left@example.org", status=Status.UNSUBSCRIBED), Kind.LINK)
    suppress("left@example.org", reason=reason, at=NOW)
    assert deliver(ScriptedMailer()).states == {"CANCELLED": 1}


def test_a_link_that_was_leased_before_its_subscriber_left_does_not_go() -> None:
    person = new_subscriber("ann@example.org")
    row = transactional_mail(person, Kind.LINK)
    mailer = ScriptedMailer()
    mailer.before_begin = lambda _: unsubscribe(person, source="test", now=NOW)
    deliver(mailer)
    row.refresh_from_db()
    assert (row.state, mailer.sent) == (State.CANCELLED, [])


def test_a_link_goes_to_the_address_it_was_made_for() -> None:
    transactional_mail(new_subscriber("old@example.org"), Kind.LINK, recipient="new@example.org")
    mailer = ScriptedMailer()
    deliver(mailer)
    assert mailer.recipients == ["new@example.org"]


def test_an_alert_has_no_subscriber_and_goes_to_its_recipient() -> None:
    transactional_mail(None, Kind.ALERT, recipient="operator@example.org", fragments=store(CARD))
    mailer = ScriptedMailer()
    assert deliver(mailer).states == {"ACCEPTED": 1}
    assert mailer.recipients == ["operator@example.org"]


def test_the_reserved_worker_takes_transactional_mail_only() -> None:
    for _ in range(3):
        digest()
    transactional_mail(new_subscriber("ann@example.org"), Kind.LINK)
    mailer = ScriptedMailer()
    assert deliver(mailer, transactional=True).states == {"ACCEPTED": 1}
    assert mailer.recipients == ["ann@example.org"]


def test_what_has_not_begun_when_time_is_up_is_handed_back_uncounted() -> None:
    rows, real = [digest() for _ in range(3)], timezone.now()
    clock = [real]
    mailer = ScriptedMailer(in_body=lambda _: clock.append(real + timedelta(minutes=3)))
    report = deliver(mailer, deadline=real + timedelta(minutes=2), clock=lambda: clock[-1])
    assert report.states == {"ACCEPTED": 1, "RETRY_WAIT": 2}
    assert len(mailer.sent) == 1
    for row in rows:
        row.refresh_from_db()
    waiting = [row for row in rows if row.state == State.RETRY_WAIT]
    assert [(row.attempt, row.retries, row.lease_owner) for row in waiting] == [(0, 0, "")] * 2


def test_it_stops_at_its_limit_and_its_deadline() -> None:
    for _ in range(5):
        digest()
    mailer = ScriptedMailer()
    assert deliver(mailer, limit=2).handled == 2
    assert deliver(mailer, deadline=timezone.now()).handled == 0
    assert deliver(mailer).handled == 3


@pytest.mark.parametrize("transport", ["*", "scripted"])
def test_nothing_is_leased_while_the_transport_is_paused(transport: str) -> None:
    row = digest()
    SendPause.objects.create(transport=transport, reason="a typo in the template", since=NOW)
    report = deliver(ScriptedMailer())
    assert (report.handled, report.paused) == (0, "a typo in the template")
    row.refresh_from_db()
    assert (row.state, row.attempt) == (State.COMPOSED, 0)


def test_another_transports_pause_holds_nothing_back() -> None:
    digest()
    SendPause.objects.create(transport="smtp", reason="bad password", since=NOW)
    assert deliver(ScriptedMailer()).states == {"ACCEPTED": 1}


def test_a_pause_between_lease_and_body_hands_everything_back_uncounted() -> None:
    rows, mailer = [digest(), digest()], ScriptedMailer()
    mailer.before_begin = lambda _message: SendPause.objects.get_or_create(
        transport="*", defaults={"reason": "a test", "since": NOW}
    )
    deliver(mailer)
    assert not mailer.sent
    for row in rows:
        row.refresh_from_db()
        assert (row.state, row.attempt, row.lease_owner) == (State.RETRY_WAIT, 0, "")
    SendPause.objects.all().delete()
    assert deliver(ScriptedMailer()).states == {"ACCEPTED": 2}


def test_a_digest_that_waited_until_the_next_slot_came_is_expired() -> None:
    ann, mailer = new_subscriber(), ScriptedMailer()
    old = digest(ann, state=State.RETRY_WAIT, slot_key="2026-06-18", slot_at=NOW - timedelta(days=1))
    digest(ann)
    assert deliver(mailer).states == {"EXPIRED": 1, "ACCEPTED": 1}
    old.refresh_from_db()
    assert old.state == State.EXPIRED


def test_a_message_that_cannot_be_written_stops_none_of_the_others() -> None:
    broken = digest(fragments=["0" * 64])
    digest()
    assert deliver(ScriptedMailer()).states == {"FAILED": 1, "ACCEPTED": 1}
    broken.refresh_from_db()
    assert "1 of 1 pieces are gone" in broken.last_detail


def test_a_message_on_which_the_writing_breaks_stops_none_of_the_others() -> None:
    fragment = Fragment(html="<p>[[number]]</p>\n", text="[[number]]\n")
    broken = digest(placeholders={"number": 7}, fragments=store(fragment))  # a slot's value is a text
    digest()
    assert deliver(ScriptedMailer()).states == {"RETRY_WAIT": 1, "ACCEPTED": 1}
    for hours in range(1, 6):
        deliver(ScriptedMailer(), clock=later(hours=hours))
    broken.refresh_from_db()
    assert (broken.state, broken.attempt) == (State.QUARANTINED, 5)


def test_a_subscriber_erased_while_sending_leaves_nothing_behind() -> None:
    ann = new_subscriber()
    row, mailer = digest(ann), ScriptedMailer()
    mailer.in_body = lambda _message: ann.delete()
    assert deliver(mailer).states == {}
    assert not type(row).objects.filter(pk=row.pk).exists()


def test_a_poison_message_is_quarantined_after_five_tries_and_others_go_through() -> None:
    def explode(message: object) -> None:
        if getattr(message, "recipient", "") == "poison@example.org":
            raise ValueError("a bug that only this message meets")

    poison = digest(new_subscriber("poison@example.org"))
    others = [digest() for _ in range(3)]
    mailer = ScriptedMailer(before_begin=explode)
    clocks = iter(range(30))
    for hours in clocks:
        ahead = timedelta(hours=2 * hours)
        if not deliver(mailer, clock=lambda ahead=ahead: timezone.now() + ahead).handled:
            break
    poison.refresh_from_db()
    assert (poison.state, poison.attempt) == (State.QUARANTINED, 5)
    for row in others:
        row.refresh_from_db()
        assert row.state == State.ACCEPTED
    assert len(mailer.sent) == len(others)


def test_what_was_never_answered_is_tried_again_with_few_others_and_then_alone() -> None:
    batches: list[int] = []

    class Counting(ScriptedMailer):
        def send(self, messages: Sequence[Outgoing], *, bodies: Bodies) -> Iterator[Outcome]:
            batches.append(len(messages))
            yield from super().send(messages, bodies=bodies)

    for attempt in (*[1] * (FEW + 2), 2, 2, 0, 0):
        digest(state=State.RETRY_WAIT if attempt else State.COMPOSED, attempt=attempt)
    deliver(Counting())
    assert batches == [FEW, 2, 1, 1, 2]


def test_a_temporary_refusal_does_not_count_towards_quarantine() -> None:
    row = digest()
    refusing = ScriptedMailer(answers={row.subscriber.email: answer(Verdict.RETRY)})  # type: ignore[union-attr]
    for hours in range(8):
        ahead = timedelta(hours=2 * hours)
        assert deliver(refusing, clock=lambda ahead=ahead: timezone.now() + ahead).states == {"RETRY_WAIT": 1}
    row.refresh_from_db()
    assert (row.attempt, row.retries) == (0, 8)
