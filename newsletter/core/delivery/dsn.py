"""Parse DSNs (RFC 3464; RFC 6533 for addresses beyond ASCII) and complaints (ARF, RFC 5965).

Other mails are no report. ``pipeline/feedback/bounces.py`` finds the delivery and decides whether to believe
it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, message_from_string
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime

from newsletter.core.delivery.events import EventKind
from newsletter.core.delivery.redaction import redacted
from newsletter.core.delivery.refusals import is_no_such_mailbox, refusal_code

SOURCE = "smtp"
"""Who reports them, as stored with an event: mail servers, whichever mailer had sent the mail."""
_STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
_RETURNED_TYPES = ("message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers")
_MOST_PARTS = 50
_LONGEST = 300
"""Characters kept of the server's message."""
_ACTIONS = {
    "delayed": EventKind.DEFERRED,
    "delivered": EventKind.DELIVERED,
    "relayed": EventKind.PROCESSED,
    "expanded": EventKind.PROCESSED,
}
"""RFC 3464 §2.3.3, without ``failed``."""
_FEEDBACK = {
    "abuse": EventKind.COMPLAINT,
    "fraud": EventKind.COMPLAINT,
    "opt-out": EventKind.UNSUBSCRIBE,
}
"""RFC 5965 §7.3; the other types (``not-spam``, ``virus``, ``auth-failure``…) are not the reader's word."""
_WEIGHT = (EventKind.HARD_BOUNCE, EventKind.SOFT_BOUNCE, EventKind.DEFERRED, EventKind.DELIVERED)
"""Which of several recipients' reports counts: a forwarding address may have many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailReport:
    """A report and the fields that may identify its delivery."""

    kind: EventKind
    status: str
    """An enhanced code, or a complaint's type."""
    reason: str
    """The server's message, without any address."""
    written_at: datetime | None
    """Its Date, if readable; aware."""
    sent_to: tuple[str, ...]
    """Headers that may hold the address it was sent to, raw."""
    named: tuple[str, ...]
    """Fields of the report or the returned message that name our envelope's sender."""
    delivery_id: str
    """X-Newsletter-Delivery of the returned message."""
    list_unsubscribe: str
    """Its List-Unsubscribe."""


def read_mail_report(content: bytes) -> MailReport | None:
    """Return what a mail reports, or None if it is no report (auto-reply, spam, anything)."""
    try:
        return _read(message_from_bytes(content))
    except (LookupError, RecursionError, TypeError, UnicodeError, ValueError):
        return None  # deeply nested, unknown charset, or otherwise hostile


def addresses_of(content: bytes) -> tuple[str, ...]:
    """Return the headers of any mail that may hold the address it was sent to, raw."""
    try:
        return _sent_to(BytesHeaderParser().parsebytes(content))
    except (LookupError, TypeError, UnicodeError, ValueError):
        return ()


def _sent_to(message: Message) -> tuple[str, ...]:
    names = ("Delivered-To", "X-Original-To", "Envelope-To", "To")
    return tuple(str(value) for name in names for value in message.get_all(name, []))


def _read(message: Message) -> MailReport | None:
    parts = list(_parts(message))
    returned = next((each for part in parts if (each := _returned(part)) is not None), Message())
    for part in parts:
        kind = part.get_content_type()
        if kind in _STATUS_TYPES:
            blocks = _blocks(part)
            return _mail(message, returned, *_delivery_report(blocks), named=())
        if kind == "message/feedback-report":
            [fields, *_] = [*_blocks(part), Message()]
            named = (_text(fields, "Original-Mail-From"),)
            return _mail(message, returned, *_complaint(fields), named=named)
    return None


