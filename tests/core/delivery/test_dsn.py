from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.core.delivery.dsn import MailReport, read_mail_report, without_addresses
from newsletter.core.delivery.events import EventKind
from tests.fakes.outgoing import outgoing
from tests.fakes.reports import Recipient, complaint, delivery_report, headers_of

HEADERS = headers_of(outgoing(1).message)


def read(content: bytes) -> MailReport:
    mail = read_mail_report(content)
    assert mail is not None
    return mail


@pytest.mark.parametrize(
    ("recipient", "kind", "status"),
    [
        (Recipient(), EventKind.HARD_BOUNCE, "5.1.1"),
        (Recipient(status="5.1.10"), EventKind.HARD_BOUNCE, "5.1.10"),
        (Recipient(status="5.2.1"), EventKind.HARD_BOUNCE, "5.2.1"),
        (Recipient(status="5.0.0"), EventKind.HARD_BOUNCE, "5.1.1"),
        (Recipient(status=""), EventKind.HARD_BOUNCE, "5.1.1"),
        (Recipient(status="5.1.1 (no such user)"), EventKind.HARD_BOUNCE, "5.1.1"),
        (Recipient(status="5.7.1"), EventKind.SOFT_BOUNCE, "5.7.1"),
        (Recipient(status="5.2.2"), EventKind.SOFT_BOUNCE, "5.2.2"),
        (Recipient(status="5.0.0", diagnostic="smtp; 550 go away"), EventKind.SOFT_BOUNCE, "5.0.0"),
        (Recipient(status="5.0.0", diagnostic="smtp; 550 from 5.1.1.9"), EventKind.SOFT_BOUNCE, "5.0.0"),
        (Recipient(status="", diagnostic=""), EventKind.SOFT_BOUNCE, ""),
        (Recipient(status="4.4.1", diagnostic="smtp; timed out"), EventKind.SOFT_BOUNCE, "4.4.1"),
        (Recipient(action="delayed", status="4.2.0"), EventKind.DEFERRED, "4.2.0"),
        (Recipient(action="Delayed", status="5.1.1"), EventKind.DEFERRED, "5.1.1"),
        (Recipient(action="delivered", status="2.1.5"), EventKind.DELIVERED, "2.1.5"),
        (Recipient(action="relayed", status="2.0.0"), EventKind.PROCESSED, "2.0.0"),
        (Recipient(action="eaten"), EventKind.UNKNOWN, "5.1.1"),
    ],
)
def test_a_report_is_read_by_its_action_and_its_code(
    recipient: Recipient, kind: EventKind, status: str
) -> None:
    mail = read(delivery_report(recipient))
    assert (mail.kind, mail.status) == (kind, status)


def test_of_several_recipients_the_worst_counts() -> None:
    delayed, failed = Recipient(action="delayed", status="4.4.1"), Recipient(status="5.7.1")
    for order in ([delayed, failed], [failed, delayed]):
        assert read(delivery_report(*order)).kind == EventKind.SOFT_BOUNCE


@pytest.mark.parametrize(
    "returned_type", ["message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"]
)
def test_it_finds_the_mail_that_came_back(returned_type: str) -> None:
    report = delivery_report(returned="Return-Path: <bounces+x@a>\n" + HEADERS, returned_type=returned_type)
    mail = read(report)
    assert mail.delivery_id == outgoing(1).delivery_id
    assert "/unsubscribe/" in mail.list_unsubscribe
    assert mail.named == ("<bounces+x@a>",)
    assert mail.sent_to == ("bounces@news.example.org",) * 2
    assert mail.written_at == datetime(2026, 6, 19, 8, 5, tzinfo=UTC)


def test_it_reads_the_newer_report_for_addresses_beyond_ascii() -> None:
    recipient = Recipient(
        final="utf-8; 读者@example.org", original="", diagnostic="smtp; 550 5.1.1 读者 unknown"
    )
    mail = read(delivery_report(recipient, status_type="message/global-delivery-status"))
    assert (mail.kind, mail.status) == (EventKind.HARD_BOUNCE, "5.1.1")
    assert "读者" not in mail.reason


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("abuse", EventKind.COMPLAINT),
        ("Fraud", EventKind.COMPLAINT),
        ("opt-out", EventKind.UNSUBSCRIBE),
        ("not-spam", EventKind.UNKNOWN),
        ("auth-failure", EventKind.UNKNOWN),
        ("", EventKind.UNKNOWN),
    ],
)
def test_a_complaint_is_told_from_other_feedback(kind: str, expected: EventKind) -> None:
    mail = read(complaint(kind, returned=HEADERS, mail_from="<bounces+tag@news.example.org>"))
    assert (mail.kind, mail.status) == (expected, kind.lower())
    assert mail.delivery_id == outgoing(1).delivery_id
    assert mail.named[0] == "<bounces+tag@news.example.org>"


VACATION = b"""From: Ann <ann@example.org>
To: bounces@news.example.org
Subject: Out of office
Auto-Submitted: auto-replied
Content-Type: text/plain; charset=x-no-such

I am away. 550 5.1.1
"""
RECEIPT = delivery_report().replace(b"delivery-status", b"disposition-notification")
FORWARDED = (
    b"From: Ann <ann@example.org>\nMIME-Version: 1.0\nContent-Type: message/rfc822\n\n" + delivery_report()
)


@pytest.mark.parametrize(
    "content",
    [b"", b"\0\xff" * 1000, b"Subject: x", VACATION, RECEIPT, FORWARDED, outgoing(1).message],
    ids=["nothing", "noise", "no body", "vacation", "read receipt", "a bounce passed on", "our own mail"],
)
def test_anything_else_is_no_report(content: bytes) -> None:
    assert read_mail_report(content) is None


def test_a_report_without_recipients_or_fields_says_nothing() -> None:
    empty = delivery_report(Recipient(action="", status="", diagnostic="", final="", original=""))
    assert read(empty).kind == EventKind.UNKNOWN
    assert read(empty[: empty.index(b"Reporting-MTA")]).kind == EventKind.UNKNOWN


def test_mails_nested_without_end_or_with_parts_without_number_are_given_up_soon() -> None:
    deep = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (level, level) for level in range(2000)
    )
    assert read_mail_report(deep) is None
    wide = b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\n" * 20_000
    assert read_mail_report(wide) is None


@settings(max_examples=60)
@given(st.binary(max_size=200), st.integers(0, 1500), st.integers(0, 60))
def test_a_damaged_report_raises_nothing(noise: bytes, start: int, length: int) -> None:
    whole = delivery_report(returned=HEADERS)
    read_mail_report(whole[:start] + noise + whole[start + length :])


@pytest.mark.parametrize(
    "words",
    [
        "550 5.1.1 <ann@example.org>: unknown",
        "550 5.1.1 User ann unknown",
        "550 ANN@EXAMPLE.ORG",
        "see https://mx.example/?who=ann%40example.org",
        "SRS0=x=y=example.org=ann@relay.example",
    ],
)
def test_what_was_said_is_kept_without_anybodys_address(words: str) -> None:
    shown = without_addresses(words, names=["rfc822; ann@example.org"])
    assert "ann" not in shown.lower()
    assert "…" in shown


def test_what_was_said_is_printable_and_short() -> None:
    shown = without_addresses("550\0 \ud800" + "x" * 2_000_000 + "@", names=[])
    assert shown.isprintable()
    assert len(shown) <= 300
