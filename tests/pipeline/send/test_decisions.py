"""What an operator decides about one delivery: what each state allows, and that no worker is run over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from newsletter.adapters.ports import Outcome, Verdict
from newsletter.models import Delivery
from newsletter.models.delivery import Kind, State
from newsletter.models.subscriber import Status
from newsletter.pipeline.send.decisions import APPLIES_TO, Act, Decision, allowed, decide
from tests.fakes.mailer import ScriptedMailer
from tests.pipeline.deliveries import NOW, deliver, digest, new_subscriber, record_now
from tests.pipeline.send.test_deliver_races import begun, lease, run_together

pytestmark = pytest.mark.django_db
LATER = timedelta(hours=1)


def decided(row: Delivery, act: Act) -> Decision:
    return decide(row, act, now=NOW, real_now=timezone.now())


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("act", Act)
def test_each_act_is_done_where_the_state_allows_it_and_refused_with_words_elsewhere(
    act: Act, state: State
) -> None:
    row = digest(state=state, next_attempt_at=timezone.now() + LATER)
    decision = decided(row, act)
    assert decision.is_done == (state in APPLIES_TO[act])
    assert (act in allowed(row)) == decision.is_done
    assert decision.says.endswith(".")
    if not decision.is_done:
        row.refresh_from_db()
        assert row.state == state


def test_a_restored_digest_that_was_never_composed_is_composed_when_released() -> None:
    row = digest(state=State.AMBIGUOUS, composed_at=None, next_attempt_at=None, last_code="restored")
    decision = decided(row, Act.RELEASE)
    row.refresh_from_db()
    assert (row.state, row.attempt) == (State.PLANNED, 0)
    assert "a second one" in decision.says


@pytest.mark.parametrize("state", APPLIES_TO[Act.CANCEL])
def test_what_is_given_up_is_not_sent(state: State) -> None:
    row = digest(state=state)
    assert decided(row, Act.CANCEL).is_done
    mailer = ScriptedMailer()
    deliver(mailer)
    row.refresh_from_db()
    assert (row.state, row.outcome_at, row.last_detail) == (State.CANCELLED, NOW, "the operator gave it up")
    assert mailer.sent == []


@pytest.mark.parametrize(
    ("act", "state"),
    [
        (Act.RETRY, State.COMPOSED),
        (Act.RETRY, State.RETRY_WAIT),
        (Act.RETRY, State.FAILED),
        (Act.RELEASE, State.QUARANTINED),
        (Act.RELEASE, State.AMBIGUOUS),
    ],
)
def test_what_may_go_on_is_sent_once_with_the_same_message_id(act: Act, state: State) -> None:
    row = digest(state=state, attempt=5, next_attempt_at=timezone.now() + LATER)
    if state in (State.COMPOSED, State.RETRY_WAIT):
        Delivery.objects.update(attempt=0)
    decision = decided(row, act)
    mailer = ScriptedMailer()
    deliver(mailer)
    assert [message.delivery_id for message in mailer.sent] == [str(row.pk)]
    row.refresh_from_db()
    assert row.state == State.ACCEPTED
    assert ("second" in decision.says) == (state is State.AMBIGUOUS)


def test_a_digest_that_broke_off_while_it_was_composed_is_composed_again() -> None:
    row = digest(state=State.QUARANTINED, attempt=5, composed_at=None, fragments=[])
    assert decided(row, Act.RELEASE).is_done
    row.refresh_from_db()
    assert (row.state, row.attempt) == (State.PLANNED, 0)


@pytest.mark.parametrize(("status", "why"), [(Status.UNSUBSCRIBED, "left"), (Status.BOUNCED, "bounced")])
@pytest.mark.parametrize("state", [State.FAILED, State.AMBIGUOUS, State.QUARANTINED])
def test_nothing_goes_on_to_a_reader_who_may_not_be_mailed(status: Status, why: str, state: State) -> None:
    row = digest(new_subscriber(status=status), state=state)
    act = Act.RETRY if state is State.FAILED else Act.RELEASE
    decision = decided(row, act)
    assert not decision.is_done
    assert why in decision.says


def test_a_digest_stays_whose_papers_a_newer_one_offers() -> None:
    old = digest(state=State.AMBIGUOUS, slot_at=NOW - timedelta(days=7), slot_key="2026-06-12")
    digest(old.subscriber, state=State.ACCEPTED)
    decision = decided(old, Act.RELEASE)
    assert not decision.is_done
    assert "2026-06-19" in decision.says


def test_a_mail_without_its_text_stays() -> None:
    row = digest(state=State.FAILED, fragments=[])
    assert "deleted" in decided(row, Act.RETRY).says


def test_a_late_answer_does_not_change_what_was_given_up() -> None:
    row = digest(state=State.AMBIGUOUS, fence=3)
    stale = Delivery.objects.get(pk=row.pk)
    assert decided(row, Act.RELEASE).is_done
    row.refresh_from_db()
    assert decided(row, Act.CANCEL).is_done
    record_now(stale, Outcome(delivery_id=str(row.pk), verdict=Verdict.REFUSED, code="554"))
    row.refresh_from_db()
    assert row.state == State.CANCELLED


def test_a_decision_by_a_row_that_a_worker_has_leased_since_is_refused() -> None:
    row = digest()
    leased = lease().leased
    decision = decided(row, Act.CANCEL)
    assert not decision.is_done
    assert "worker took it" in decision.says
    assert begun(leased) == {str(row.pk)}


@pytest.mark.django_db(transaction=True)
def test_a_worker_and_an_operator_at_once_never_both_have_a_mail() -> None:
    """The attack: cancel forty digests while a worker leases them; what was cancelled never begins."""
    rows = [digest(kind=Kind.DIGEST) for _ in range(40)]
    taken: list[str] = []
    cancelled: list[str] = []

    def work() -> None:
        taken.extend(begun(lease().leased))

    def give_up() -> None:
        cancelled.extend(str(row.pk) for row in rows if decided(row, Act.CANCEL).is_done)

    jobs: list[Callable[[], None]] = [work, give_up]
    run_together(*jobs)
    assert set(taken).isdisjoint(cancelled)
    assert len(taken) + len(cancelled) == len(rows)
    states = {str(row.pk): row.state for row in Delivery.objects.all()}
    assert {states[key] for key in cancelled} <= {State.CANCELLED.value}
    assert {states[key] for key in taken} <= {State.SENDING.value}
