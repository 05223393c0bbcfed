"""A digest sent as a test is the real one, and leaves no trace: no row, nothing seen, no link that works."""

from __future__ import annotations

import email
import email.policy
import re
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.test import Client
from pytest_django import Settings

from newsletter.errors import NewsletterError
from newsletter.models import Delivery, Subscriber
from newsletter.pipeline.context import Context
from newsletter.pipeline.send.pause import pause_sending
from newsletter.pipeline.send_test import send_test
from newsletter.subscribers.unsubscribe import unsubscribe
from tests.cli.runner import rows
from tests.fakes.papers import paper_record
from tests.fakes.smtp_server import SmtpServer
from tests.pipeline.newsroom import MONDAY, SUNDAY, Newsroom, body

pytestmark = pytest.mark.django_db
OPERATOR = "op@example.org"
_LINK = re.compile(r"https?://localhost[^\s<>\"']+")


@pytest.fixture
def room(tmp_path: Path) -> Newsroom:
    room = Newsroom(tmp_path / "outbox")
    room.topic("heads", "cat:cs.CV AND ti:heads")
    room.topic("own", "cat:cs.CV")
    room.subscriber("ada@example.org", "heads,own")
    room.take_in(paper_record(1, published_at=SUNDAY), paper_record(2, published_at=SUNDAY), now=SUNDAY)
    return room


def stored() -> object:
    return rows(), list(Subscriber.objects.order_by("pk").values())


def only_mail(room: Newsroom) -> EmailMessage:
    [mail] = room.mails()
    return mail


def test_it_is_the_digest_that_goes_out_then(room: Newsroom) -> None:
    ada = Subscriber.objects.get()
    sent = send_test(OPERATOR, subscriber=ada, context=room.context, now=MONDAY)
    test = only_mail(room)
    assert sent.is_accepted
    assert (test["To"], test["Subject"]) == (OPERATOR, sent.subject)
    assert sent.subject.startswith("TEST: ")
    [path] = room.folder.glob("*.eml")
    path.unlink()
    assert room.run(MONDAY).deliveries == {"ACCEPTED": 1}
    real = only_mail(room)
    assert test["Subject"] == f"TEST: {real['Subject']}"

    def without_links(mail: EmailMessage) -> str:
        return _LINK.sub("", body(mail, "plain")).replace(OPERATOR, "ada@example.org")

    assert without_links(test) == without_links(real)


def test_nothing_is_stored_and_the_papers_are_not_seen(room: Newsroom) -> None:
    send_test(OPERATOR, subscriber=Subscriber.objects.get(), context=room.context, now=MONDAY)
    before = stored()  # what a preview keeps: extracts
    send_test(OPERATOR, subscriber=Subscriber.objects.get(), context=room.context, now=MONDAY)
    assert stored() == before
    assert not Delivery.objects.exists()


def test_no_link_in_it_opens_or_changes_anything_of_the_readers(room: Newsroom) -> None:
    ada = Subscriber.objects.get()
    send_test(OPERATOR, subscriber=ada, context=room.context, now=MONDAY)
    mail, client = only_mail(room), Client(headers={"host": "localhost:8000"})
    text = f"{mail['List-Unsubscribe']} {body(mail, 'plain')} {body(mail, 'html')}"
    personal = {
        link.rstrip(".,)")
        for link in _LINK.findall(text)
        if re.match(r"/(unsubscribe|preferences|digests|r)/.", urlsplit(link).path)
    }
    assert {urlsplit(link).path.split("/")[1] for link in personal} >= {"unsubscribe", "preferences", "r"}
    before = stored()
    for link in personal:
        path = urlsplit(link).path
        # Leaving answers as to a reader who was erased: a mail program's one click is to be seen to work.
        expected = 200 if path.startswith("/unsubscribe/") else 404
        assert client.get(path).status_code == expected, path
        assert client.post(path, {"List-Unsubscribe": "One-Click"}).status_code in (expected, 405), path
    assert ada.link_key not in text
    assert stored() == before


def test_without_a_reader_it_is_of_somebody_who_follows_everything(room: Newsroom) -> None:
    before = rows()
    sent = send_test(OPERATOR, subscriber=None, context=room.context, now=MONDAY)
    assert sent.is_accepted
    text = body(only_mail(room), "plain")
    assert paper_record(1).title in text
    after = rows()
    changed = {name for name in after if after[name] != before[name]}
    assert changed <= {"Summary", "TasteSnapshot", "PageChange", "PaperVector"}, "of papers, not of readers"


def test_it_goes_neither_to_who_has_left_nor_out_during_a_pause(room: Newsroom) -> None:
    pause_sending("the footer is wrong", now=MONDAY)
    with pytest.raises(NewsletterError, match=r"the footer is wrong.*--despite-pause"):
        send_test(OPERATOR, subscriber=None, context=room.context, now=MONDAY)
    assert send_test(
        OPERATOR, subscriber=None, context=room.context, despite_pause=True, now=MONDAY
    ).is_accepted
    unsubscribe(Subscriber.objects.get(), source="test", now=MONDAY)
    with pytest.raises(NewsletterError, match="opted out"):
        send_test("ada@example.org", subscriber=None, context=room.context, despite_pause=True, now=MONDAY)
    assert len(room.mails()) == 1


@pytest.mark.usefixtures("room")
def test_a_mail_servers_refusal_is_told(settings: Settings) -> None:
    with SmtpServer() as server:
        server.plan("RCPT", "550 5.1.1 no such user")
        update = {"mailer": "smtp", "smtp_url": server.url}
        settings.CONFIG = settings.CONFIG.model_copy(update=update)
        context = Context(settings.CONFIG)
        sent = send_test(OPERATOR, subscriber=Subscriber.objects.get(), context=context, now=MONDAY)
        assert (sent.is_accepted, sent.outcome.code) == (False, "550 5.1.1")
        assert "no such user" in sent.outcome.detail
        again = send_test(OPERATOR, subscriber=Subscriber.objects.get(), context=context, now=MONDAY)
        assert again.is_accepted
        [message] = server.messages
    assert email.message_from_bytes(message.content, policy=email.policy.default)["Subject"] == again.subject
    assert message.recipients == (OPERATOR,)
    assert Subscriber.objects.get().soft_bounces == 0
