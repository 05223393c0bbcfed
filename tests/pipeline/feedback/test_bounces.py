"""Mail that comes back changes what it proves to be about, once, and nothing else."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes

import pytest

from newsletter.audience.suppression import Reason, suppressed
from newsletter.audience.tagged_addresses import envelope_sender
from newsletter.core.delivery.events import EventKind
from newsletter.models import ConsentEvent, Delivery, DeliveryEvent, Subscriber
from newsletter.models.delivery import Kind, State
from newsletter.models.subscriber import Status
from newsletter.pipeline.feedback.bounces import TakenIn, take_in
from newsletter.subscribers.revoke_links import revoke_links
from newsletter.subscribers.unsubscribe import erase
from tests.fakes.reports import Recipient, complaint, delivery_report, headers_of
from tests.pipeline.deliveries import NOW, digest, message_bytes, new_subscriber, transactional_mail
from tests.traces import every_table

pytestmark = pytest.mark.django_db

ANN = "ann@example.org"
SOON = NOW + timedelta(minutes=10)


def sent(email: str = ANN, **fields: object) -> Delivery:
    """Make a digest that a mail server has accepted for this address."""
    who = Subscriber.objects.filter(email=email).first() or new_subscriber(email)
    return digest(who, recipient=email, transport="smtp", **{"state": State.ACCEPTED} | fields)


def address_of(row: Delivery) -> str:
    return envelope_sender(row.pk, sender="digest@news.example.org")


def bounce(content: bytes, *, recipient: str = "") -> TakenIn:
    return take_in(content, recipient=recipient, now=SOON)


def states(row: Delivery) -> tuple[str, str]:
    """Return the delivery's state and its reader's."""
    row = Delivery.objects.select_related("subscriber").get(pk=row.pk)
    assert row.subscriber is not None
    return row.state, row.subscriber.status


@pytest.mark.parametrize("status", ["5.1.1", "5.1.2", "5.1.3", "5.1.10", "5.2.1"])
def test_a_hard_bounce_suppresses_the_address(status: str) -> None:
    row = sent()
    taken = bounce(delivery_report(Recipient(status=status)), recipient=address_of(row))
    assert (taken.delivery_id, taken.kind, taken.is_new) == (row.pk, EventKind.HARD_BOUNCE, True)
    assert states(row) == (State.BOUNCED, Status.BOUNCED)
    assert suppressed([ANN]) == {ANN: Reason.BOUNCED}


def test_a_soft_bounce_is_counted_and_the_subscriber_stays() -> None:
    row = sent()
    bounce(delivery_report(Recipient(status="5.2.2")), recipient=address_of(row))
    assert states(row) == (State.BOUNCED, Status.ACTIVE)
    assert Subscriber.objects.get(email=ANN).soft_bounces == 1


def test_a_delay_is_recorded_and_changes_nothing() -> None:
    row = sent()
    bounce(delivery_report(Recipient(action="delayed", status="4.4.1")), recipient=address_of(row))
    assert states(row) == (State.ACCEPTED, Status.ACTIVE)
    assert DeliveryEvent.objects.get().kind == EventKind.DEFERRED
    assert not suppressed([ANN])


def test_a_complaint_ends_the_mailing() -> None:
    row = sent()
    taken = bounce(complaint(mail_from=f"<{address_of(row)}>"))
    assert taken.kind == EventKind.COMPLAINT
    assert states(row) == (State.COMPLAINED, Status.COMPLAINED)
    assert suppressed([ANN]) == {ANN: Reason.COMPLAINED}


def test_the_same_report_again_is_no_second_one() -> None:
    row = sent()
    report = delivery_report(Recipient(status="5.2.2"))
    assert [bounce(report, recipient=address_of(row)).is_new for _ in range(3)] == [True, False, False]
    assert Subscriber.objects.get(email=ANN).soft_bounces == 1
    assert DeliveryEvent.objects.count() == 1


def test_reports_in_any_order_end_in_the_same_place() -> None:
    row = sent()
    for recipient in (Recipient(), Recipient(action="delayed", status="4.4.1"), Recipient(status="5.7.1")):
        bounce(delivery_report(recipient), recipient=address_of(row))
    bounce(complaint(mail_from=address_of(row)))
    bounce(delivery_report(Recipient(action="delivered", status="2.0.0")), recipient=address_of(row))
    assert states(row) == (State.COMPLAINED, Status.COMPLAINED)


def test_a_report_settles_a_lost_answer() -> None:
    row = sent(state=State.AMBIGUOUS)
    bounce(delivery_report(Recipient(action="delayed", status="4.4.1")), recipient=address_of(row))
    assert states(row) == (State.ACCEPTED, Status.ACTIVE)


# --- whose it is -----------------------------------------------------------------------------------------


def test_the_tag_is_found_in_the_mail_when_the_server_does_not_name_it() -> None:
    row = sent()
    for report in (
        delivery_report(to=address_of(row)),
        delivery_report(returned=f"Return-Path: <{address_of(row)}>\nSubject: x\n"),
    ):
        assert bounce(report).delivery_id == row.pk


def test_a_digest_is_known_by_its_headers_when_the_tag_was_lost() -> None:
    row = sent()
    returned = headers_of(message_bytes(row))
    assert bounce(delivery_report(returned=returned)).delivery_id == row.pk
    assert bounce(complaint(returned=returned)).delivery_id == row.pk


def test_the_id_alone_proves_nothing_since_a_shared_link_holds_it() -> None:
    row, other = sent(), sent("bob@example.org")
    forged = f"X-Newsletter-Delivery: {row.pk}\n"
    assert bounce(delivery_report(returned=forged)).delivery_id is None
    [link] = [line for line in headers_of(message_bytes(other)).splitlines() if "/unsubscribe/" in line]
    assert bounce(delivery_report(returned=f"{forged}{link}\n")).delivery_id is None
    assert states(row) == (State.ACCEPTED, Status.ACTIVE)
    assert not DeliveryEvent.objects.exists()


@pytest.mark.parametrize("address", ["bounces@news.example.org", "bounces+{tag}@news.example.org"])
def test_a_forged_tag_writes_nothing(address: str) -> None:
    row = sent()
    tag = address_of(row).partition("+")[2].partition("@")[0]
    forged = address.format(tag=tag[:30] + tag[30:][::-1])
    taken = bounce(delivery_report(), recipient=forged)
    assert taken.delivery_id is None
    assert "not proven" in taken.said
    assert states(row) == (State.ACCEPTED, Status.ACTIVE)
    assert not DeliveryEvent.objects.exists()


def test_a_tag_of_a_mail_that_is_gone_or_was_never_sent_writes_nothing() -> None:
    planned = digest(new_subscriber(ANN))
    for key in (uuid.uuid4(), planned.pk):
        address = envelope_sender(key, sender="digest@news.example.org")
        assert bounce(delivery_report(), recipient=address).delivery_id is None
    assert not DeliveryEvent.objects.exists()


def test_a_transactional_mail_bounces_too() -> None:
    row = transactional_mail(new_subscriber(ANN), Kind.LINK, recipient=ANN, state=State.ACCEPTED)
    bounce(delivery_report(), recipient=address_of(row))
    assert states(row) == (State.BOUNCED, Status.BOUNCED)


def test_a_report_written_before_the_subscriber_came_back_changes_nothing_for_them() -> None:
    row = sent()
    Subscriber.objects.filter(email=ANN).update(confirmed_at=SOON - timedelta(minutes=1))
    bounce(delivery_report(), recipient=address_of(row))
    assert states(row) == (State.BOUNCED, Status.ACTIVE)


# --- leaving by mail -------------------------------------------------------------------------------------


def leave_address(row: Delivery) -> str:
    """Return the address in a digest's List-Unsubscribe."""
    [found] = re.findall(r"<mailto:([^>]+)>", message_from_bytes(message_bytes(row))["List-Unsubscribe"])
    return str(found)


