"""Pauses: nothing begins after a pause commits, and nothing is lost by one."""

from __future__ import annotations

from datetime import timedelta
from threading import Event

import pytest
from django.db import transaction
from django.utils import timezone

from newsletter.adapters.ports import Outgoing
from newsletter.errors import BadInput
from newsletter.models import Delivery, SendPause
from newsletter.models.delivery import Cause, Kind, State
from newsletter.pipeline.send.bodies import VALID_SECONDS
from newsletter.pipeline.send.pause import hold_pauses, pause_sending, resume_sending
from tests.fakes.mailer import ScriptedMailer
from tests.pipeline.deliveries import CARD, NOW, deliver, digest, new_subscriber, store, transactional_mail
from tests.pipeline.send.test_deliver_races import run_together

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_pause_stops_digests_and_transactional_mail_and_resuming_sends_both() -> None:
    rows = [digest(), transactional_mail(new_subscriber(), Kind.LINK)]
    mailer = ScriptedMailer()
    pause_sending("a typo", now=NOW)
    assert deliver(mailer).paused == "a typo"
    assert deliver(mailer, transactional=True).handled == 0
    assert mailer.sent == []
    assert set(Delivery.objects.values_list("state", "attempt")) == {(State.COMPOSED.value, 0)}
    assert [pause.reason for pause in resume_sending()] == ["a typo"]
    assert deliver(mailer).states == {"ACCEPTED": len(rows)}


def test_a_body_that_has_begun_finishes_and_the_next_does_not_begin() -> None:
    for _ in range(3):
        digest()
    ahead = [timedelta()]

    def pause(_message: Outgoing) -> None:
        pause_sending("stop", now=NOW)
        ahead.append(timedelta(seconds=VALID_SECONDS))  # the group has to begin again

    mailer, start = ScriptedMailer(in_body=pause), timezone.now()
    report = deliver(mailer, clock=lambda: start + ahead[-1])
    assert len(mailer.sent) == 1
    assert report.states == {"ACCEPTED": 1, "RETRY_WAIT": 2}
    assert set(Delivery.objects.filter(state=State.RETRY_WAIT).values_list("attempt", "body_begun_at")) == {
        (0, None)
    }


def test_a_pause_commits_before_a_body_begins_or_after() -> None:
    """While a sender is about to begin, whoever pauses waits: no body follows the pause's commit."""
    holding, order = Event(), list[str]()

    def begin() -> None:
        with transaction.atomic():
            hold_pauses()
            holding.set()
            Event().wait(0.3)  # the pause has every chance to overtake
            order.append("begun")

    def pause() -> None:
        assert holding.wait(60)
        pause_sending("stop", now=NOW)
        order.append("paused")

    run_together(begin, pause)
    assert order == ["begun", "paused"]


@pytest.mark.parametrize("cause", [Cause.BREAKER, Cause.CANARY])
def test_the_alert_passes_a_pause_that_the_service_made_itself(cause: Cause) -> None:
    digest()
    transactional_mail(None, Kind.ALERT, recipient="operator@example.org", fragments=store(CARD))
    mailer = ScriptedMailer()
    pause_sending("7 % bounced", transport="scripted", cause=cause, now=NOW)
    assert deliver(mailer).states == {"ACCEPTED": 1}
    assert mailer.recipients == ["operator@example.org"]


@pytest.mark.parametrize("cause", [Cause.OPERATOR, Cause.REFUSED])
def test_not_even_an_alert_passes_a_person_or_a_transport_that_refuses_us(cause: Cause) -> None:
    transactional_mail(None, Kind.ALERT, recipient="operator@example.org", fragments=store(CARD))
    mailer = ScriptedMailer()
    pause_sending("stop", transport="scripted", cause=cause, now=NOW)
    pause_sending("7 % bounced", cause=Cause.BREAKER, now=NOW)
    assert deliver(mailer).handled == 0


def test_a_second_pause_keeps_the_first_ones_time_and_a_person_has_the_last_word() -> None:
    pause_sending("an unsubscribe did not hold", cause=Cause.CANARY, now=NOW)
    pause_sending("looking into it", now=NOW + timedelta(hours=1))
    pause_sending("again", cause=Cause.CANARY, now=NOW + timedelta(hours=2))
    [standing] = SendPause.objects.all()
    assert (standing.reason, standing.cause, standing.since) == ("looking into it", Cause.OPERATOR, NOW)


def test_a_pause_needs_a_reason() -> None:
    with pytest.raises(BadInput, match="reason"):
        pause_sending("  ", now=timezone.now())
