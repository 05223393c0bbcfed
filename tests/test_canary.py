"""The canary leaves in every way by real requests, and must then get nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings as django_settings
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from newsletter import canary
from newsletter.adapters.infra.own_site import post
from newsletter.errors import TemporaryError
from newsletter.models import CanaryFlight, Delivery, SendPause, Subscriber, Topic
from newsletter.models.delivery import Cause, Kind, State
from tests.fakes.mailer import ScriptedMailer
from tests.pipeline.deliveries import deliver, new_subscriber

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 11, 4, 12, 0, tzinfo=UTC)
ADDRESS = "operator+canary@example.org"


@pytest.fixture(scope="session", autouse=True)
def static_folder() -> None:
    """As ``wsgi.py`` does: WhiteNoise warns without it."""
    django_settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)


@pytest.fixture(autouse=True)
def site(live_server: LiveServer, settings: Settings) -> None:
    """Let the links in mails lead to a site that is really there."""
    update = {"base_url": live_server.url, "operator_email": "operator@example.org"}
    settings.CONFIG = settings.CONFIG.model_copy(update=update)
    for slug in ("heads", "tails"):
        Topic.objects.create(slug=slug, name=slug, query="cat:cs.CV", created_at=NOW)


def fly(*, hours: float = 0) -> CanaryFlight | None:
    return canary.fly(now=NOW + timedelta(hours=hours))


def test_a_flight_tries_every_way_and_holds_once_the_workers_have_refused_the_bait() -> None:
    flight = fly()
    assert flight is not None
    assert flight.failure == ""
    assert fly(hours=0.1) is None  # nobody has taken up the bait yet
    mailer = ScriptedMailer()
    assert deliver(mailer, transactional=True).states == {"CANCELLED": 1}
    assert mailer.sent == []
    held = fly(hours=0.2)
    assert held is not None
    assert (held.judged_at, held.failure) == (NOW + timedelta(hours=0.2), "")
    assert not SendPause.objects.exists()
    assert fly(hours=1) is None  # one flight a day


def test_the_next_day_it_flies_again_and_leaves_nothing_behind() -> None:
    for day in range(3):
        fly(hours=24 * day)
        deliver(ScriptedMailer(), transactional=True)
        fly(hours=24 * day + 1)
    assert CanaryFlight.objects.filter(failure="", judged_at__isnull=False).count() == 3
    assert Subscriber.objects.get().email == ADDRESS
    assert Delivery.objects.count() == 2
    assert Subscriber.objects.get().next_slot_at is None


@pytest.mark.parametrize(("topics", "way"), [(2, "leaving a topic"), (1, "leaving by the page's button")])
def test_a_way_that_ends_nothing_pauses_all_sending(
    topics: int, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Topic.objects.exclude(pk__in=Topic.objects.order_by("pk")[:topics]).update(is_active=False)
    monkeypatch.setattr("newsletter.web.unsubscribe.end_subscription", lambda *_, **__: None)
    flight = fly()
    assert flight is not None
    assert flight.failure.startswith(way)
    assert "did not end" in flight.failure
    pause = SendPause.objects.get()
    assert (pause.transport, pause.cause) == ("*", Cause.CANARY)


def test_a_link_that_does_not_answer_as_it_must_pauses_all_sending(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("newsletter.web.unsubscribe.read_token", lambda *_, **__: None)
    flight = fly()
    assert flight is not None
    assert flight.failure == "leaving a topic by one click answered HTTP 404"
    assert SendPause.objects.exists()


def test_a_bait_that_is_sent_pauses_all_sending(monkeypatch: pytest.MonkeyPatch) -> None:
    fly()
    with monkeypatch.context() as broken:
        for step in ("claim", "bodies"):
            broken.setattr(f"newsletter.pipeline.send.{step}.refusals", lambda *_, **__: {})
        mailer = ScriptedMailer()
        deliver(mailer, transactional=True)
    assert mailer.recipients == [ADDRESS]
    flight = fly(hours=0.1)
    assert flight is not None
    assert flight.failure == "a digest to who had left was not refused (ACCEPTED)"
    assert SendPause.objects.get().cause == Cause.CANARY


def test_a_site_that_is_away_is_no_verdict_and_is_tried_again(settings: Settings) -> None:
    there = settings.CONFIG
    settings.CONFIG = there.model_copy(update={"base_url": "http://127.0.0.1:9"})
    assert fly() is None
    assert not CanaryFlight.objects.exists()
    assert not SendPause.objects.exists()
    assert not Subscriber.objects.exists()  # nor is a bait left that falls due one day
    settings.CONFIG = there
    assert fly(hours=0.1) is not None


def test_a_bait_that_nobody_took_up_is_replaced_the_next_day() -> None:
    fly()
    assert fly(hours=24) is not None
    assert [flight.day.day for flight in CanaryFlight.objects.all()] == [5]
    waiting = Delivery.objects.filter(kind=Kind.DIGEST, state=State.COMPOSED)
    assert waiting.count() == 1


def test_a_subscriber_of_that_address_is_left_alone() -> None:
    somebody = new_subscriber(ADDRESS)
    assert fly() is None
    somebody.refresh_from_db()
    assert somebody.status == "active"


def test_without_an_address_or_a_topic_it_stays_at_home(settings: Settings) -> None:
    Topic.objects.update(is_active=False)
    assert fly() is None
    Topic.objects.update(is_active=True)
    settings.CONFIG = settings.CONFIG.model_copy(update={"operator_email": ""})
    assert fly() is None


def test_an_address_of_its_own_goes_before_the_operators(settings: Settings) -> None:
    settings.CONFIG = settings.CONFIG.model_copy(update={"canary_email": "bird@example.org"})
    fly()
    assert Subscriber.objects.get().email == "bird@example.org"


def test_nobody_at_the_address_is_a_temporary_error() -> None:
    with pytest.raises(TemporaryError, match="does not answer"):
        post("http://127.0.0.1:9/unsubscribe/x", {})
