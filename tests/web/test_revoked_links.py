"""An attack: whoever reads a mailbox that its reader has left behind tries every link sent to it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from newsletter.audience.tokens import Purpose, delivery_subject, make_timed_token, make_token
from newsletter.models import Delivery, FreshLink, RevokedKey, SignUp, Subscriber
from newsletter.models.delivery import Kind, State
from newsletter.models.subscriber import Status
from newsletter.pipeline.compose.message import recipient
from newsletter.pipeline.context import Context
from newsletter.pipeline.feedback.bounces import take_in
from newsletter.pipeline.run import run_once
from newsletter.subscribers.account import mail_fresh_link
from newsletter.subscribers.revoke_links import revoke_links
from newsletter.subscribers.unsubscribe import erase
from newsletter.web.preference_fields import DEFAULTS
from tests.fakes.reports import complaint, headers_of
from tests.pipeline.deliveries import message_bytes
from tests.web.conftest import Service, every_row
from tests.web.links import mailed_path
from tests.web.test_account import fresh, press
from tests.web.test_public_pages import text_of

NEW = "quuxley@elsewhere.example"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
ACTS = ("save", "pause", "resume", "now", "link", "revoke")


def old_links(service: Service) -> dict[str, str]:
    """Return the path of every kind of link that stands in the reader's mailbox."""
    subscriber = service.subscriber
    sign_up = SignUp.objects.create(
        subscriber=subscriber,
        preferences=dict(DEFAULTS) | {"topics": ["heads"]},
        form="test",
        requested_at=timezone.now(),
        confirmed_at=timezone.now(),
    )
    token = make_timed_token(Purpose.CONFIRM, subject=sign_up.key, now=timezone.now())
    of_0_1 = make_token(Purpose.DIGEST, subject=delivery_subject(service.delivery.pk))
    return {
        "preferences": service.link(Purpose.PREFERENCES),
        "workshop": f"{service.link(Purpose.PREFERENCES)}/topics/secret",
        "digest": service.link(Purpose.DIGEST),
        "digest of 0.1": f"/digests/{of_0_1}",
        "fresh": fresh(service),
        "export": f"{fresh(service)}/export",
        "erase": f"{fresh(service)}/erase",
        "confirm": f"/confirm/{token}",
    }


def move(visitor: Client, service: Service, *, to: str = NEW) -> None:
    press(visitor, fresh(service), email=to)
    press(visitor, mailed_path("address-"))
    assert Subscriber.objects.get(pk=service.subscriber.pk).email == to


def test_after_a_change_of_address_the_old_mailbox_opens_nothing(visitor: Client, service: Service) -> None:
    links = old_links(service)
    assert {name: visitor.get(path).status_code for name, path in links.items()} == dict.fromkeys(links, 200)
    move(visitor, service)
    before = every_row()
    for name, path in links.items():
        answer = visitor.get(path)
        assert answer.status_code == 404, name
        assert NEW not in answer.content.decode()
        for act in ACTS:
            fields = {"do": act, "email": "attacker@example.org", "topics": "heads", "until": "2099-01-01"}
            assert Client(SERVER_NAME="localhost").post(path, fields).status_code in (404, 405), (name, act)
    assert every_row() == before


def test_it_can_still_unsubscribe_and_sees_nothing_else(visitor: Client, service: Service) -> None:
    path = service.link(Purpose.UNSUBSCRIBE)
    move(visitor, service)
    before = every_row()
    for tail in ("", "/heads", "/secret", "/no-such"):
        page = text_of(visitor, path + tail)
        for personal in (NEW, "ada@example.org", "Talking heads", "Quiet", "Secret", "/preferences/", "less"):
            assert personal not in page.replace('href="/preferences/"', ""), (tail, personal)
    for less in ("monthly:1", "weekly:fri"):
        assert "Unsubscribe?" in visitor.post(path, {"less": less}).content.decode()
    assert every_row() == before


@pytest.mark.parametrize("fields", [ONE_CLICK, {}])
def test_one_click_and_the_button_of_an_old_mail_end_everything(
    visitor: Client, service: Service, fields: dict[str, str]
) -> None:
    path = service.link(Purpose.UNSUBSCRIBE)
    for number in range(3):
        move(visitor, service, to=f"n{number}@elsewhere.example")
    for _ in range(2):
        assert visitor.post(path, fields).status_code == 200
    service.subscriber.refresh_from_db()
    assert service.subscriber.status == Status.UNSUBSCRIBED
    assert RevokedKey.objects.count() == 3
    assert "You are unsubscribed" in text_of(visitor, path)
    assert "n2@" not in text_of(visitor, path)


def test_an_old_mail_ends_a_topic_alone(visitor: Client, service: Service) -> None:
    path = f"{service.link(Purpose.UNSUBSCRIBE)}/heads"
    revoke_links(service.subscriber, now=timezone.now())
    assert "Stop this topic" in text_of(visitor, path)
    for _ in range(2):
        assert visitor.post(path, ONE_CLICK).status_code == 200
    assert "This topic is off" in text_of(visitor, path)
    service.subscriber.refresh_from_db()
    assert service.subscriber.status == Status.ACTIVE
    assert [each.topic.slug for each in service.subscriber.subscriptions.all()] == ["quiet"]


def test_after_an_erasure_an_old_mail_sees_success(visitor: Client, service: Service) -> None:
    path = service.link(Purpose.UNSUBSCRIBE)
    revoke_links(service.subscriber, now=timezone.now())
    erase(service.subscriber, now=timezone.now())
    assert "You are unsubscribed" in text_of(visitor, path)
    assert visitor.post(path, ONE_CLICK).status_code == 200


