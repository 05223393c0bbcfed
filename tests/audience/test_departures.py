"""Every way of leaving is in the departure log by the time its transaction commits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as service
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from newsletter.adapters.infra.departure_log import Departure, DepartureLog
from newsletter.audience.departures import departure_log
from newsletter.audience.suppression import Reason, lift, own_hmacs, suppress, suppress_all
from newsletter.models import AddressChange, Delivery, Subscriber
from newsletter.pipeline.monitor.retention import forget_old
from newsletter.pipeline.send.subscriber_status import bounced, complained, left_by_mail
from newsletter.subscribers.account import move
from newsletter.subscribers.change import set_topics
from newsletter.subscribers.revoke_links import revoke_links
from newsletter.subscribers.unsubscribe import erase, unsubscribe
from tests.pipeline.deliveries import NOW, digest, new_subscriber, topic

pytestmark = pytest.mark.django_db

ADA = "ada@example.org"


@pytest.fixture(autouse=True)
def data(tmp_path: Path, settings: Settings) -> Path:
    settings.CONFIG = settings.CONFIG.model_copy(update={"data_dir": tmp_path, "outbox_dir": None})
    return tmp_path


def lines() -> list[Departure]:
    log = departure_log().read()
    return list(log.departures) if log else []


def mail_to(reader: Subscriber) -> Delivery:
    return digest(reader, recipient=reader.email)


def change_of_address(reader: Subscriber) -> None:
    key = "ada@example.com"
    move(AddressChange.objects.create(subscriber=reader, email=key, email_key=key, requested_at=NOW), now=NOW)


WAYS: dict[str, tuple[Callable[[Subscriber], object], str]] = {
    "page": (lambda reader: unsubscribe(reader, source="test", now=NOW), "unsubscribed"),
    "mail": (lambda reader: left_by_mail(reader, at=NOW), "unsubscribed"),
    "bounce": (lambda reader: bounced(mail_to(reader), reader, at=NOW), "bounced"),
    "complaint": (lambda reader: complained(mail_to(reader), reader, at=NOW), "complained"),
    "erasure": (lambda reader: erase(reader, now=NOW), "erased"),
    "import": (lambda reader: suppress_all({reader.email_key: (Reason.IMPORTED, NOW)}), "imported"),
    "address": (change_of_address, "moved"),
    "links": (lambda reader: revoke_links(reader, now=NOW), "revoked"),
}


@pytest.mark.parametrize("way", WAYS)
def test_it_is_noted_under_the_key_of_suppressions(way: str) -> None:
    leave, kind = WAYS[way]
    ada = new_subscriber(ADA)
    address = own_hmacs([ADA])[ADA]
    leave(ada)
    noted = [(line.address, line.kind, line.at) for line in lines()]
    assert (address, kind, NOW) in noted
    assert ADA.encode() not in (service.CONFIG.data_dir / "departures.log").read_bytes()


def test_a_topic_that_is_left_is_noted_by_its_id_and_none_that_is_not() -> None:
    ada, heads, graphs = new_subscriber(ADA), topic("heads"), topic("graphs")
    set_topics(ada, topics=["heads", "graphs"], now=NOW)
    assert lines() == []
    unsubscribe(ada, source="test", now=NOW, topic=heads)
    unsubscribe(ada, source="test", now=NOW, topic=heads)
    assert [(line.kind, line.topic) for line in lines()] == [("topic", heads.pk)]
    set_topics(ada, topics=["heads"], now=NOW)
    assert [(line.kind, line.topic) for line in lines()[1:]] == [("topic", graphs.pk)]


def test_an_erasure_is_noted_even_of_who_complained_before() -> None:
    ada = new_subscriber(ADA)
    suppress(ADA, reason=Reason.COMPLAINED, at=NOW)
    erase(ada, now=NOW)
    assert [line.kind for line in lines()] == ["complained", "erased"]


@pytest.mark.django_db(transaction=True)
def test_a_return_is_noted_once_it_is_committed_and_a_first_confirmation_is_not() -> None:
    lift(ADA)
    assert lines() == []
    suppress(ADA, reason=Reason.UNSUBSCRIBED, at=NOW)
    with transaction.atomic():
        lift(ADA)
        assert [line.kind for line in lines()] == ["unsubscribed"]
        transaction.set_rollback(True)
    assert [line.kind for line in lines()] == ["unsubscribed"]
    lift(ADA)
    assert [line.kind for line in lines()] == ["unsubscribed", "returned"]


def test_importing_a_list_again_notes_nothing() -> None:
    entries = {f"{name}@example.org": (Reason.IMPORTED, NOW) for name in ("ada", "bob")}
    suppress_all(entries)
    suppress_all(entries)
    assert len(lines()) == 2


@pytest.mark.django_db(transaction=True)
def test_the_line_is_there_before_the_commit() -> None:
    """So that a crash in between loses no departure: whoever got no answer counts as having left."""
    ada = new_subscriber(ADA)
    with transaction.atomic():
        unsubscribe(ada, source="test", now=NOW)
        transaction.set_rollback(True)
    assert Subscriber.objects.get().status == "active"
    assert [line.kind for line in lines()] == ["unsubscribed"]


def test_retention_drops_old_lines(settings: Settings) -> None:
    days = settings.CONFIG.retention_events_days
    now = timezone.now()
    old = Departure("ab" * 32, "unsubscribed", NOW, now - timedelta(days=days + 1))
    young = Departure("ab" * 32, "unsubscribed", NOW, now - timedelta(days=days - 1))
    DepartureLog(settings.CONFIG.data_dir / "departures.log").append([old, young])
    assert forget_old(now=now)["departures"] == 1
    assert lines() == [young]
