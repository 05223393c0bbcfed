"""The page behind the confirmation mail's link, and the first digest that follows it."""

from __future__ import annotations

import email
import email.policy
import re
from datetime import datetime, timedelta
from email.message import EmailMessage

import pytest
from django.conf import settings
from django.test import Client

from newsletter.audience.tokens import Purpose, make_timed_token, make_token
from newsletter.models import ConsentEvent, Delivery, SignUp, Subscriber
from newsletter.models.delivery import FIRST, Kind, State
from newsletter.models.subscriber import Status
from newsletter.pipeline.context import Context
from newsletter.pipeline.run import run_once
from newsletter.subscribers.unsubscribe import erase, unsubscribe
from tests.web.conftest import Service, every_row
from tests.web.test_public_pages import text_of

pytestmark = pytest.mark.django_db(transaction=True)
OWN = 'abs:"landmark error"'


@pytest.fixture
def link(visitor: Client, service: Service, clock: datetime) -> str:  # noqa: ARG001
    """The path that the mail of a sign-up leads to."""
    visitor.post(
        "/",
        {"email": "new@example.org", "topics": ["heads"], "query": OWN, "cadence": "daily", "at": "07:00"},
    )
    run_once(Context(settings.CONFIG), now=clock, gather=False)
    [mail] = mails_to("new@example.org")
    text = text_part(mail)
    return next(line for line in text.split() if "/confirm/" in line).removeprefix(settings.CONFIG.base_url)


def text_part(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def mails_to(address: str) -> list[EmailMessage]:
    found = [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in settings.CONFIG.outbox_folder.glob("*.eml")
    ]
    return [mail for mail in found if address in str(mail["To"])]


def subscriber() -> Subscriber:
    return Subscriber.objects.get(email="new@example.org")


def test_opening_the_link_shows_what_was_asked_for_and_changes_nothing(visitor: Client, link: str) -> None:
    before = every_row()
    page = text_of(visitor, link)
    assert visitor.head(link).status_code == 200
    assert "Send digests to new@example.org?" in page
    assert "every day at 07:00 (UTC)" in page
    assert "Talking heads" in page
    assert "abs:&#34;landmark error&#34;" in page
    assert "I ask arXiv digest to send" in page
    assert every_row() == before


def test_the_button_makes_a_subscriber_and_sends_the_past_week(
    visitor: Client, link: str, clock: datetime
) -> None:
    page = visitor.post(link)
    assert page.status_code == 200
    assert not page.cookies
    assert "The first digest is on its way" in page.content.decode()
    assert subscriber().status == Status.ACTIVE
    assert subscriber().next_slot_at is not None
    report = run_once(Context(settings.CONFIG), now=clock, gather=False)
    assert report.deliveries == {"ACCEPTED": 1}
    digest = next(mail for mail in mails_to("new@example.org") if mail["List-Unsubscribe"])
    assert re.fullmatch(r".+: .+, and 9 more papers", str(digest["Subject"]))
    first = Delivery.objects.get(subscriber=subscriber(), kind=Kind.DIGEST)
    assert (first.slot_key, first.state) == (FIRST, State.ACCEPTED)
    assert len(first.topics) == 2, "also the reader's own topic"
    assert run_once(Context(settings.CONFIG), now=clock + timedelta(minutes=1), gather=False).deliveries == {}


def test_pressing_twice_is_harmless(visitor: Client, link: str) -> None:
    visitor.post(link)
    after = every_row()
    assert "on its way" in visitor.post(link).content.decode()
    assert "on its way" in text_of(visitor, link)
    assert every_row() == after
    assert ConsentEvent.objects.filter(subscriber=subscriber()).count() == 2


def test_a_used_link_brings_back_nobody_who_has_left(visitor: Client, link: str, clock: datetime) -> None:
    visitor.post(link)
    unsubscribe(subscriber(), source="test", now=clock)
    assert visitor.post(link).status_code == 404
    assert text_of(visitor, link, status=404)
    assert subscriber().status == Status.UNSUBSCRIBED


def test_an_erased_subscribers_link_is_as_unknown_as_any(visitor: Client, link: str, clock: datetime) -> None:
    erase(subscriber(), now=clock)
    assert text_of(visitor, link, status=404) == text_of(visitor, "/confirm/never-was", status=404)


def test_forged_old_truncated_and_foreign_tokens_get_one_helpful_page(
    visitor: Client, link: str, clock: datetime
) -> None:
    key = SignUp.objects.get().key
    eight_days_ago = clock - timedelta(days=8)
    bad = {
        "forged": f"{link[:-1]}{'A' if link[-1] != 'A' else 'B'}",
        "truncated": link[:-3],
        "old": f"/confirm/{make_timed_token(Purpose.CONFIRM, subject=key, now=eight_days_ago)}",
        "untimed": f"/confirm/{make_token(Purpose.CONFIRM, subject=key)}",
        "of another purpose": f"/confirm/{make_timed_token(Purpose.FRESH, subject=key, now=clock)}",
        "of nobody": f"/confirm/{make_timed_token(Purpose.CONFIRM, subject='nobody', now=clock)}",
        "not ASCII": "/confirm/确认",
        "long": "/confirm/" + "x" * 5000,
    }
    pages = {name: text_of(visitor, path, status=404) for name, path in bad.items()}
    for name, path in bad.items():
        assert visitor.post(path).status_code == 404, name
    assert len(set(pages.values())) == 1
    assert 'href="/"' in pages["old"]
    assert subscriber().status == Status.PENDING


def test_the_page_speaks_the_language_that_was_asked_for(
    visitor: Client,
    service: Service,  # noqa: ARG001
    clock: datetime,
) -> None:
    visitor.post("/", {"email": "new@example.org", "topics": ["heads"], "language": "zh-hans"})
    token = make_timed_token(Purpose.CONFIRM, subject=SignUp.objects.get().key, now=clock)
    page = text_of(visitor, f"/confirm/{token}")
    assert "把文摘寄到 new@example.org 吗？" in page
    assert "说话人头像" in page
