"""What a provider's reports change, in whichever order they come and however often."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone
from pytest_django import Settings

from newsletter.adapters.infra.broker import Queue
from newsletter.adapters.ports import Outcome, ProviderEvent, Verdict
from newsletter.audience.suppression import Reason, suppressed
from newsletter.core.delivery.events import EventKind
from newsletter.core.delivery.retry_policy import EVIDENCE_WAIT
from newsletter.core.digests.seen_papers import unpack_seen
from newsletter.models import ConsentEvent, Delivery, DeliveryEvent, Subscriber, Suppression
from newsletter.models.delivery import Kind, State
from newsletter.models.subscriber import Status
from newsletter.pipeline import tasks as work
from newsletter.pipeline.feedback.provider_events import apply_events, store_events
from newsletter.pipeline.monitor.retention import forget_old
from newsletter.pipeline.send import subscriber_status as standing
from tests.fakes.mailer import ScriptedMailer
from tests.pipeline.deliveries import (
    NOW,
    deliver,
    digest,
    new_subscriber,
    reconcile_now,
    record_now,
    transactional_mail,
)
from tests.pipeline.newsroom import Newsroom

pytestmark = pytest.mark.django_db

ANN = "ann@example.org"
_numbers = itertools.count(1)


def event(kind: EventKind, delivery: Delivery | UUID | None, **fields: Any) -> ProviderEvent:
    key = delivery.pk if isinstance(delivery, Delivery) else delivery
    usual: dict[str, Any] = {"delivery_id": key, "kind": kind, "at": NOW, "dedupe_key": f"{next(_numbers)}"}
    return ProviderEvent(**(usual | fields))


def report(*events: ProviderEvent, now: datetime = NOW) -> int:
    store_events("sendgrid", events)
    return apply_events(now=now)


def sent(email: str = ANN, **fields: Any) -> Delivery:
    """Make a digest that was accepted for this address."""
    ann = Subscriber.objects.filter(email=email).first() or new_subscriber(email)
    return digest(ann, recipient=email, transport="sendgrid", **{"state": State.ACCEPTED} | fields)


def state_of(delivery: Delivery) -> str:
    return Delivery.objects.get(pk=delivery.pk).state


def seen_by(email: str = ANN) -> set[int]:
    return set(unpack_seen(bytes(Subscriber.objects.get(email=email).seen_papers)))


# --- storing ---------------------------------------------------------------------------------------------


def test_a_report_is_stored_once_however_often_it_comes() -> None:
    one = event(EventKind.DELIVERED, sent(), dedupe_key="same")
    assert store_events("sendgrid", [one, one]) == 1
    assert store_events("sendgrid", [one]) == 0
    assert store_events("smtp", [one]) == 1


def test_a_report_about_a_delivery_that_is_not_known_is_kept_and_changes_nothing() -> None:
    assert report(event(EventKind.HARD_BOUNCE, uuid4()), event(EventKind.COMPLAINT, None)) == 2
    assert DeliveryEvent.objects.filter(delivery=None, payload={}).count() == 2
    assert not Suppression.objects.exists()


def test_the_events_of_a_subscriber_who_is_erased_go_with_them() -> None:
    mail = sent()
    report(event(EventKind.DELIVERED, mail))
    Subscriber.objects.all().delete()
    assert not DeliveryEvent.objects.exists()


def test_an_event_that_cannot_be_applied_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = sent(), sent("bob@example.org")

    def breaks(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(standing, "complained", breaks)
    assert report(event(EventKind.COMPLAINT, bad), event(EventKind.DELIVERED, good)) == 1
    assert (state_of(bad), state_of(good)) == (State.ACCEPTED, State.DELIVERED)
    monkeypatch.undo()
    assert apply_events(now=NOW) == 1
    assert state_of(bad) == State.COMPLAINED


# --- lost answers ----------------------------------------------------------------------------------------

EVIDENCE = [kind for kind in EventKind if kind is not EventKind.UNREADABLE]


@pytest.mark.parametrize("kind", EVIDENCE)
@pytest.mark.parametrize("state", [State.SENDING, State.AMBIGUOUS, State.RETRY_WAIT])
def test_any_report_shows_that_the_mail_was_accepted_and_spends_its_papers_once(
    kind: EventKind, state: State
) -> None:
    mail = sent(state=state, papers={"summarised": [1], "listed": [2]}, body_begun_at=NOW, fence=1)
    report(event(kind, mail), event(kind, mail))
    assert state_of(mail) in {State.ACCEPTED, State.DELIVERED, State.BOUNCED, State.COMPLAINED}
    assert seen_by() == {1, 2}
    assert deliver(ScriptedMailer()).handled == 0


@pytest.mark.parametrize("verdict", [each for each in Verdict if each is not Verdict.NOT_BEGUN])
def test_our_own_record_that_comes_after_the_report_changes_nothing(verdict: Verdict) -> None:
    mail = sent(state=State.SENDING, fence=1, attempt=1, papers={"summarised": [1]}, body_begun_at=NOW)
    report(event(EventKind.PROCESSED, mail))
    after = Delivery.objects.values().get(pk=mail.pk)
    outcome = Outcome(delivery_id=str(mail.pk), verdict=verdict, code="202")
    assert record_now(mail, outcome) == State.ACCEPTED
    assert Delivery.objects.values().get(pk=mail.pk) == after
    assert seen_by() == {1}
    assert not Suppression.objects.exists()


def test_a_report_that_is_stored_in_time_settles_before_reconcile_gives_up() -> None:
    real = timezone.now()
    mail = sent(state=State.AMBIGUOUS, fence=1, next_attempt_at=real)
    store_events("sendgrid", [event(EventKind.PROCESSED, mail)])
    reconcile_now(ScriptedMailer(), real_now=real + EVIDENCE_WAIT)
    row = Delivery.objects.get(pk=mail.pk)
    assert (row.state, row.next_attempt_at) == (State.ACCEPTED, None)


def given_up() -> tuple[Delivery, Delivery]:
    """Return a digest whose answer was lost for good, and the next one, which carries one of its papers."""
    mail = sent(state=State.AMBIGUOUS, papers={"summarised": [1]}, next_attempt_at=None)
    carrying = digest(mail.subscriber, slot_key="2026-06-26", papers={"summarised": [1, 2]})
    return mail, carrying


def test_a_report_that_comes_too_late_takes_its_papers_out_of_a_digest_that_carries_them() -> None:
    mail, carrying = given_up()
    other = digest(mail.subscriber, slot_key="2026-07-03", papers={"summarised": [3]})
    report(event(EventKind.DELIVERED, mail))
    assert (state_of(mail), state_of(carrying), state_of(other)) == ("DELIVERED", "PLANNED", "COMPOSED")
    assert seen_by() == {1}


@pytest.mark.parametrize("state", [State.SENDING, State.ACCEPTED, State.AMBIGUOUS, State.FAILED])
def test_a_report_that_comes_too_late_leaves_a_digest_alone_that_has_begun(state: State) -> None:
    mail, carrying = given_up()
    Delivery.objects.filter(pk=carrying.pk).update(state=state)
    report(event(EventKind.DELIVERED, mail))
    assert (state_of(mail), state_of(carrying)) == (State.DELIVERED, state)


def test_a_report_that_comes_too_late_leaves_a_digest_alone_that_was_refused_for_now() -> None:
    mail, carrying = given_up()
    Delivery.objects.filter(pk=carrying.pk).update(state=State.RETRY_WAIT, retries=1)
    report(event(EventKind.DELIVERED, mail))
    assert (state_of(mail), state_of(carrying)) == (State.DELIVERED, State.RETRY_WAIT)


def test_two_lost_digests_of_one_subscriber_spend_the_papers_of_both() -> None:
    first = sent(state=State.AMBIGUOUS, papers={"summarised": [1]})
    second = sent(state=State.AMBIGUOUS, papers={"listed": [2]}, slot_key="2026-06-26")
    report(event(EventKind.PROCESSED, second), event(EventKind.PROCESSED, first))
    assert seen_by() == {1, 2}


def test_a_lease_that_was_accepted_by_an_earlier_try_may_not_begin() -> None:
    """SendGrid said 503, took the mail all the same, and tells us while we are about to send it again."""
    mail = sent(state=State.RETRY_WAIT, next_attempt_at=timezone.now() - timedelta(seconds=1))
    mailer = ScriptedMailer(before_begin=lambda _: report(event(EventKind.PROCESSED, mail)))
    deliver(mailer)
    assert mailer.sent == []
    assert state_of(mail) == State.ACCEPTED


# --- what follows for the reader -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "cause", "state", "status", "reason"),
    [
        (EventKind.HARD_BOUNCE, None, "BOUNCED", Status.BOUNCED, Reason.BOUNCED),
        (EventKind.COMPLAINT, None, "COMPLAINED", Status.COMPLAINED, Reason.COMPLAINED),
        (EventKind.UNSUBSCRIBE, None, "ACCEPTED", Status.UNSUBSCRIBED, Reason.UNSUBSCRIBED),
        (EventKind.GROUP_UNSUBSCRIBE, None, "ACCEPTED", Status.UNSUBSCRIBED, Reason.UNSUBSCRIBED),
        (EventKind.DROPPED, EventKind.HARD_BOUNCE, "BOUNCED", Status.BOUNCED, Reason.BOUNCED),
        (EventKind.DROPPED, EventKind.COMPLAINT, "BOUNCED", Status.COMPLAINED, Reason.COMPLAINED),
        (EventKind.DROPPED, EventKind.UNSUBSCRIBE, "BOUNCED", Status.UNSUBSCRIBED, Reason.UNSUBSCRIBED),
    ],
)
def test_these_end_the_mailing_at_once(
    kind: EventKind, cause: EventKind | None, state: str, status: Status, reason: Reason
) -> None:
    mail = sent()
    waiting = digest(mail.subscriber, slot_key="2026-06-26")
    report(event(kind, mail, cause=cause))
    ann = Subscriber.objects.get()
    assert (state_of(mail), ann.status, ann.next_slot_at) == (state, status, None)
    assert suppressed([ANN]) == {ANN: reason}
    assert state_of(waiting) == State.CANCELLED
    consents = [] if reason is Reason.BOUNCED else [reason.value]
    assert list(ConsentEvent.objects.order_by("pk").values_list("action", flat=True)) == consents


@pytest.mark.parametrize(
    "kind",
    [
        *(EventKind.PROCESSED, EventKind.DEFERRED, EventKind.DELIVERED, EventKind.GROUP_RESUBSCRIBE),
        *(EventKind.UNKNOWN, EventKind.DROPPED, EventKind.SOFT_BOUNCE),
    ],
)
def test_these_leave_the_subscriber_alone(kind: EventKind) -> None:
    report(event(kind, sent()))
    assert Subscriber.objects.get().status == Status.ACTIVE
    assert not Suppression.objects.exists()


def test_a_subscriber_who_has_confirmed_since_stays() -> None:
    for kind in (EventKind.HARD_BOUNCE, EventKind.COMPLAINT, EventKind.UNSUBSCRIBE):
        mail = sent(f"{kind}@example.org")
        Subscriber.objects.update(confirmed_at=NOW)
        report(event(kind, mail, at=NOW - timedelta(hours=1)))
    assert set(Subscriber.objects.values_list("status", flat=True)) == {Status.ACTIVE}


@pytest.mark.parametrize(
    ("kind", "reasons"),
    [(EventKind.HARD_BOUNCE, {}), (EventKind.COMPLAINT, {ANN: Reason.COMPLAINED})],
)
def test_a_subscriber_who_has_moved_to_another_address_stays(
    kind: EventKind, reasons: dict[str, Reason]
) -> None:
    mail = sent()
    Subscriber.objects.update(email="new@example.org", email_key="new@example.org")
    report(event(kind, mail))
    assert Subscriber.objects.get().status == Status.ACTIVE
    assert suppressed([ANN, "new@example.org"]) == reasons


def test_a_subscriber_who_unsubscribes_from_an_old_mail_has_left_with_the_new_address() -> None:
    mail = sent()
    Subscriber.objects.update(email="new@example.org", email_key="new@example.org")
    report(event(EventKind.UNSUBSCRIBE, mail))
    assert Subscriber.objects.get().status == Status.UNSUBSCRIBED
    assert suppressed(["new@example.org"]) == {"new@example.org": Reason.UNSUBSCRIBED}


def test_a_report_about_an_alert_changes_its_state_only() -> None:
    alert = transactional_mail(None, Kind.ALERT, recipient=ANN, state=State.ACCEPTED)
    report(event(EventKind.COMPLAINT, alert))
    assert state_of(alert) == State.COMPLAINED
    assert not Suppression.objects.exists()


# --- runs of soft bounces --------------------------------------------------------------------------------


def mails(count: int, *, every: timedelta) -> list[Delivery]:
    return [
        sent(slot_key=f"{number}", slot_at=NOW + number * every, planned_at=NOW) for number in range(count)
    ]


def refuse(rows: list[Delivery]) -> None:
    for row in rows:
        report(event(EventKind.SOFT_BOUNCE, row, at=row.slot_at))


def test_five_refusals_in_a_row_over_two_weeks_give_the_address_up() -> None:
    refuse(mails(4, every=timedelta(weeks=1)))
    assert (Subscriber.objects.get().status, Subscriber.objects.get().soft_bounces) == (Status.ACTIVE, 4)
    refuse([sent(slot_key="4", slot_at=NOW + timedelta(weeks=4), planned_at=NOW)])
    assert Subscriber.objects.get().status == Status.BOUNCED
    assert suppressed([ANN]) == {ANN: Reason.BOUNCED}


def test_thirteen_days_of_refusals_does_not_end_a_daily_subscriber() -> None:
    refuse(mails(14, every=timedelta(days=1)))  # the first and the last are 13 days apart
    assert Subscriber.objects.get().status == Status.ACTIVE


def test_one_mail_that_arrived_begins_the_count_anew() -> None:
    weekly = mails(8, every=timedelta(weeks=1))
    report(event(EventKind.DELIVERED, weekly[4]))
    refuse(weekly[:4])
    refuse(weekly[5:])
    assert (Subscriber.objects.get().status, Subscriber.objects.get().soft_bounces) == (Status.ACTIVE, 3)


def test_an_arrival_resets_the_count_that_the_operator_sees() -> None:
    weekly = mails(3, every=timedelta(weeks=1))
    refuse(weekly[:2])
    report(event(EventKind.DELIVERED, weekly[2]))
    assert Subscriber.objects.get().soft_bounces == 0


@pytest.mark.parametrize("order", list(itertools.permutations(range(5)))[::11])
def test_the_order_of_refusals_does_not_matter(order: tuple[int, ...]) -> None:
    weekly = mails(5, every=timedelta(weeks=1))
    refuse([weekly[place] for place in order])
    assert Subscriber.objects.get().status == Status.BOUNCED


# --- who applies them ------------------------------------------------------------------------------------


def test_what_is_new_wakes_a_worker_and_what_is_known_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[Queue] = []
    monkeypatch.setattr("newsletter.pipeline.feedback.provider_events.wake", woken.append)
    one = event(EventKind.DELIVERED, sent())
    store_events("sendgrid", [one])
    store_events("sendgrid", [one])
    store_events("sendgrid", [])
    assert woken == [Queue.EVENTS]


def test_the_tick_finds_what_no_worker_was_woken_for(monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[Queue] = []
    monkeypatch.setattr(work, "wake", woken.append)
    mail = sent()
    work.tick()
    assert Queue.EVENTS not in woken
    store_events("sendgrid", [event(EventKind.DELIVERED, mail)])
    work.tick()
    assert Queue.EVENTS in woken
    work.events()
    assert state_of(mail) == State.DELIVERED


def test_a_pass_in_one_process_applies_them_too(tmp_path: Path) -> None:
    mail = sent(state=State.AMBIGUOUS, papers={"summarised": [1]})
    store_events("sendgrid", [event(EventKind.PROCESSED, mail)])
    Newsroom(tmp_path).run(NOW)
    assert state_of(mail) == State.ACCEPTED


def test_no_event_is_begun_after_the_deadline() -> None:
    store_events("sendgrid", [event(EventKind.DELIVERED, sent())])
    assert apply_events(now=NOW, deadline=NOW, clock=lambda: NOW) == 0
    assert apply_events(now=NOW, deadline=NOW + timedelta(seconds=1), clock=lambda: NOW) == 1


@pytest.mark.parametrize("days", [1, 14, 28])
def test_refusals_add_up_whatever_the_cadence_and_however_soon_reports_are_forgotten(
    settings: Settings, days: int
) -> None:
    settings.CONFIG = settings.CONFIG.model_copy(update={"retention_events_days": 1})
    every = timedelta(days=days)
    for number in range(max(5, 14 // days + 1)):
        assert Subscriber.objects.filter(status=Status.BOUNCED).count() == 0
        at = NOW + number * every
        refuse([sent(slot_key=f"{number}", slot_at=at, outcome_at=at, planned_at=NOW)])
        forget_old(now=at + every)
    assert Subscriber.objects.get().status == Status.BOUNCED


def test_refusals_before_one_that_arrived_are_forgotten_in_their_time() -> None:
    refuse(mails(2, every=timedelta(weeks=1)))
    forget_old(now=NOW + timedelta(days=200))
    assert DeliveryEvent.objects.count() == 2
    third = sent(slot_key="2", slot_at=NOW + timedelta(weeks=2), planned_at=NOW)
    report(event(EventKind.DELIVERED, third))
    forget_old(now=NOW + timedelta(days=200))
    assert not DeliveryEvent.objects.exists()


def test_refusals_are_forgotten_with_the_address_they_went_to() -> None:
    refuse([sent(outcome_at=NOW)])
    forget_old(now=NOW + timedelta(days=366))
    forget_old(now=NOW + timedelta(days=366))
    assert not DeliveryEvent.objects.exists()
