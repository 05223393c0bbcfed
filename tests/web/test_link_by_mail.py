"""The link to one's own page, by mail: to readers only, and the page tells nobody who is one."""

from __future__ import annotations

import pytest
from django.test import Client

from newsletter.audience.tokens import Purpose
from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import Kind
from newsletter.models.subscriber import Status
from tests.web.conftest import JOINED, Service, every_row
from tests.web.links import mailed_url
from tests.web.test_public_pages import text_of

PAGE = "/preferences/"


def test_a_subscriber_gets_the_link_to_their_page(visitor: Client, service: Service) -> None:
    assert visitor.post(PAGE, {"email": " ADA@example.org"}).status_code == 200
    mail = Delivery.objects.get(kind=Kind.LINK)
    assert mail.subscriber == service.subscriber
    path = mailed_url(mail).removeprefix("http://localhost:8000")
    assert path == service.link(Purpose.PREFERENCES)
    assert "ada@example.org" in text_of(visitor, path)


def test_the_answer_is_the_same_bytes_for_every_address(visitor: Client, service: Service) -> None:
    Subscriber.objects.create(
        email="left@example.org", email_key="left@example.org", status=Status.UNSUBSCRIBED, joined_at=JOINED
    )
    addresses = [service.subscriber.email, "left@example.org", "nobody@example.org"]
    answers = [visitor.post(PAGE, {"email": email}) for email in addresses * 5]
    assert {(each.status_code, each.content, tuple(each.headers.items())) for each in answers} == {
        (200, answers[0].content, tuple(answers[0].headers.items()))
    }
    assert not any(each.cookies for each in answers)
    went_to = Delivery.objects.filter(kind=Kind.LINK).values_list("subscriber__email", flat=True)
    assert sorted(went_to) == [service.subscriber.email, "left@example.org"]


def test_a_machine_gets_the_page_and_nobody_a_mail(visitor: Client, service: Service) -> None:
    before = every_row()
    by_machine = visitor.post(PAGE, {"email": service.subscriber.email, "website": "x"})
    assert every_row() == before
    assert by_machine.content == visitor.post(PAGE, {"email": "nobody@example.org"}).content


@pytest.mark.django_db
@pytest.mark.parametrize("email", ["", "ada", "ada@localhost", "a@b.org\r\nBcc: c@d.org", "a" * 400])
def test_what_is_no_address_is_said_and_kept(visitor: Client, email: str) -> None:
    before = every_row()
    response = visitor.post(PAGE, {"email": email})
    assert response.status_code == 400
    assert "not an e-mail address we can send to" in response.content.decode()
    assert every_row() == before
