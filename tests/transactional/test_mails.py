"""Transactional mails: one mail a key, personal strings only in the delivery."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.adapters.ports import Verdict
from newsletter.audience.mailed_links import MailedLink, Place
from newsletter.mail.transactional import EMAIL
from newsletter.models import Delivery, FragmentRow
from newsletter.models.delivery import Kind
from newsletter.models.subscriber import Status
from newsletter.subscribers.account import ADDRESS_FOR, FRESH_FOR, ask_to_move, mail_fresh_link
from newsletter.transactional.mails import TransactionalMail, send_transactional, useful_for
from tests.fakes.mailer import ScriptedMailer, answer
from tests.pipeline.deliveries import NOW, deliver, later, new_subscriber
from tests.pipeline.newsroom import Newsroom, body

pytestmark = pytest.mark.django_db(transaction=True)
LINK = MailedLink(Place.CONFIRM, "a-sign-ups-key")
MAIL = TransactionalMail(
    subject="Confirm your digest",
    paragraphs=[f"Somebody asked us to send new papers to {EMAIL}."],
    reason=f"You get this because {EMAIL} was entered on our page.",
    language="en",
    label="Confirm",
    link=LINK,
)


def test_a_transactional_mail_reaches_a_pending_subscriber_once(tmp_path: Path) -> None:
    ada = new_subscriber("ada@example.org", status=Status.PENDING)
    assert send_transactional(MAIL, subscriber=ada, kind=Kind.CONFIRMATION, key="k", now=NOW)
    assert not send_transactional(MAIL, subscriber=ada, kind=Kind.CONFIRMATION, key="k", now=NOW)
    room = Newsroom(tmp_path)
    room.run(NOW)
    [mail] = room.mails()
    assert (mail["To"], mail["Subject"]) == ("ada@example.org", "Confirm your digest")
    assert mail["List-Unsubscribe"] is None
    for kind in ("plain", "html"):
        assert LINK.url(base_url="http://localhost:8000", made_at=NOW, link_key="") in body(mail, kind)
        assert "papers to ada@example.org" in body(mail, kind)


def test_nothing_personal_stands_in_the_shared_fragment() -> None:
    ada = new_subscriber("ada@example.org", status=Status.PENDING)
    send_transactional(MAIL, subscriber=ada, kind=Kind.CONFIRMATION, key="k", now=NOW)
    fragment = FragmentRow.objects.get()
    assert "ada@" not in fragment.html + fragment.text
    assert "a-sign-ups-key" not in fragment.html + fragment.text
    ada.delete()
    assert not Delivery.objects.exists()


@pytest.mark.parametrize(
    ("kind", "key", "of_use"),
    [
        (Kind.CONFIRMATION, "confirm-k", timedelta(days=7)),
        (Kind.LINK, "fresh-2026", timedelta(hours=1)),
        (Kind.LINK, "address-k", timedelta(days=1)),
        (Kind.LINK, "address-old-k", timedelta(days=3)),
        (Kind.LINK, "link-2026", timedelta(days=3)),
    ],
)
def test_a_transactional_mail_that_is_refused_for_now_ends_when_it_is_of_no_more_use(
    kind: Kind, key: str, of_use: timedelta
) -> None:
    status = Status.PENDING if kind == Kind.CONFIRMATION else Status.ACTIVE
    ada = new_subscriber("ada@example.org", status=status)
    send_transactional(MAIL, subscriber=ada, kind=kind, key=key, now=NOW)
    mailer = ScriptedMailer(answers={"ada@example.org": answer(Verdict.RETRY, code="451")})
    assert deliver(mailer, now=NOW).states == {"RETRY_WAIT": 1}
    almost, over = NOW + of_use - timedelta(seconds=1), NOW + of_use
    assert deliver(mailer, now=almost, clock=later(days=1)).states == {"RETRY_WAIT": 1}
    mailer.answers.clear()
    assert deliver(mailer, now=over, clock=later(days=3)).states == {"EXPIRED": 1}
    assert mailer.sent == []


def test_an_alert_that_could_not_be_sent_for_days_ends() -> None:
    send_transactional(
        MAIL, subscriber=None, kind=Kind.ALERT, key="k", recipient="operator@example.org", now=NOW
    )
    mailer = ScriptedMailer()
    assert deliver(mailer, now=NOW + timedelta(days=3)).states == {"EXPIRED": 1}
    assert mailer.sent == []


def test_the_links_of_an_account_are_of_use_as_long_as_they_work() -> None:
    ada = new_subscriber("ada@example.org")
    mail_fresh_link(ada, now=NOW)
    ask_to_move(ada.fresh_links.get(), email="ada@example.com", ip="", now=NOW)
    lives = {useful_for(each) for each in Delivery.objects.all()}
    assert lives == {FRESH_FOR, ADDRESS_FOR}
