"""Every header is read back by Python's own parser, and the raw lines are measured."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import unquote
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.core.digests.headers import MessageHeaders, ascii_address, wire_address, write_headers
from newsletter.errors import BadInput

DIGEST = MessageHeaders(
    from_name="arXiv digest",
    from_email="digest@news.example.org",
    to="reader@example.com",
    subject="9 new papers: SpatialAvatar-0, SiGnature and 7 more",
    date=datetime(2026, 6, 19, 6, 0, tzinfo=UTC),
    message_id="<0a1b2c@news.example.org>",
    delivery_id="5f0c4a52-97ad-4c43-9c38-6a1f7c3f3d9e",
    reply_to="team@example.org",
    list_id="digests.news.example.org",
    list_unsubscribe_url="https://news.example.org/unsubscribe/" + "a" * 37,
    feedback_id="digest:arxiv-newsletter",
)
TRANSACTIONAL = replace(DIGEST, list_id="", list_unsubscribe_url="", feedback_id="")

printable = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\u2028\u2029"),
    min_size=1,
    max_size=200,
)


def parse(raw: bytes) -> EmailMessage:
    message: Any = message_from_bytes(raw + b"\r\n", policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def longest_line(raw: bytes) -> int:
    assert raw.endswith(b"\r\n")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    return max(map(len, raw.split(b"\r\n")))


def display_name(raw: bytes) -> str:
    """Read the sender's name with the older parser; the newer puts a space between two encoded words."""
    sender = message_from_bytes(raw, policy=policy.compat32)["From"].rpartition(" <")[0].replace("\r\n", "")
    if "=?" in sender:
        return str(make_header(decode_header(sender)))
    return unquote(sender)


def test_it_writes_what_python_reads_back() -> None:
    message = parse(write_headers(DIGEST))
    assert message["From"].addresses[0].display_name == "arXiv digest"
    assert message["From"].addresses[0].addr_spec == "digest@news.example.org"
    assert message["To"] == "reader@example.com"
    assert message["Subject"] == DIGEST.subject
    assert message["Date"].datetime == DIGEST.date
    assert message["Message-ID"] == DIGEST.message_id
    assert message["MIME-Version"] == "1.0"
    assert message["Reply-To"] == "team@example.org"
    assert message["List-Id"] == "<digests.news.example.org>"
    assert message["List-Unsubscribe"] == f"<{DIGEST.list_unsubscribe_url}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["Feedback-ID"] == "digest:arxiv-newsletter"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Newsletter-Delivery"] == DIGEST.delivery_id
    assert len(message.keys()) == 13


def test_a_transactional_mail_has_no_list_headers() -> None:
    names = parse(write_headers(TRANSACTIONAL)).keys()
    assert not [name for name in names if name.startswith(("List-", "Feedback"))]
    assert "Auto-Submitted" in names


def test_a_long_unsubscribe_url_stays_whole_and_plain() -> None:
    url = "https://news.example.org/unsubscribe/" + "a" * 300
    raw = write_headers(replace(DIGEST, list_unsubscribe_url=url))
    assert f"<{url}>".encode() in raw
    assert b"=?" not in raw
    assert longest_line(raw) <= 998


def test_it_offers_an_address_for_unsubscribing_beside_the_url() -> None:
    raw = write_headers(replace(DIGEST, list_unsubscribe_mailto="mailto:leave@example.org?subject=leave"))
    expected = f"<{DIGEST.list_unsubscribe_url}>, <mailto:leave@example.org?subject=leave>"
    assert parse(raw)["List-Unsubscribe"] == expected


@pytest.mark.parametrize(
    "subject",
    [
        "9 篇新论文：SpatialAvatar-0、SiGnature 等，均符合你的主题" * 5,
        "one word that is " + "long" * 40,
        "=?utf-8?q?not=20encoded?=",
        "two  spaces and a trailing one ",
        "word " * 40 + "end",
        "naïve café 🙂",
    ],
)
def test_any_subject_is_read_back_whole(subject: str) -> None:
    raw = write_headers(replace(TRANSACTIONAL, subject=subject))
    assert parse(raw)["Subject"] == subject
    assert longest_line(raw) <= 78


@given(subject=printable, name=printable)
def test_subject_and_name_survive_whatever_they_hold(subject: str, name: str) -> None:
    raw = write_headers(replace(TRANSACTIONAL, subject=subject, from_name=name))
    assert longest_line(raw) <= 78
    message = parse(raw)
    assert message["Subject"] == subject
    assert display_name(raw) == name
    assert message["From"].addresses[0].addr_spec == "digest@news.example.org"


