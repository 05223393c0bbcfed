"""Notices: one mail a key, personal strings only in the delivery."""

from __future__ import annotations

from pathlib import Path

import pytest

from newsletter.mail.notice import EMAIL
from newsletter.models import Delivery, Fragment
from newsletter.models.delivery import Kind
from newsletter.models.subscriber import Status
from newsletter.notices import Notice, send_notice
from tests.pipeline.deliveries import NOW, reader
from tests.pipeline.newsroom import Newsroom, body

pytestmark = pytest.mark.django_db(transaction=True)
LINK = "http://localhost:8000/confirm/secret-token"
NOTICE = Notice(
    subject="Confirm your digest",
    paragraphs=[f"Somebody asked us to send new papers to {EMAIL}."],
    reason=f"You get this because {EMAIL} was entered on our page.",
    language="en",
    label="Confirm",
    url=LINK,
)


def test_a_notice_reaches_a_pending_reader_once(tmp_path: Path) -> None:
    ada = reader("ada@example.org", status=Status.PENDING)
    assert send_notice(NOTICE, reader=ada, kind=Kind.CONFIRMATION, key="k", now=NOW)
    assert not send_notice(NOTICE, reader=ada, kind=Kind.CONFIRMATION, key="k", now=NOW)
    room = Newsroom(tmp_path)
    room.run(NOW)
    [mail] = room.mails()
    assert (mail["To"], mail["Subject"]) == ("ada@example.org", "Confirm your digest")
    assert mail["List-Unsubscribe"] is None
    for kind in ("plain", "html"):
        assert LINK in body(mail, kind)
        assert "papers to ada@example.org" in body(mail, kind)


def test_nothing_personal_stands_in_the_shared_fragment() -> None:
    ada = reader("ada@example.org", status=Status.PENDING)
    send_notice(NOTICE, reader=ada, kind=Kind.CONFIRMATION, key="k", now=NOW)
    fragment = Fragment.objects.get()
    assert "ada@" not in fragment.html + fragment.text
    assert "secret-token" not in fragment.html + fragment.text
    ada.delete()
    assert not Delivery.objects.exists()
