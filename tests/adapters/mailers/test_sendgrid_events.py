"""Which requests are SendGrid's own, and what its events say."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from newsletter.adapters.mailers.sendgrid_events import SendgridEvents
from newsletter.adapters.ports import ProviderEvent, Refusal
from newsletter.core.delivery.events import EventKind
from newsletter.errors import BadInput
from tests.fakes.sendgrid_events import SIGNATURE, TIMESTAMP, Signer, body_of, sendgrid_event

NOW = datetime(2026, 6, 19, 8, 0, tzinfo=UTC)
OURS = UUID(int=7)
SIGNER = Signer()
BODY = body_of([sendgrid_event("delivered", OURS, at=NOW)])


def refusal(
    body: bytes = BODY, *, key: str = "", signed_at: datetime = NOW, changed: dict[str, str] | None = None
) -> Refusal | None:
    headers = SIGNER.headers(BODY, at=signed_at) | (changed or {})
    return SendgridEvents(key or SIGNER.public_key).refusal(body, headers=headers, now=NOW)


def read(*items: Any) -> list[ProviderEvent]:
    return SendgridEvents("").read(body_of(items), now=NOW)


def one(name: str, **fields: Any) -> ProviderEvent:
    [event] = read(sendgrid_event(name, OURS, at=NOW) | fields)
    return event


# --- signatures ------------------------------------------------------------------------------------------


def test_what_sendgrid_has_signed_is_taken() -> None:
    assert refusal() is None


def test_the_key_may_be_a_pem_file() -> None:
    lines = ("-----BEGIN PUBLIC KEY-----", SIGNER.public_key[:64], SIGNER.public_key[64:])
    assert refusal(key="\n".join([*lines, "-----END PUBLIC KEY-----", ""])) is None


@pytest.mark.parametrize(
    "changed",
    [
        {SIGNATURE: ""},
        {SIGNATURE: "not base64 at all"},
        {SIGNATURE: "abc"},
        {SIGNATURE: "é"},
        {SIGNATURE: Signer().headers(BODY, at=NOW)[SIGNATURE]},
        {TIMESTAMP: ""},
        {TIMESTAMP: "1781856001"},
        {TIMESTAMP: "soon"},
    ],
)
def test_a_signature_that_does_not_fit_is_refused(changed: dict[str, str]) -> None:
    assert refusal(changed=changed) is Refusal.SIGNATURE


@pytest.mark.parametrize("body", [b"", BODY + b" ", BODY.replace(b"\r\n", b"\n"), b"\xff" + BODY])
def test_a_body_that_was_changed_by_a_byte_is_refused(body: bytes) -> None:
    assert refusal(body) is Refusal.SIGNATURE


@pytest.mark.parametrize("key", ["x", "SG.not-a-public-key", Signer().public_key[:-8]])
def test_a_key_that_is_none_is_told_apart(key: str) -> None:
    assert refusal(key=key) is Refusal.KEY


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (timedelta(hours=24), None),
        (timedelta(hours=26), Refusal.STALE),
        (-timedelta(minutes=5), None),
        (-timedelta(minutes=15), Refusal.STALE),
        (timedelta(days=9000), Refusal.STALE),
    ],
)
def test_a_retry_of_a_day_is_taken_and_an_old_copy_is_not(age: timedelta, expected: Refusal | None) -> None:
    assert refusal(signed_at=NOW - age) is expected


# --- events ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("processed", EventKind.PROCESSED),
        ("deferred", EventKind.DEFERRED),
        ("delivered", EventKind.DELIVERED),
        ("dropped", EventKind.DROPPED),
        ("spamreport", EventKind.COMPLAINT),
        ("unsubscribe", EventKind.UNSUBSCRIBE),
        ("group_unsubscribe", EventKind.GROUP_UNSUBSCRIBE),
        ("group_resubscribe", EventKind.GROUP_RESUBSCRIBE),
        ("open", EventKind.UNKNOWN),
        ("something new", EventKind.UNKNOWN),
    ],
)
def test_each_name_has_its_kind(name: str, kind: EventKind) -> None:
    event = one(name)
    assert (event.kind, event.delivery_id, event.at) == (kind, OURS, NOW)
    assert event.detail["event"] == name


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"status": "5.1.1", "type": "bounce"}, EventKind.HARD_BOUNCE),
        ({"status": "550 5.1.10"}, EventKind.HARD_BOUNCE),
        ({"reason": "550 5.2.1 The account is disabled"}, EventKind.HARD_BOUNCE),
        ({"bounce_classification": "Invalid Address", "status": "5.0.0"}, EventKind.HARD_BOUNCE),
        ({"status": "5.7.1", "type": "bounce"}, EventKind.SOFT_BOUNCE),
        ({"status": "5.1.1", "type": "blocked"}, EventKind.SOFT_BOUNCE),
        ({"status": "4.2.2", "reason": "552 5.1.1"}, EventKind.SOFT_BOUNCE),
        ({"reason": "554 blocked [5.1.1.7]"}, EventKind.SOFT_BOUNCE),
        ({"reason": "unable to get mx info", "type": "blocked"}, EventKind.SOFT_BOUNCE),
        ({}, EventKind.SOFT_BOUNCE),
        ({"status": 5, "reason": ["5"], "type": None}, EventKind.SOFT_BOUNCE),
    ],
)
def test_bounces_are_hard_or_soft_by_their_code(fields: dict[str, Any], kind: EventKind) -> None:
    assert one("bounce", **fields).kind is kind


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("Bounced Address", EventKind.HARD_BOUNCE),
        ("Invalid", EventKind.HARD_BOUNCE),
        ("Spam Reporting Address", EventKind.COMPLAINT),
        ("Unsubscribed Address", EventKind.UNSUBSCRIBE),
        ("Spam Content", None),
        ("Recipient List over Package Quota", None),
        ("Invalid SMTPAPI header", None),
    ],
)
def test_a_dropped_mail_says_why(reason: str, cause: EventKind | None) -> None:
    assert one("dropped", reason=reason).cause is cause
    assert one("delivered", reason=reason).cause is None


def test_a_late_bounce_without_our_argument_is_known_by_the_message_id() -> None:
    late = sendgrid_event("bounce", OURS, at=NOW) | {"smtp-id": f"<{OURS.hex}@news.example.org>"}
    del late["delivery_id"], late["sg_message_id"]
    [event] = read(late)
    assert event.delivery_id == OURS


def test_nothing_of_the_subscriber_is_kept() -> None:
    event = one(
        "bounce",
        email="Ada.Lovelace@example.org",
        reason='550 <ada.lovelace@example.org>: user ada.lovelace unknown; forwarded "to" x=y@z.example',
        response="sent to Ada.Lovelace@example.org",
        ip="203.0.113.7",
        useragent="Mozilla",
        url="https://news.example.org/unsubscribe/abc",
        category=["ada.lovelace@example.org"],
    )
    kept = json.dumps(dict(event.detail)).casefold()
    assert "lovelace" not in kept
    assert "@" not in kept
    assert set(event.detail) == {"event", "reason", "response", "sg_message_id"}


def test_copies_of_an_event_have_one_key_whatever_sendgrid_calls_them() -> None:
    assert one("delivered").dedupe_key == one("delivered", sg_event_id="another").dedupe_key
    others = [
        one("deferred"),
        one("delivered", timestamp=1),
        one("delivered", sg_message_id="x"),
        one("delivered", delivery_id=str(UUID(int=8))),
    ]
    assert len({each.dedupe_key for each in (*others, one("delivered"))}) == 5


TIMES: list[object] = ["1", 1.5, True, None, 10**30, -(10**30), [], {}]
IDS: list[object] = [7, [], {}, False]
WRONG: list[object] = [
    *(None, 7, "text", [], [[]], {}, {"event": "delivered"}, {"timestamp": 1}),
    *({"event": None, "timestamp": 1}, {"event": ["x"], "timestamp": 1}, {"event": "", "timestamp": 1}),
    *({"event": "open", "timestamp": bad} for bad in TIMES),
    *({"event": "open", "timestamp": 1, "delivery_id": bad} for bad in IDS),
]


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_what_has_not_the_form_of_an_event_is_counted_and_harms_no_other(wrong: object) -> None:
    first, bad, last = read(
        sendgrid_event("delivered", OURS, at=NOW), wrong, sendgrid_event("open", OURS, at=NOW)
    )
    assert (first.kind, bad.kind, last.kind) == (
        EventKind.DELIVERED,
        EventKind.UNREADABLE,
        EventKind.UNKNOWN,
    )
    assert (bad.delivery_id, bad.detail, bad.at) == (None, {}, NOW)
    assert read(wrong)[0].dedupe_key == bad.dedupe_key
    assert len(bad.dedupe_key) <= 200


@pytest.mark.parametrize("wrong", [7, None, [], {"a": 1}, True, "\0", "\ud800x", "x" * 9000])
def test_fields_of_a_wrong_type_are_left_out(wrong: object) -> None:
    event = one("bounce", status=wrong, reason=wrong, type=wrong, sg_message_id=wrong, email=wrong)
    assert event.kind is EventKind.SOFT_BOUNCE
    text = json.dumps(dict(event.detail), ensure_ascii=False)
    assert "\0" not in text.encode().decode()  # a lone surrogate could not be encoded
    assert all(len(str(value)) <= 500 for value in event.detail.values())


def test_a_name_that_a_database_would_refuse_is_cleaned() -> None:
    assert one("od\0d \ud800" + "x" * 90).detail["event"] == ("odd ?" + "x" * 90)[:40]


@pytest.mark.parametrize("delivery_id", ["", "x", "7", "00000000-0000-0000-0000-00000000000"])
def test_an_id_that_is_not_ours_names_no_delivery(delivery_id: str) -> None:
    assert one("delivered", delivery_id=delivery_id).delivery_id is None


@pytest.mark.parametrize("body", [b"", b"{}", b"7", b"null", b"[", b"\xff", b"[" * 100_000, b'"x"'])
def test_a_body_that_is_no_list_is_refused(body: bytes) -> None:
    with pytest.raises(BadInput):
        SendgridEvents("").read(body, now=NOW)
