"""Strangers who want all sending stopped: they sign up dead addresses, or join in order to complain."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from newsletter.adapters.ports import Verdict
from newsletter.models import Delivery, Incident, SendPause, Subscriber
from newsletter.models.delivery import Kind, State
from newsletter.models.subscriber import Status
from newsletter.pipeline.monitor.alerts import check_health
from newsletter.pipeline.monitor.health import measure
from newsletter.pipeline.send.pause import SIGN_UP, resume_sending
from newsletter.subscribers import quotas as allowances
from newsletter.subscribers.preferences import Preferences
from newsletter.subscribers.signup import JoinRequest, request_to_join
from tests.fakes.mailer import ScriptedMailer, answer
from tests.pipeline.deliveries import deliver, digest, new_subscriber, topic

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 11, 4, 12, 0, tzinfo=UTC)
DEAD = answer(Verdict.BAD_ADDRESS, code="550 5.1.1", detail="no such user")
ATTACK = 230


@pytest.fixture(autouse=True)
def clock(settings: Settings) -> Iterator[time_machine.Traveller]:
    settings.CONFIG = settings.CONFIG.model_copy(update={"operator_email": "operator@example.org"})
    with time_machine.travel(NOON, tick=True) as traveller:
        yield traveller


def sign_up(email: str, *, at: datetime = NOON, ip: str = "") -> None:
    preferences = Preferences.checked()
    request = JoinRequest(
        email=email, preferences=preferences, topics=["heads"], form="a test", text_shown="", ip=ip
    )
    request_to_join(request, now=at)


def sign_up_dead_addresses(number: int = ATTACK) -> ScriptedMailer:
    """Sign up addresses of as many domains and networks, which the receiving server does not know."""
    emails = [f"nobody@dead{each}.example" for each in range(number)]
    for each, email in enumerate(emails):
        sign_up(email, ip=f"198.51.{each // 250}.{each % 250}")
    mailer = ScriptedMailer(name="outbox", answers=dict.fromkeys(emails, DEAD))
    deliver(mailer, now=timezone.now())
    return mailer


def breakers(*, now: datetime) -> list[str]:
    """Watch; return which of the pauses began or ended."""
    return [name for name in check_health(now=now) if name.endswith("-paused")]


def digests(number: int, state: State, *, at: datetime, who: list[Subscriber]) -> None:
    for each in range(number):
        digest(
            who[each % len(who)], slot_key=f"{state}-{each}", state=state, transport="outbox", outcome_at=at
        )


def test_dead_sign_ups_stop_sign_up_and_nothing_else(clock: time_machine.Traveller) -> None:
    topic("heads")
    sign_up_dead_addresses()
    refused = Delivery.objects.filter(kind=Kind.CONFIRMATION, state__in=(State.FAILED, State.BOUNCED))
    assert refused.count() == ATTACK
    assert breakers(now=NOON) == ["sign-up-paused"]
    assert SendPause.objects.get().transport == SIGN_UP

    ada = new_subscriber("ada@example.org", confirmed_at=NOON - timedelta(days=30))
    digest(ada, next_attempt_at=NOON)
    sign_up("late@example.org")  # by a form that was open already
    mailer = ScriptedMailer(name="outbox")
    deliver(mailer, now=timezone.now())
    assert set(mailer.recipients) == {"ada@example.org", "operator@example.org"}

    visitor = Client(SERVER_NAME="localhost")
    assert "Nobody new can sign up" in visitor.get("/").content.decode()
    form = {"email": "new@example.org", "topics": "heads"}
    assert visitor.post("/", form).status_code == 503
    assert not Subscriber.objects.filter(email="new@example.org").exists()

    # What it holds back is no incident of its own, and within a day it ends by itself.
    clock.move_to(NOON + timedelta(hours=3))
    assert breakers(now=NOON + timedelta(hours=3)) == []
    assert measure(now=NOON + timedelta(hours=3)).waiting["transactional"] is None
    clock.move_to(NOON + timedelta(hours=25))
    assert breakers(now=NOON + timedelta(hours=25)) == ["sign-up-paused"]
    assert not SendPause.objects.exists()
    deliver(mailer, now=timezone.now())
    assert "late@example.org" in mailer.recipients
    assert visitor.post("/", form).status_code == 200
    assert Subscriber.objects.get(email="new@example.org").status == Status.PENDING


def test_resume_lets_sign_up_go_on_and_what_was_known_counts_no_more() -> None:
    topic("heads")
    sign_up_dead_addresses(60)
    assert breakers(now=NOON) == ["sign-up-paused"]
    resume_sending()
    assert breakers(now=NOON + timedelta(minutes=1)) == ["sign-up-paused"]
    assert breakers(now=NOON + timedelta(minutes=2)) == []
    assert not SendPause.objects.exists()
    assert Incident.objects.get(name="sign-up-paused").closed_at is not None


def test_a_few_typing_mistakes_among_many_sign_ups_pause_nothing() -> None:
    topic("heads")
    for each in range(180):
        sign_up(f"reader@good{each}.example", ip=f"198.51.0.{each}")
    sign_up_dead_addresses(30)
    assert breakers(now=NOON) == []


def test_those_who_join_to_complain_stop_nothing() -> None:
    digests(1000, State.DELIVERED, at=NOON - timedelta(hours=2), who=[new_subscriber()])
    new = [new_subscriber(confirmed_at=NOON - timedelta(days=2)) for _ in range(20)]
    digests(20, State.COMPLAINED, at=NOON, who=new)
    assert breakers(now=NOON) == []


def test_those_who_confirm_to_refuse_their_digests_stop_nothing() -> None:
    """Whoever owns a domain confirms a dozen addresses in it, and answers each digest with 550."""
    digests(200, State.DELIVERED, at=NOON - timedelta(hours=2), who=[new_subscriber()])
    new = [new_subscriber(confirmed_at=NOON - timedelta(hours=2)) for _ in range(15)]
    digests(15, State.BOUNCED, at=NOON, who=new)
    assert breakers(now=NOON) == []
    imported = [new_subscriber(confirmed_by_operator=True, confirmed_at=NOON) for _ in range(12)]
    digests(12, State.FAILED, at=NOON, who=imported)
    Delivery.objects.filter(state=State.FAILED).update(last_code="550")
    assert breakers(now=NOON) == ["sending-paused"]


def test_one_subscriber_who_complains_of_everything_is_one() -> None:
    digests(1000, State.DELIVERED, at=NOON - timedelta(hours=2), who=[new_subscriber()])
    ada, eve = (new_subscriber(confirmed_at=NOON - timedelta(days=30)) for _ in range(2))
    digests(20, State.COMPLAINED, at=NOON, who=[ada, eve])
    assert breakers(now=NOON) == []
    bob = new_subscriber(
        confirmed_by_operator=True, confirmed_at=NOON
    )  # an imported list is the operator's own doing
    digests(1, State.COMPLAINED, at=NOON, who=[bob])
    assert breakers(now=NOON) == ["sending-paused"]
    assert "3 of 1,021 mails" in SendPause.objects.get().reason


def test_complaints_about_confirmations_count_for_sign_up_alone() -> None:
    shared = new_subscriber()
    for state, number in ((State.COMPLAINED, 30), (State.DELIVERED, 60)):
        for each in range(number):
            who = new_subscriber(status=Status.COMPLAINED) if state == State.COMPLAINED else shared
            digest(
                who,
                kind=Kind.CONFIRMATION,
                slot_key=f"confirm-{each}",
                state=state,
                transport="outbox",
                outcome_at=NOON,
            )
    assert breakers(now=NOON) == ["sign-up-paused"]


def test_sign_up_is_within_its_caps_all_the_while() -> None:
    """The attack above is one that the caps of sign-up let through."""
    assert allowances.Limit.FROM_AN_IP.value.most < ATTACK < allowances.Limit.BY_THE_SERVICE.value.most