def unsubscribe_mail(to: str, *more: str) -> bytes:
    lines = ("From: Ann <other@example.net>", f"To: {to}", "Subject: unsubscribe", *more)
    return "\n".join([*lines, "", "Please.", ""]).encode()


def test_a_mail_to_the_address_of_list_unsubscribe_ends_the_mailing() -> None:
    row = sent()
    waiting = digest(row.subscriber, slot_key="2026-06-20")
    taken = bounce(unsubscribe_mail(leave_address(row)))
    assert (taken.kind, taken.is_new) == (EventKind.UNSUBSCRIBE, True)
    assert "@" not in taken.said
    assert states(row) == (State.ACCEPTED, Status.UNSUBSCRIBED)
    assert Delivery.objects.get(pk=waiting.pk).state == State.CANCELLED
    assert suppressed([ANN]) == {ANN: Reason.UNSUBSCRIBED}
    consent = ConsentEvent.objects.get(subscriber=row.subscriber)
    assert (consent.action, consent.source) == ("unsubscribed", "unsubscribe mail")


def test_it_is_known_by_the_recipient_that_the_mail_server_names_whatever_it_holds() -> None:
    for number, content in enumerate((b"", b"\0\xff\n\n", unsubscribe_mail("undisclosed-recipients:;"))):
        row = sent(f"ann{number}@example.org")
        assert bounce(content, recipient=leave_address(row).upper()).is_new
        assert states(row)[1] == Status.UNSUBSCRIBED