def test_the_share_link_holds_nothing_of_the_subscribers_and_goes_on(
    visitor: Client, service: Service
) -> None:
    move(visitor, service)
    service.subscriber.refresh_from_db()
    page = text_of(visitor, service.link(Purpose.SHARE))
    for personal in (NEW, "ada@example.org", "/unsubscribe/", service.subscriber.link_key):
        assert personal not in page


def test_the_new_links_work_in_the_next_mail_and_on_the_subscribers_page(
    visitor: Client, service: Service
) -> None:
    move(visitor, service)
    service.subscriber.refresh_from_db()
    page = text_of(visitor, service.link(Purpose.PREFERENCES))
    assert service.link(Purpose.DIGEST) in page
    assert NEW in text_of(visitor, service.link(Purpose.UNSUBSCRIBE))
    assert service.link(Purpose.UNSUBSCRIBE).encode() in message_bytes(Delivery.objects.get(kind=Kind.DIGEST))


def test_a_letter_that_waits_is_not_sent_to_the_old_address_with_the_new_key(
    visitor: Client, service: Service
) -> None:
    """Refused for now and claimed before, it has the old address: what is made when it is sent is new."""
    assert visitor.post("/preferences/", {"email": "ada@example.org"}).status_code == 200
    waiting = Delivery.objects.filter(slot_key__startswith="link-")
    waiting.update(state=State.RETRY_WAIT, recipient="ada@example.org")
    move(visitor, service)
    assert waiting.get().state == State.CANCELLED
    run_once(Context(settings.CONFIG), now=timezone.now(), gather=False)
    [went] = Delivery.objects.filter(kind=Kind.LINK, state=State.ACCEPTED)
    assert went.slot_key.startswith("address-old-")
    assert went.placeholders == {}


# --- the button, the admin and the command line ----------------------------------------------------------


def sign_out(visitor: Client, service: Service) -> Any:
    return press(visitor, service.link(Purpose.PREFERENCES), do="revoke")


def test_a_stranger_who_presses_the_button_gets_no_new_link(visitor: Client, service: Service) -> None:
    links = old_links(service)
    answer = sign_out(visitor, service)
    service.subscriber.refresh_from_db()
    assert "Signed out everywhere" in answer.content.decode()
    assert service.link(Purpose.PREFERENCES) not in answer.content.decode()
    assert {visitor.get(path).status_code for path in links.values()} == {404}
    assert mailed_path("link-") == service.link(Purpose.PREFERENCES)
    assert recipient(Delivery.objects.get(slot_key__startswith="link-")) == "ada@example.org"
    text_of(visitor, mailed_path("link-"))


def test_who_has_left_can_press_it_too(visitor: Client, service: Service) -> None:
    visitor.post(service.link(Purpose.UNSUBSCRIBE), ONE_CLICK)
    sign_out(visitor, service)
    service.subscriber.refresh_from_db()
    assert service.subscriber.status == Status.UNSUBSCRIBED
    text_of(visitor, mailed_path("link-"))


def test_a_question_at_a_new_address_is_void_after_it(visitor: Client, service: Service) -> None:
    press(visitor, fresh(service), email=NEW)
    path = mailed_path("address-")
    sign_out(visitor, service)
    assert Client(SERVER_NAME="localhost").post(path).status_code == 404
    assert Subscriber.objects.get().email == "ada@example.org"


def test_a_complaint_about_an_old_mail_still_counts(visitor: Client, service: Service) -> None:
    returned = headers_of(message_bytes(service.delivery))
    move(visitor, service)
    assert take_in(complaint(returned=returned), recipient="", now=timezone.now()).is_new


# --- a link for an hour changes something once ------------------------------------------------------------


def test_a_mailed_link_asks_for_one_address(visitor: Client, service: Service) -> None:
    path = fresh(service)
    assert press(visitor, path, email="not an address").status_code == 400
    assert press(visitor, path, email=NEW).status_code == 200
    before = every_row()
    for tail in ("", "/erase"):
        assert (
            Client(SERVER_NAME="localhost").post(path + tail, {"email": "b@example.org"}).status_code == 404
        )
        text_of(visitor, path + tail, status=404)
    text_of(visitor, f"{path}/export", status=404)
    assert every_row() == before


def test_a_mailed_link_exports_as_often_as_one_likes_and_then_erases_once(
    visitor: Client, service: Service
) -> None:
    path = fresh(service)
    for _ in range(3):
        text_of(visitor, f"{path}/export")
    press(visitor, f"{path}/erase")
    assert not Subscriber.objects.exists()


def test_the_link_to_a_new_address_moves_once(visitor: Client, service: Service) -> None:
    press(visitor, fresh(service), email=NEW)
    path = mailed_path("address-")
    press(visitor, path)
    key = Subscriber.objects.get().link_key
    for _ in range(2):
        Client(SERVER_NAME="localhost").post(path)
    assert Subscriber.objects.get().link_key == key


def test_used_and_old_links_are_forgotten_after_their_hour(service: Service) -> None:
    from newsletter.subscribers.confirm import forget_unconfirmed

    now = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
    mail_fresh_link(service.subscriber, now=now)
    forget_unconfirmed(now=now + timedelta(minutes=59))
    assert FreshLink.objects.exists()
    forget_unconfirmed(now=now + timedelta(minutes=61))
    assert not FreshLink.objects.exists()
    assert re.fullmatch(r"/account/[\w-]+\.[0-9a-f]+[\w-]{12}", fresh(service))