def _mail(
    message: Message, returned: Message, kind: EventKind, status: str, reason: str, *, named: tuple[str, ...]
) -> MailReport:
    return MailReport(
        kind=kind,
        status=status,
        reason=reason,
        written_at=_date(message),
        sent_to=_sent_to(message),
        named=(*named, _text(returned, "Return-Path")),
        delivery_id=_text(returned, "X-Newsletter-Delivery"),
        list_unsubscribe=_text(returned, "List-Unsubscribe"),
    )


def _parts(message: Message) -> Iterator[Message]:
    """Yield the parts in order, without those of an attached mail: its report would be another's."""
    waiting, seen = [message], 0
    while waiting and seen < _MOST_PARTS:
        part = waiting.pop(0)
        seen += 1
        yield part
        if part.get_content_maintype() == "multipart" and isinstance(inner := part.get_payload(), list):
            waiting += [each for each in inner if isinstance(each, Message)]


def _blocks(part: Message) -> list[Message]:
    """Return the groups of fields of a report: first the whole message's, then each recipient's."""
    payload = part.get_payload()
    if not isinstance(payload, list):
        return []
    blocks = [each for each in payload if isinstance(each, Message)]
    if part.get_content_type() == _STATUS_TYPES[1] and blocks:  # the email package parses the older type only
        rest = str(blocks[0].get_payload())
        blocks += [message_from_string(block) for block in re.split(r"\r?\n\r?\n", rest) if block.strip()]
    return blocks


def _delivery_report(blocks: list[Message]) -> tuple[EventKind, str, str]:
    recipients = [block for block in blocks if "Action" in block]
    said = [_of_recipient(block) for block in recipients]
    return min(said, key=_weight, default=(EventKind.UNKNOWN, "", ""))


def _of_recipient(block: Message) -> tuple[EventKind, str, str]:
    """Return the report of one recipient. ``failed`` is final, whatever the first digit of its code."""
    action = _text(block, "Action").strip().lower()
    diagnostic = _text(block, "Diagnostic-Code")
    status = refusal_code(_text(block, "Status"), diagnostic)
    if action == "failed":
        is_wrong = is_no_such_mailbox(status, diagnostic)
        kind = EventKind.HARD_BOUNCE if is_wrong else EventKind.SOFT_BOUNCE
    else:
        kind = _ACTIONS.get(action, EventKind.UNKNOWN)
    addressees = [_text(block, name) for name in ("Final-Recipient", "Original-Recipient")]
    return kind, status, without_addresses(diagnostic, names=addressees)


def _complaint(fields: Message) -> tuple[EventKind, str, str]:
    kind = _text(fields, "Feedback-Type").strip().lower()
    words = kind if re.fullmatch(r"[a-z-]{1,40}", kind) else ""
    return _FEEDBACK.get(kind, EventKind.UNKNOWN), words, ""


def _weight(report: tuple[EventKind, str, str]) -> int:
    return _WEIGHT.index(report[0]) if report[0] in _WEIGHT else len(_WEIGHT)


def without_addresses(words: str, *, names: list[str]) -> str:
    """Return the message with all addresses removed, and each recipient's local part."""
    printable = "".join(char if char.isprintable() else " " for char in words[: 4 * _LONGEST])
    local_parts = [name.rpartition(";")[2].strip().strip("<>").rpartition("@")[0] for name in names]
    return " ".join(redacted(printable, names=local_parts, by="…").split())[:_LONGEST]


def _returned(part: Message) -> Message | None:
    kind = part.get_content_type()
    if kind not in _RETURNED_TYPES:
        return None
    payload = part.get_payload()
    if isinstance(payload, list):
        return payload[0] if payload and isinstance(payload[0], Message) else None
    decoded = part.get_payload(decode=True)
    return message_from_bytes(decoded) if isinstance(decoded, bytes) else None


def _date(message: Message) -> datetime | None:
    try:
        written = parsedate_to_datetime(_text(message, "Date"))
    except (OverflowError, ValueError):
        return None
    return written if written.tzinfo else None


def _text(message: Message, name: str) -> str:
    return str(message.get(name, ""))