@pytest.mark.parametrize(
    "breaker", ["\r\nBcc: spy@example.org", "\nX: y", "\r", "\0", "\x85", "\u2028", "\ud800"]
)
@pytest.mark.parametrize(
    "field",
    [
        "from_name",
        "from_email",
        "to",
        "subject",
        "message_id",
        "delivery_id",
        "reply_to",
        "list_id",
        "list_unsubscribe_url",
        "list_unsubscribe_mailto",
        "feedback_id",
        "auto_submitted",
    ],
)
def test_a_line_break_in_any_value_is_refused(field: str, breaker: str) -> None:
    before = getattr(DIGEST, field) or "mailto:a@b"
    changes: dict[str, Any] = {field: before + breaker}
    with pytest.raises(BadInput):
        write_headers(replace(DIGEST, **changes))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("list_unsubscribe_url", "javascript:alert(1)"),
        ("list_unsubscribe_url", "https://a.example/x> <https://b.example/"),
        ("list_unsubscribe_url", "https://例子.example/x"),
        ("list_unsubscribe_url", "https://a.example/=?utf-8?q?x?="),
        ("list_id", "Meine Liste <x.example>"),
        ("message_id", "no-brackets@example.org"),
        ("feedback_id", "摘要"),
    ],
)
def test_it_refuses_a_value_that_its_header_cannot_carry(field: str, value: str) -> None:
    changes: dict[str, Any] = {field: value}
    with pytest.raises(BadInput, match="cannot be written"):
        write_headers(replace(DIGEST, **changes))


def test_it_refuses_a_date_without_a_zone() -> None:
    with pytest.raises(BadInput, match="zone"):
        write_headers(replace(DIGEST, date=datetime(2026, 6, 19, 6, 0)))  # noqa: DTZ001 - what is refused


def test_it_keeps_the_zone_of_the_date() -> None:
    local = datetime(2026, 6, 19, 8, 0, tzinfo=timezone(timedelta(hours=2)))
    assert b"Date: Fri, 19 Jun 2026 08:00:00 +0200\r\n" in write_headers(replace(DIGEST, date=local))


@pytest.mark.parametrize(
    ("given_address", "on_the_wire"),
    [
        ("reader@例子.测试", "reader@xn--fsqu00a.xn--0zwm56d"),
        ("reader@BÜCHER.example", "reader@xn--bcher-kva.example"),
        ("o'brien+arxiv@mail.example.org", "o'brien+arxiv@mail.example.org"),
        ('"a b"@example.org', '"a b"@example.org'),
        ("me@localhost", "me@localhost"),
    ],
)
def test_an_address_goes_out_in_ascii(given_address: str, on_the_wire: str) -> None:
    assert ascii_address(given_address) == on_the_wire


@pytest.mark.parametrize(
    ("given_address", "on_the_wire"),
    [
        ("读者@例子.测试", "读者@xn--fsqu00a.xn--0zwm56d"),
        ("jürgen.müller+arxiv@example.org", "jürgen.müller+arxiv@example.org"),
        ("o'brien@example.org", "o'brien@example.org"),
    ],
)
def test_an_international_address_keeps_its_local_part(given_address: str, on_the_wire: str) -> None:
    assert wire_address(given_address) == on_the_wire
    raw = write_headers(replace(TRANSACTIONAL, to=given_address))
    assert f"\r\nTo: {on_the_wire}\r\n".encode() in raw
    assert message_from_bytes(raw + b"\r\n", policy=policy.SMTPUTF8)["To"] == on_the_wire


@pytest.mark.parametrize(
    "local",
    ["读 者", "读\u3000者", "读\u200b者", "读\u202e者", "读\x85者", "=?读?=", ".读者", "读者" * 11, '"读"'],
)
def test_an_international_address_hides_nothing(local: str) -> None:
    with pytest.raises(BadInput):
        wire_address(f"{local}@example.org")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "a@",
        "@b",
        "a b@example.org",
        "a@b, c@d",
        "<a@b>",
        "a@b>",
        "a..b@example.org",
        "读者@example.org",
        "a@-x.example",
        "=?utf-8?q?x?=@example.org",
        "a@\u2025",
        "x" * 65 + "@example.org",
    ],
)
def test_it_refuses_what_cannot_be_sent_to(address: str) -> None:
    with pytest.raises(BadInput):
        ascii_address(address)
