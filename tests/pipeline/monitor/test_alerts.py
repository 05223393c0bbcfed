"""What is late becomes an incident, and the operator hears of it once a day until it is over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings

from newsletter.models import CanaryFlight, Delivery, GatherRun, Incident, SendDay, SendPause, Topic
from newsletter.models.delivery import Cause, Kind, State
from newsletter.pipeline.monitor.alerts import check_health
from newsletter.pipeline.send.pause import pause_sending, resume_sending
from tests.fakes.mailer import ScriptedMailer
from tests.pipeline.deliveries import deliver, digest, new_subscriber, topic, transactional_mail

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 11, 4, 12, 0, tzinfo=UTC)
"""A Wednesday."""


@pytest.fixture(autouse=True)
def operator(settings: Settings) -> None:
    settings.CONFIG = settings.CONFIG.model_copy(update={"operator_email": "operator@example.org"})


def subjects() -> list[str]:
    alerts = Delivery.objects.filter(kind=Kind.ALERT).order_by("planned_at", "slot_key")
    return list(alerts.values_list("subject", flat=True))


def waiting(since: datetime = NOON, **fields: Any) -> Delivery:
    return digest(composed_at=since, slot_at=since, next_attempt_at=since, **fields)


def test_nothing_late_says_nothing() -> None:
    waiting(NOON - timedelta(minutes=5))
    assert check_health(now=NOON) == []
    assert subjects() == []


def test_a_mail_that_waits_too_long_is_told_once_a_day_until_it_is_over() -> None:
    row = waiting()
    assert check_health(now=NOON + timedelta(minutes=59)) == []
    assert check_health(now=NOON + timedelta(minutes=61)) == ["mails-waiting"]
    for minutes in (62, 90, 300):
        assert check_health(now=NOON + timedelta(minutes=minutes)) == []
    assert subjects() == ["arXiv digest: mails waiting"]
    check_health(now=NOON + timedelta(days=1))
    assert len(subjects()) == 2
    Delivery.objects.filter(pk=row.pk).update(state=State.ACCEPTED)
    assert check_health(now=NOON + timedelta(days=1, minutes=1)) == ["mails-waiting"]
    assert subjects()[-1] == "arXiv digest: mails waiting: over"
    assert check_health(now=NOON + timedelta(days=1, minutes=2)) == []
    assert Incident.objects.get().closed_at is not None


def test_what_hovers_at_its_limit_is_one_incident() -> None:
    row = waiting()
    at = NOON + timedelta(minutes=61)
    assert check_health(now=at) == ["mails-waiting"]
    Delivery.objects.filter(pk=row.pk).update(composed_at=at - timedelta(minutes=45))
    assert check_health(now=at) == []
    Delivery.objects.filter(pk=row.pk).update(composed_at=at - timedelta(minutes=20))
    assert check_health(now=at) == ["mails-waiting"]


def test_a_persons_pause_is_no_incident_and_neither_is_what_waits_for_it() -> None:
    waiting()
    pause_sending("moving house", now=NOON)
    assert check_health(now=NOON + timedelta(hours=5)) == []


def test_a_day_that_is_used_up_makes_nobody_late(settings: Settings) -> None:
    settings.CONFIG = settings.CONFIG.model_copy(update={"send_daily": 10})
    SendDay.objects.create(transport="outbox", day=NOON.date(), digests=9)
    waiting()
    assert check_health(now=NOON + timedelta(hours=5)) == []


def test_a_slot_that_nobody_plans_and_a_transactional_mail_that_nobody_sends_are_told() -> None:
    new_subscriber(next_slot_at=NOON)
    row = transactional_mail(new_subscriber(), Kind.LINK)
    Delivery.objects.filter(pk=row.pk).update(next_attempt_at=NOON, composed_at=NOON)
    assert check_health(now=NOON + timedelta(minutes=20)) == ["slots-unplanned", "notices-waiting"]


def test_arxiv_without_an_answer_since_it_announced_is_told() -> None:
    topic()
    last_week = NOON - timedelta(days=6)
    Topic.objects.update(created_at=last_week)
    run = GatherRun.objects.create(started_at=NOON - timedelta(days=1), query="cat:cs.CV")
    assert check_health(now=NOON) == ["gather-late"]  # announced at 01:00 UTC
    run.started_at = NOON - timedelta(hours=10)
    run.save()
    assert check_health(now=NOON) == ["gather-late"]
    assert subjects()[-1] == "arXiv digest: gather late: over"


def test_a_provider_that_reports_nothing_is_told(settings: Settings) -> None:
    webhook = {"mailer": "sendgrid", "sendgrid_webhook_key": "key"}
    settings.CONFIG = settings.CONFIG.model_copy(update=webhook)
    waiting(state=State.ACCEPTED, transport="sendgrid", outcome_at=NOON)
    assert check_health(now=NOON + timedelta(hours=5)) == []
    assert "events-late" in check_health(now=NOON + timedelta(hours=7))


def test_an_alert_names_no_subscriber_and_reaches_the_operator_alone() -> None:
    waiting(subscriber=new_subscriber("ada@example.org"), last_detail="ada@example.org: try later")
    check_health(now=NOON + timedelta(hours=3))
    Delivery.objects.exclude(kind=Kind.ALERT).update(state=State.ACCEPTED)
    mailer = ScriptedMailer()
    assert deliver(mailer, transactional=True).states == {"ACCEPTED": 1}
    [mail] = mailer.sent
    assert mail.recipient == "operator@example.org"
    assert b"ada@" not in mail.message
    assert b"List-Unsubscribe" not in mail.message
    unbroken = mail.message.replace(b"=\r\n", b"").split()
    assert b"Is a worker of the queue send running?" in b" ".join(unbroken)


def test_without_an_operator_incidents_are_kept_and_nobody_is_mailed(settings: Settings) -> None:
    settings.CONFIG = settings.CONFIG.model_copy(update={"operator_email": ""})
    waiting()
    assert check_health(now=NOON + timedelta(hours=3)) == ["mails-waiting"]
    assert subjects() == []


# --- the circuit breaker ---------------------------------------------------------------------------------


def sent(number: int, state: State, *, at: datetime = NOON, **fields: Any) -> None:
    """Record mails to readers who confirmed a month ago, or to ``subscriber``."""
    one, kind = fields.pop("subscriber", None), fields.pop("kind", Kind.DIGEST)
    confirmed = NOON - timedelta(days=30)
    rows = [
        Delivery.planned(
            subscriber_id=(one or new_subscriber(confirmed_at=confirmed)).pk,
            kind=kind,
            slot_key=f"{state}-{at}-{each}",
            slot_at=at,
            now=at,
        )
        for each in range(number)
    ]
    for row in rows:
        row.state, row.transport, row.outcome_at = state, "outbox", at
        for name, value in fields.items():
            setattr(row, name, value)
    Delivery.objects.bulk_create(rows)


def test_too_many_bounces_pause_the_transport_and_the_alert_gets_out() -> None:
    sent(180, State.ACCEPTED, subscriber=new_subscriber())
    sent(8, State.BOUNCED)
    sent(3, State.FAILED, last_code="550 5.1.1")
    sent(20, State.DELIVERED, subscriber=new_subscriber())
    assert "sending-paused" in check_health(now=NOON + timedelta(minutes=1))
    pause = SendPause.objects.get()
    assert (pause.transport, pause.cause) == ("outbox", Cause.BREAKER)
    assert pause.reason == "11 of 211 mails of the last day bounced: 5.21%, the limit is 5.0%"
    waiting()
    mailer = ScriptedMailer(name="outbox")
    deliver(mailer)
    assert mailer.recipients == ["operator@example.org"]


def test_a_replay_of_an_earlier_day_ends_no_incident_of_today() -> None:
    waiting()
    assert check_health(now=NOON + timedelta(hours=2)) == ["mails-waiting"]
    assert check_health(now=NOON - timedelta(days=3)) == []
    assert Incident.objects.get().closed_at is None


def test_complaints_count_over_a_week_and_our_own_mistakes_do_not() -> None:
    CanaryFlight.objects.create(day=NOON.date(), started_at=NOON, judged_at=NOON)
    sent(1000, State.DELIVERED, at=NOON - timedelta(days=6), subscriber=new_subscriber())
    sent(2, State.COMPLAINED, at=NOON - timedelta(days=5))
    sent(100, State.FAILED, last_code="400")
    assert check_health(now=NOON) == []
    sent(1, State.COMPLAINED)
    assert check_health(now=NOON) == ["sending-paused"]
    assert "3 of 1,003 mails of the last 7 days complained: 0.30%" in SendPause.objects.get().reason


def test_after_a_person_resumed_what_was_known_by_then_counts_no_more() -> None:
    sent(200, State.ACCEPTED, subscriber=new_subscriber())
    sent(40, State.BOUNCED)
    assert check_health(now=NOON) == ["sending-paused"]
    assert check_health(now=NOON + timedelta(minutes=5)) == []
    resume_sending()
    assert check_health(now=NOON + timedelta(minutes=10)) == ["sending-paused"]
    assert not SendPause.objects.exists()
    assert check_health(now=NOON + timedelta(minutes=11)) == []
    sent(200, State.ACCEPTED, at=NOON + timedelta(minutes=15), subscriber=new_subscriber())
    sent(41, State.BOUNCED, at=NOON + timedelta(minutes=15))
    assert check_health(now=NOON + timedelta(minutes=20)) == ["sending-paused"]