def test_the_same_mail_again_changes_nothing_and_neither_does_one_of_who_is_gone() -> None:
    row = sent()
    address = leave_address(row)
    assert [bounce(unsubscribe_mail(address)).is_new for _ in range(2)] == [True, False]
    assert ConsentEvent.objects.count() == 1
    assert row.subscriber is not None
    erase(row.subscriber, now=SOON)
    assert not bounce(unsubscribe_mail(address)).is_new


def test_a_mail_to_the_address_of_an_old_mail_still_ends_the_mailing() -> None:
    row = sent()
    address = leave_address(row)
    assert row.subscriber is not None
    revoke_links(row.subscriber, now=SOON)
    assert bounce(unsubscribe_mail(address)).is_new
    assert states(row) == (State.ACCEPTED, Status.UNSUBSCRIBED)


@pytest.mark.parametrize("change", [lambda tag: tag[:20] + tag[20:][::-1], lambda tag: tag[1:]])
def test_a_forged_address_ends_nothing(change: Callable[[str], str]) -> None:
    row = sent()
    local, _, domain = leave_address(row).partition("@")
    name, _, tag = local.partition("+")
    assert bounce(unsubscribe_mail(f"{name}+{change(tag)}@{domain}")).delivery_id is None
    assert states(row) == (State.ACCEPTED, Status.ACTIVE)


def test_an_automatic_answer_to_where_mail_comes_back_is_no_unsubscribe() -> None:
    row = sent()
    bounce(unsubscribe_mail(address_of(row), "Auto-Submitted: auto-replied"))
    assert states(row) == (State.ACCEPTED, Status.ACTIVE)


def test_a_digest_that_comes_back_or_is_passed_on_is_no_unsubscribe() -> None:
    row = sent()
    bounce(delivery_report(Recipient(status="5.2.2"), returned=headers_of(message_bytes(row))))
    forwarded = unsubscribe_mail("bounces@news.example.org").replace(b"Please.", message_bytes(row))
    bounce(forwarded)
    assert states(row)[1] == Status.ACTIVE


# --- what is kept ----------------------------------------------------------------------------------------


def test_nothing_personal_is_kept_of_a_report() -> None:
    row = sent()
    said = "smtp; 550 5.1.1 <ann@example.org> user ann has moved to zebedee@example.net"
    returned = headers_of(message_bytes(row))
    bounce(delivery_report(Recipient(diagnostic=said), returned=returned), recipient=address_of(row))
    payload = DeliveryEvent.objects.get().payload
    assert payload["status"] == "5.1.1"
    assert payload["reason"] == "smtp; 550 5.1.1 … user … has moved to …"
    assert "ann" not in str(payload)


@pytest.mark.parametrize("noise", ["\0", "\udcff", "\x85", "图" * 3000])
def test_whatever_was_said_can_be_kept(noise: str) -> None:
    row = sent()
    said = f"smtp; 550 5.2.2 full {noise} indeed".encode("utf-8", "surrogateescape")
    report = delivery_report(Recipient(diagnostic="HERE", status="5.2.2")).replace(b"HERE", said)
    assert bounce(report, recipient=address_of(row)).is_new
    assert DeliveryEvent.objects.get().payload["reason"].startswith("smtp; 550 5.2.2 full")


def test_an_erased_subscriber_leaves_no_report_behind() -> None:
    row = sent("zebedee@example.org")
    recipient = Recipient(final="rfc822; zebedee@example.org", status="5.2.2", diagnostic="zebedee is full")
    bounce(delivery_report(recipient), recipient=address_of(row))
    assert row.subscriber is not None
    erase(row.subscriber, now=SOON)
    assert not DeliveryEvent.objects.exists()
    assert "zebedee" not in str(every_table()).lower()
    assert bounce(delivery_report(recipient), recipient=address_of(row)).delivery_id is None


def test_what_is_said_of_it_names_nobody() -> None:
    row = sent()
    taken = bounce(delivery_report(), recipient=address_of(row))
    assert taken.said == f"hard_bounce 5.1.1: about delivery {row.pk}"
