"""What each answer of a transport leads to."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from newsletter.adapters.ports import Outcome, Verdict
from newsletter.audience.suppression import Reason, suppressed
from newsletter.models import Delivery, SendPause, Suppression
from newsletter.models.delivery import Kind, State
from newsletter.models.subscriber import Status
from tests.fakes.mailer import ScriptedMailer, answer
from tests.pipeline.deliveries import NOW, deliver, digest, new_subscriber, record_now, transactional_mail

pytestmark = pytest.mark.django_db

ANN = "ann@example.org"


def outcome_of(reply: Outcome, *, now: datetime | None = None) -> Delivery:
    """Send one digest to Ann, with this answer; return its row."""
    real = now or timezone.now()
    row = digest(new_subscriber(ANN), papers={"summarised": [1]})
    deliver(ScriptedMailer(answers={ANN: reply}), clock=lambda: real)
    row.refresh_from_db()
    return row


def test_a_temporary_refusal_waits_five_seconds_and_gives_the_attempt_back() -> None:
    real = timezone.now()
    row = outcome_of(answer(Verdict.RETRY, code="451 4.3.0", detail="try later"), now=real)
    assert (row.state, row.attempt, row.retries) == (State.RETRY_WAIT, 0, 1)
    assert row.next_attempt_at == real + timedelta(seconds=5)
    assert (row.last_code, row.last_detail) == ("451 4.3.0", "try later")
    assert (row.body_begun_at, row.lease_owner, row.lease_until) == (None, "", None)


def test_a_nul_in_the_servers_words_costs_nothing_but_itself() -> None:
    row = outcome_of(answer(Verdict.RETRY, code="451", detail="try\0 later"))
    assert (row.state, row.last_detail) == (State.RETRY_WAIT, "try\ufffd later")


def test_a_temporary_refusal_waits_as_long_as_it_was_asked_to() -> None:
    real = timezone.now()
    row = outcome_of(answer(Verdict.RETRY, retry_after=90), now=real)
    assert row.next_attempt_at == real + timedelta(seconds=90)


def test_what_was_not_tried_comes_back_when_the_other_side_asks_and_its_back_off_has_not_begun() -> None:
    real = timezone.now()
    row = outcome_of(answer(Verdict.NOT_TRIED, retry_after=9, detail="not tried: too many"), now=real)
    assert (row.state, row.attempt, row.retries) == (State.RETRY_WAIT, 0, 0)
    assert row.next_attempt_at == real + timedelta(seconds=9)


def test_a_bad_address_fails_and_is_suppressed() -> None:
    row = outcome_of(answer(Verdict.BAD_ADDRESS, code="550 5.1.1"))
    assert (row.state, row.outcome_at) == (State.FAILED, NOW)
    assert row.subscriber is not None
    assert row.subscriber.status == Status.BOUNCED
    assert suppressed([ANN]) == {ANN: Reason.BOUNCED}


def test_a_bad_address_that_the_subscriber_has_changed_meanwhile_harms_nobody() -> None:
    ann = new_subscriber(ANN)
    row = digest(ann)

    def move(_message: object) -> None:
        type(ann).objects.filter(pk=ann.pk).update(email="new@example.org", email_key="new@example.org")

    deliver(ScriptedMailer(answers={ANN: answer(Verdict.BAD_ADDRESS)}, in_body=move))
    row.refresh_from_db()
    ann.refresh_from_db()
    assert (row.state, ann.status) == (State.FAILED, Status.ACTIVE)
    assert not Suppression.objects.exists()


def test_an_alert_to_a_bad_address_suppresses_nobody() -> None:
    transactional_mail(None, Kind.ALERT, recipient=ANN)
    deliver(ScriptedMailer(answers={ANN: answer(Verdict.BAD_ADDRESS)}))
    assert not Suppression.objects.exists()


def test_another_refusal_for_good_counts_a_soft_bounce_only() -> None:
    row = outcome_of(answer(Verdict.REFUSED, code="550 5.7.1"))
    assert row.subscriber is not None
    assert (row.state, row.subscriber.status, row.subscriber.soft_bounces) == (State.FAILED, Status.ACTIVE, 1)
    assert not Suppression.objects.exists()


def test_a_refused_message_leaves_the_address_alone() -> None:
    row = outcome_of(answer(Verdict.BAD_MESSAGE, code="400"))
    assert row.subscriber is not None
    assert (row.state, row.subscriber.status, row.subscriber.soft_bounces) == (State.FAILED, Status.ACTIVE, 0)


def test_a_lost_answer_is_ambiguous_and_is_not_sent_again() -> None:
    row = outcome_of(answer(Verdict.UNKNOWN, detail="connection reset after the dot"))
    assert row.state == State.AMBIGUOUS
    assert deliver(ScriptedMailer(), clock=lambda: timezone.now() + timedelta(days=1)).handled == 0


@pytest.mark.parametrize("verdict", [each for each in Verdict if each is not Verdict.ACCEPTED])
def test_papers_are_seen_by_nothing_but_an_acceptance(verdict: Verdict) -> None:
    row = outcome_of(answer(verdict))
    assert row.subscriber is not None
    assert not row.subscriber.seen_papers


def test_a_refused_account_pauses_the_transport_and_costs_no_attempt() -> None:
    row = outcome_of(answer(Verdict.TRANSPORT_DOWN, code="401", detail="bad key"))
    assert (row.state, row.attempt, row.retries) == (State.RETRY_WAIT, 0, 0)
    pause = SendPause.objects.get()
    assert (pause.transport, pause.since) == ("scripted", NOW)
    assert "401 bad key" in pause.reason
    assert deliver(ScriptedMailer()).paused == pause.reason
    pause.delete()
    assert deliver(ScriptedMailer()).states == {"ACCEPTED": 1}


def claimed_twice() -> tuple[Delivery, Delivery]:
    """Return a row as its first, lost worker knows it, and as the second knows it."""
    first = digest(new_subscriber(ANN), state=State.SENDING, fence=1, attempt=1, papers={"summarised": [1]})
    second = Delivery.objects.get(pk=first.pk)
    second.fence = 2
    second.save()
    return first, second


@pytest.mark.parametrize("verdict", [each for each in Verdict if each is not Verdict.NOT_BEGUN])
def test_an_answer_under_an_old_fence_writes_nothing(verdict: Verdict) -> None:
    stale, _ = claimed_twice()
    before = Delivery.objects.values().get(pk=stale.pk)
    assert record_now(stale, answer(verdict, detail="late")) == State.SENDING
    assert Delivery.objects.values().get(pk=stale.pk) == before
    ann = stale.subscriber
    assert ann is not None
    ann.refresh_from_db()
    assert (bytes(ann.seen_papers), ann.status, ann.soft_bounces) == (b"", Status.ACTIVE, 0)
    assert not SendPause.objects.exists()


def test_an_answer_that_comes_after_the_lease_still_counts_while_nobody_else_has_leased_it() -> None:
    slow = digest(new_subscriber(ANN), state=State.AMBIGUOUS, fence=1, attempt=1, papers={"summarised": [1]})
    assert record_now(slow, answer(Verdict.ACCEPTED)) == State.ACCEPTED


def test_a_second_answer_changes_nothing() -> None:
    row = digest(new_subscriber(ANN), state=State.SENDING, fence=1)
    record_now(row, answer(Verdict.ACCEPTED))
    assert record_now(row, answer(Verdict.BAD_ADDRESS)) == State.ACCEPTED
    assert not Suppression.objects.exists()


def test_words_of_any_length_fit() -> None:
    row = outcome_of(answer(Verdict.REFUSED, code="5" * 99, detail="no " * 9999))
    assert row.state == State.FAILED
    assert len(row.last_detail) == 1000


@pytest.mark.parametrize(
    "state", [State.QUARANTINED, State.CANCELLED, State.EXPIRED, State.FAILED, State.SKIPPED]
)
def test_an_answer_to_a_delivery_that_has_ended_writes_nothing(state: State) -> None:
    ended = digest(new_subscriber(ANN), state=state, fence=1, papers={"summarised": [1]})
    assert record_now(ended, answer(Verdict.ACCEPTED)) == state
    ended.refresh_from_db()
    assert ended.subscriber is not None
    assert (ended.state, bytes(ended.subscriber.seen_papers)) == (state, b"")
