"""After an erasure nothing of a reader stands anywhere: table, the database's file, outbox, log."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import timezone

from newsletter.adapters.mailers.outbox import OutboxMailer
from newsletter.adapters.ports import Bodies, Outcome, Outgoing
from newsletter.audience.suppression import email_hmacs
from newsletter.audience.topics import add_topic
from newsletter.models import ConsentEvent, Delivery, DeliveryEvent, SignUp, Subscriber, Suppression
from newsletter.pipeline.context import Context
from newsletter.subscribers.account import ask_to_move, change_of_link, mail_fresh_link, move
from newsletter.subscribers.unsubscribe import erase
from tests.fakes.mailer import ScriptedMailer
from tests.fakes.papers import paper_record
from tests.pipeline.deliveries import deliver, digest
from tests.pipeline.newsroom import MONDAY, SUNDAY, Newsroom
from tests.pipeline.send.test_deliver_races import run_together
from tests.traces import database_files, every_table
from tests.web.links import mailed_path

pytestmark = pytest.mark.django_db(transaction=True)
WORDS = ("zebedee", "quuxley", "sprocketology")
"""Of the address before and after its change; of a private topic's name."""
HOUR = timedelta(hours=1)


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Newsroom:
    config = settings.CONFIG.model_copy(update={"outbox_dir": tmp_path / "outbox"})
    monkeypatch.setattr(settings, "CONFIG", config)
    return Newsroom(tmp_path / "outbox")


def use_everything(room: Newsroom) -> Subscriber:
    """Join, read, ask, move, be reported on: whatever leaves a row."""
    room.topic("heads", "cat:cs.CV AND ti:heads")
    subscriber = room.subscriber("Zebedee@example.org", "heads")
    add_topic("own-1", name="Sprocketology", query="cat:cs.CV", owner=subscriber, now=SUNDAY)
    subscriber.subscriptions.create(topic=subscriber.private_topics.get(), position=1, created_at=SUNDAY)
    room.take_in(*(paper_record(number) for number in range(1, 9)), now=SUNDAY + HOUR)
    room.run(MONDAY)
    mail_fresh_link(subscriber, now=MONDAY)
    ask_to_move(subscriber.fresh_links.get(), email="quuxley@example.org", ip="192.0.2.1", now=MONDAY)
    change = subscriber.address_changes.get()
    room.run(MONDAY + HOUR / 2)  # while both links are of use
    link = mailed_path(f"address-{change.key}")
    found = change_of_link(link.rpartition("/")[2], now=MONDAY + HOUR)
    assert found is not None
    move(found, now=MONDAY + HOUR)
    room.run(MONDAY + 2 * HOUR)
    SignUp.objects.create(
        subscriber=subscriber, form="test", preferences={"query": "zebedee"}, requested_at=MONDAY
    )
    event = {"email": "zebedee@example.org"}
    row = Delivery.objects.filter(kind="digest").get()
    DeliveryEvent.objects.create(
        provider="x", dedupe_key="1", delivery=row, kind="processed", at=MONDAY, payload=event
    )
    subscriber.refresh_from_db()
    return subscriber


def words_in_database() -> set[str]:
    tables = str(every_table()).lower()
    in_tables = {word for word in WORDS if word in tables}
    content = b"".join(path.read_bytes() for path in database_files()).lower()
    return in_tables | {word for word in WORDS if word.encode() in content}


def test_nothing_of_an_erased_subscriber_is_left(room: Newsroom, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    subscriber = use_everything(room)
    assert words_in_database() == set(WORDS)
    mails = [path.read_bytes().lower() for path in room.folder.iterdir()]
    assert sum(b"zebedee" in mail or b"quuxley" in mail for mail in mails) == 4
    (room.folder / f".{subscriber.deliveries.all()[0].pk}.abc.tmp").write_text("half of a mail to zebedee")
    erase(subscriber, now=MONDAY + 3 * HOUR)
    assert words_in_database() == set()
    assert list(room.folder.iterdir()) == []
    logged = caplog.text.lower()
    assert not [word for word in WORDS if word in logged and "newsletter" in logged.split(word)[0][-200:]]
    suppression = Suppression.objects.get()
    assert (suppression.reason, suppression.email_hmac) == (
        "erased",
        email_hmacs(["quuxley@example.org"])["quuxley@example.org"][0],
    )
    assert not ConsentEvent.objects.exists()


def test_others_keep_their_mails(room: Newsroom) -> None:
    room.topic("heads", "cat:cs.CV AND ti:heads")
    subscribers = [room.subscriber(f"{name}@example.org", "heads") for name in ("ada", "ben")]
    room.take_in(paper_record(1), now=SUNDAY + HOUR)
    room.run(MONDAY)
    erase(subscribers[0], now=MONDAY)
    [mail] = room.mails()
    assert mail["To"] == "ben@example.org"
    assert Context(settings.CONFIG).mailer.evidence(str(Delivery.objects.get().pk))


def test_a_mail_that_is_being_written_at_that_moment_goes_too(tmp_path: Path) -> None:
    row = digest()
    assert row.subscriber is not None
    subscriber, mailer = row.subscriber, OutboxMailer(tmp_path)

    class Slow(OutboxMailer):
        def _deliver(self, message: Outgoing, *, bodies: Bodies) -> Outcome:
            outcome = super()._deliver(message, bodies=bodies)
            run_together(lambda: erase(subscriber, now=MONDAY))
            return outcome

    deliver(Slow(tmp_path))
    assert not Delivery.objects.exists()
    assert list(tmp_path.iterdir()) == []
    assert not mailer.evidence(str(row.pk))


def test_a_digest_that_was_about_to_be_sent_is_not() -> None:
    row = digest(slot_at=timezone.now())
    subscriber = row.subscriber
    assert subscriber is not None
    mailer = ScriptedMailer(before_begin=lambda _: run_together(lambda: erase(subscriber, now=MONDAY)))
    deliver(mailer)
    assert mailer.sent == []
