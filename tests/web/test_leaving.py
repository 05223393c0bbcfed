"""Leaving, or getting less: by a mail program's one click, or on the page."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from newsletter.audience.tokens import Purpose
from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import Kind, State
from newsletter.models.subscriber import Status
from newsletter.subscribers.change import set_topics
from newsletter.subscribers.unsubscribe import erase
from tests.pipeline.deliveries import message_bytes
from tests.web.conftest import JOINED, Service, every_row
from tests.web.test_public_pages import text_of

ONE_CLICK = "List-Unsubscribe=One-Click"
FORM = "application/x-www-form-urlencoded"


def status() -> str:
    return Subscriber.objects.get().status


@pytest.mark.parametrize("tail", ["", "/", "/heads", "/heads/"])
@pytest.mark.parametrize("secure", [False, True])
def test_one_click_meets_no_redirect_and_no_cookie(
    visitor: Client, service: Service, tail: str, secure: bool
) -> None:
    path = service.link(Purpose.UNSUBSCRIBE) + tail
    for _ in range(3):
        response = visitor.post(path, ONE_CLICK, content_type=FORM, secure=secure, headers={"cookie": ""})
        assert (response.status_code, response.content, dict(response.cookies)) == (200, b"", {})
    left = {each.topic.slug for each in service.subscriber.subscriptions.all()}
    assert (left, status()) == (
        ({"quiet"}, Status.ACTIVE) if "heads" in tail else ({"heads", "quiet"}, Status.UNSUBSCRIBED)
    )


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (ONE_CLICK, "multipart/form-data; boundary=broken"),
        (ONE_CLICK, "multipart/form-data"),
        ("", FORM),
        ("", "text/plain"),
        ('{"List-Unsubscribe": "One-Click"}', "application/json"),
        ("list-unsubscribe=one-click", FORM),
    ],
)
def test_a_body_that_says_it_oddly_still_unsubscribes(
    visitor: Client, service: Service, body: str, content_type: str
) -> None:
    response = visitor.post(service.link(Purpose.UNSUBSCRIBE), body, content_type=content_type)
    assert response.status_code == 200
    assert status() == Status.UNSUBSCRIBED


def test_the_header_of_the_mail_is_the_address_that_is_posted_to(visitor: Client, service: Service) -> None:
    head = message_bytes(service.delivery).decode().partition("\r\n\r\n")[0]
    url = next(line for line in head.split("\r\n") if line.startswith("List-Unsubscribe:"))
    path = url.partition("<http://localhost:8000")[2].partition(">")[0]
    assert path == service.link(Purpose.UNSUBSCRIBE)
    assert visitor.post(path, ONE_CLICK, content_type=FORM).status_code == 200
    assert status() == Status.UNSUBSCRIBED


def test_a_subscriber_who_is_gone_sees_success(visitor: Client, service: Service) -> None:
    path = service.link(Purpose.UNSUBSCRIBE)
    erase(service.subscriber, now=timezone.now())
    for each in (path, f"{path}/heads"):
        assert "You are unsubscribed" in text_of(visitor, each)
        response = visitor.post(each, ONE_CLICK, content_type=FORM)
        assert (response.status_code, response.content) == (200, b"")
        assert "You are unsubscribed" in visitor.post(each, {"less": "monthly:1"}).content.decode()


def test_the_page_offers_less_beside_stopping(visitor: Client, service: Service) -> None:
    page = text_of(visitor, service.link(Purpose.UNSUBSCRIBE))
    assert "Digests come every Friday now." in page
    offered = [
        value for value in ("daily", "weekly:fri", "biweekly:fri", "monthly:1") if f'"{value}"' in page
    ]
    assert offered == ["biweekly:fri", "monthly:1"]
    assert "<script" not in page
    assert "onload" not in page


def test_less_often_changes_the_cadence_and_ends_nothing(visitor: Client, service: Service) -> None:
    path = service.link(Purpose.UNSUBSCRIBE)
    for _ in range(2):  # the second time as when the page is loaded again
        response = visitor.post(path, {"less": "biweekly:fri"})
        assert "Digests come every second Friday." in response.content.decode()
    subscriber = Subscriber.objects.get()
    assert (subscriber.cadence, subscriber.status) == ("biweekly:fri", Status.ACTIVE)
    assert "Digests come every second Friday now." in text_of(visitor, path)


def test_less_of_one_topic_leaves_the_others(visitor: Client, service: Service) -> None:
    set_topics(service.subscriber, topics=["heads", "quiet"], cadences={"heads": "daily"}, now=JOINED)
    path = f"{service.link(Purpose.UNSUBSCRIBE)}/heads"
    assert "“Talking heads” comes every day now." in text_of(visitor, path)
    assert (
        "“Talking heads” comes every Monday." in visitor.post(path, {"less": "weekly:mon"}).content.decode()
    )
    own = dict(service.subscriber.subscriptions.values_list("topic__slug", "cadence"))
    assert own == {"heads": "weekly:mon", "quiet": ""}
    assert Subscriber.objects.get().cadence == "weekly:fri"


@pytest.mark.parametrize("less", ["daily", "hourly", ""])
def test_what_is_not_less_changes_nothing(visitor: Client, service: Service, less: str) -> None:
    before = every_row()
    visitor.post(service.link(Purpose.UNSUBSCRIBE), {"less": less})
    assert every_row() == before


def test_a_slowest_cadence_has_no_less(visitor: Client, service: Service) -> None:
    Subscriber.objects.update(cadence="monthly:last")
    assert "Or get less" not in text_of(visitor, service.link(Purpose.UNSUBSCRIBE))


def test_what_was_on_its_way_is_cancelled(visitor: Client, service: Service) -> None:
    waiting = Delivery.planned(
        subscriber_id=service.subscriber.pk,
        kind=Kind.DIGEST,
        slot_key="2026-06-26",
        slot_at=JOINED,
        now=JOINED,
    )
    waiting.save()
    visitor.post(service.link(Purpose.UNSUBSCRIBE), ONE_CLICK, content_type=FORM)
    waiting.refresh_from_db()
    assert waiting.state == State.CANCELLED


def test_looking_changes_nothing(visitor: Client, service: Service) -> None:
    before = every_row()
    for tail in ("", "/", "/heads", "/unknown"):
        path = service.link(Purpose.UNSUBSCRIBE) + tail
        text_of(visitor, path)
        assert visitor.head(path).status_code == 200
    assert every_row() == before
