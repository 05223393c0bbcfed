""" "Why did this reader get no mail yesterday?": answered by ``subscriber show`` and by ``deliveries``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from html import unescape
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from newsletter.models import ArxivGate, Delivery, Paper, SendDay, SendPause, Subscriber, Subscription, Topic
from newsletter.models.delivery import UNASKED, Kind, State
from newsletter.models.subscriber import Status
from newsletter.operating.situation import situation
from newsletter.operating.today import today
from newsletter.pipeline.send.pause import pause_sending
from newsletter.subscribers.change import pause
from newsletter.subscribers.unsubscribe import unsubscribe
from tests.cli.runner import done
from tests.fakes.papers import paper_record
from tests.pipeline.deliveries import digest, new_subscriber, topic, transactional_mail

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 20, 6, 0, tzinfo=UTC)
"""A Saturday."""
YESTERDAY = datetime(2026, 6, 19, 8, 0, tzinfo=UTC)
ADDRESS = "ada@example.org"


@pytest.fixture(autouse=True)
def _clock() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def ada(settings: Settings) -> Subscriber:
    settings.CONFIG = settings.CONFIG.model_copy(update={"mailer": "smtp"})
    done("subscriber", "list")  # the first command records which key the database is used with
    reader = new_subscriber(
        ADDRESS,
        cadence="daily",
        next_slot_at=YESTERDAY + timedelta(days=1),
        joined_at=NOW - timedelta(days=30),
        confirmed_at=NOW - timedelta(days=30),
    )
    Subscription.objects.create(subscriber=reader, topic=topic(), position=0, created_at=NOW)
    return reader


def mail(ada: Subscriber, **fields: Any) -> Delivery:
    """The digest of yesterday, which has not come."""
    usual = {"slot_key": "2026-06-19", "slot_at": YESTERDAY, "composed_at": YESTERDAY, "transport": "smtp"}
    return digest(ada, **usual | fields)


def configure(settings: Settings, **update: Any) -> None:
    settings.CONFIG = settings.CONFIG.model_copy(update=update)


def _paused_sending(ada: Subscriber, _: Settings) -> None:
    mail(ada)
    pause_sending("the footer is wrong", now=YESTERDAY)


def _refused(ada: Subscriber, _: Settings) -> None:
    detail = "no connection: [Errno 111] Connection refused"
    mail(
        ada, state=State.RETRY_WAIT, retries=7, last_detail=detail, next_attempt_at=NOW + timedelta(minutes=7)
    )


def _refused_and_due(ada: Subscriber, _: Settings) -> None:
    detail = "no connection: timed out"
    mail(ada, state=State.RETRY_WAIT, retries=3, last_detail=detail, next_attempt_at=NOW - timedelta(hours=1))


def _greylisted(ada: Subscriber, _: Settings) -> None:
    again = NOW + timedelta(minutes=7)
    mail(
        ada,
        state=State.RETRY_WAIT,
        retries=2,
        last_code="451",
        last_detail="4.7.1 slow",
        next_attempt_at=again,
    )


def _daily_cap(ada: Subscriber, settings: Settings) -> None:
    configure(settings, send_daily=100)
    SendDay.objects.create(transport="smtp", day=NOW.date(), digests=90)
    mail(ada)


def _warm_up(ada: Subscriber, settings: Settings) -> None:
    configure(settings, warmup=20)
    SendDay.objects.create(transport="smtp", day=NOW.date(), digests=18)
    mail(ada)


def _domain(ada: Subscriber, settings: Settings) -> None:
    configure(settings, domain_rates={"example.org": 0.1})
    mail(ada, next_attempt_at=NOW + timedelta(minutes=30))


def _gathering(ada: Subscriber, _: Settings) -> None:
    held = NOW + timedelta(minutes=2)
    ArxivGate.objects.update_or_create(pk=1, defaults={"held_until": held, "next_request_at": NOW})
    mail(
        ada, slot_at=NOW - timedelta(minutes=5), slot_key="2026-06-20", state=State.PLANNED, composed_at=None
    )


def _summaries(ada: Subscriber, settings: Settings) -> None:
    configure(settings, summariser="gemini", gemini_api_key="none")
    paper = Paper.from_record(paper_record(), first_seen_at=NOW)
    paper.matched_at = NOW
    paper.save()
    mail(
        ada,
        slot_at=NOW - timedelta(minutes=5),
        slot_key="2026-06-20",
        state=State.PLANNED,
        composed_at=None,
        papers={"summarised": [paper.pk]},
    )


def _ambiguous(ada: Subscriber, _: Settings) -> None:
    mail(ada, state=State.AMBIGUOUS, next_attempt_at=None, outcome_at=NOW - timedelta(hours=5))


def _quarantined(ada: Subscriber, _: Settings) -> None:
    why = "5 attempts ended without an outcome"
    mail(ada, state=State.QUARANTINED, last_detail=why, outcome_at=NOW - timedelta(hours=5))


def _rejected(ada: Subscriber, _: Settings) -> None:
    detail = "5.1.1 <ada@example.org>: no such user"
    mail(ada, state=State.FAILED, last_code="550", last_detail=detail, outcome_at=NOW - timedelta(hours=5))


def _nothing_matched(ada: Subscriber, _: Settings) -> None:
    mail(ada, state=State.SKIPPED, outcome_at=YESTERDAY)


def _arxiv_silent(ada: Subscriber, _: Settings) -> None:
    mail(ada, state=State.SKIPPED, last_detail=UNASKED, outcome_at=YESTERDAY)


def _overtaken(ada: Subscriber, _: Settings) -> None:
    mail(ada, state=State.EXPIRED, outcome_at=NOW - timedelta(minutes=1))


def _no_worker(ada: Subscriber, _: Settings) -> None:
    mail(ada, next_attempt_at=YESTERDAY)


def _reader_paused(ada: Subscriber, _: Settings) -> None:
    pause(ada, until=date(2026, 6, 25), now=YESTERDAY - timedelta(days=2))


def _unsubscribed(ada: Subscriber, _: Settings) -> None:
    unsubscribe(ada, source="the mail's link", now=YESTERDAY - timedelta(days=1))


def _unconfirmed(ada: Subscriber, _: Settings) -> None:
    Subscriber.objects.update(status=Status.PENDING, confirmed_at=None, next_slot_at=None)
    transactional_mail(ada, Kind.CONFIRMATION, state=State.ACCEPTED, outcome_at=YESTERDAY)


def _bounced(ada: Subscriber, _: Settings) -> None:
    Subscriber.objects.filter(pk=ada.pk).update(status=Status.BOUNCED, next_slot_at=None)


def _weekly(ada: Subscriber, _: Settings) -> None:
    monday = datetime(2026, 6, 22, 8, tzinfo=UTC)
    Subscriber.objects.filter(pk=ada.pk).update(cadence="weekly:mon", next_slot_at=monday)


def _no_topic(ada: Subscriber, _: Settings) -> None:
    Topic.objects.filter(subscriptions__subscriber=ada).delete()


@dataclass(frozen=True)
class Cause:
    make: Callable[[Subscriber, Settings], None]
    code: str
    says: str
    then: str = ""
    has_mail: bool = True


CAUSES = [
    Cause(
        _paused_sending, "paused", "sending is paused since 19 June 08:00 UTC: the footer is wrong", "resume"
    ),
    Cause(_refused, "refused", "the mail server refused the connection", "Next try by itself at 06:07 UTC"),
    Cause(_refused_and_due, "refused", "the mail server cannot be reached", "Try 4 is due. Is a worker"),
    Cause(_greylisted, "refused", "the mail server asked to wait (451 4.7.1 slow)", "try 3"),
    Cause(_daily_cap, "daily-cap", "100 mails (NEWSLETTER_SEND_DAILY", "at 21 June 00:00 UTC"),
    Cause(_warm_up, "warm-up", "20 mails (NEWSLETTER_WARMUP", "at 21 June 00:00 UTC"),
    Cause(_domain, "domain-rate", "the limit of example.org, 0.1 a second", "at 06:30 UTC"),
    Cause(_gathering, "gathering", "arXiv is being asked right now", "until 06:25 UTC at most"),
    Cause(_summaries, "summaries", "1 summary of its papers still to be written", "until 06:25 UTC at most"),
    Cause(_ambiguous, "ambiguous", "it may have arrived", "not sent again by itself"),
    Cause(_quarantined, "quarantined", "5 attempts ended without an outcome", "releases or cancels it"),
    Cause(_rejected, "bad-address", "address rejected (550 5.1.1 … no such user)", "marked as bounced"),
    Cause(_nothing_matched, "nothing", "nothing new matched this reader's topics"),
    Cause(_arxiv_silent, "arxiv", "arXiv gave no answer in its period", "offered in the next digest"),
    Cause(_overtaken, "expired", "the next slot came before it could be sent"),
    Cause(_no_worker, "unsent", "a worker to take it", "Is a worker of the queue send running?"),
    Cause(_reader_paused, "", "Has paused until Thursday 25 June 2026", has_mail=False),
    Cause(_unsubscribed, "", "Left on Thursday 18 June 2026 (by the mail's link)", has_mail=False),
    Cause(_unconfirmed, "", "Has not confirmed since", "The confirmation: Accepted", has_mail=False),
    Cause(_bounced, "", "Mail to this address came back", has_mail=False),
    Cause(
        _weekly,
        "",
        "no digest was due: they come every Monday",
        "Monday 22 June 2026 at 08:00",
        has_mail=False,
    ),
    Cause(_no_topic, "", "Follows no topic", has_mail=False),
]


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.make.__name__.strip("_"))
def test_the_cause_is_told_by_both_commands(ada: Subscriber, settings: Settings, cause: Cause) -> None:
    cause.make(ada, settings)
    shown = done("subscriber", "show", ADDRESS).out
    assert cause.says in shown
    assert cause.then in shown
    if cause.has_mail:
        listed = done("deliveries", "--reader", ADDRESS).out
        assert cause.says in listed
        assert cause.then in listed
        [row] = done("deliveries", "--reader", ADDRESS, "--json").json["deliveries"]
        assert row["cause"] == cause.code


@pytest.mark.parametrize(
    "cause",
    [each for each in CAUSES if each.code not in ("", "nothing", "arxiv", "expired")],
    ids=lambda cause: cause.make.__name__.strip("_"),
)
def test_the_day_names_the_same_cause(ada: Subscriber, settings: Settings, cause: Cause) -> None:
    cause.make(ada, settings)
    found = today(situation(now=timezone.now(), real_now=timezone.now()))
    assert [(each.code, each.count) for each in found.late] == [(cause.code, 1)]
    assert "1 waits" in found.title or "1 failed" in found.title
    assert cause.code in {each["code"] for each in done("status", "--json").json["late"]}


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.make.__name__.strip("_"))
def test_the_cause_is_told_by_the_screen_alone(ada: Subscriber, settings: Settings, cause: Cause) -> None:
    cause.make(ada, settings)
    operator = Client(SERVER_NAME="localhost")
    operator.force_login(User.objects.create_superuser("operator", last_login=NOW))
    paths = [f"/admin/readers/{ada.pk}/"]
    paths += [f"/admin/deliveries/{row.pk}/" for row in Delivery.objects.filter(kind=Kind.DIGEST)]
    for path in paths:
        said = unescape(operator.get(path).content.decode())
        assert cause.says in said, path
        assert cause.then in said, path


def test_the_day_is_one_screen(ada: Subscriber, settings: Settings) -> None:
    for cause in CAUSES[:5]:
        Delivery.objects.all().delete()
        cause.make(ada, settings)
    said = done("status").out
    assert len(said.splitlines()) <= 30
    assert max(map(len, said.splitlines())) <= 200
    for step in ("Gathered", "Matched", "Summarised", "Composed", "Delivered", "Next slot"):
        assert step in said


def test_the_address_is_not_in_a_servers_words(ada: Subscriber, settings: Settings) -> None:
    _rejected(ada, settings)
    assert ADDRESS not in done("status").out


def test_a_paused_sign_up_holds_confirmations_alone(ada: Subscriber) -> None:
    mail(ada)
    transactional_mail(new_subscriber(status=Status.PENDING), Kind.CONFIRMATION)
    SendPause.objects.create(transport="sign-up", reason="too many", since=NOW, cause="breaker")
    found = today(situation(now=NOW, real_now=timezone.now()))
    assert {(each.code, each.count) for each in found.late} == {("paused", 1), ("unsent", 1)}


def test_an_empty_service_says_what_to_do() -> None:
    said = done("status").out
    assert "No digest was due today." in said
    assert "Nothing is late." in said
    assert "No slot is coming: no reader is active." in said
