"""SendGrid's event webhook: verify requests and translate events.

The SDK verifies signatures. An event is translated by name, reason and status code. Only text for the
operator is kept, with every address removed.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sendgrid.helpers.eventwebhook import EventWebhook

from newsletter.adapters.ports import ProviderEvent, Refusal
from newsletter.core.delivery.events import EventKind
from newsletter.core.delivery.redaction import redacted
from newsletter.core.delivery.refusals import is_no_such_mailbox
from newsletter.errors import BadInput

DELIVERY_ARG = "delivery_id"
"""The custom argument of a mail that comes back with each of its events."""
SIGNATURE_HEADER = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP_HEADER = "X-Twilio-Email-Event-Webhook-Timestamp"
OLDEST = timedelta(hours=25)
"""SendGrid retries for 24 hours and does not document re-signing. A copy within this time is deduplicated; an
older one is refused, since it could undo what a reader changed since."""
MAX_CLOCK_SKEW = timedelta(minutes=10)
"""How far in the future a signed timestamp may be."""
_LONGEST = 500
_LONGEST_NAME = 40

_KINDS = {
    "processed": EventKind.PROCESSED,
    "deferred": EventKind.DEFERRED,
    "delivered": EventKind.DELIVERED,
    "dropped": EventKind.DROPPED,
    "spamreport": EventKind.COMPLAINT,
    "unsubscribe": EventKind.UNSUBSCRIBE,
    "group_unsubscribe": EventKind.GROUP_UNSUBSCRIBE,
    "group_resubscribe": EventKind.GROUP_RESUBSCRIBE,
}
_CAUSES = {
    "bounced address": EventKind.HARD_BOUNCE,
    "invalid": EventKind.HARD_BOUNCE,
    "spam reporting address": EventKind.COMPLAINT,
    "unsubscribed address": EventKind.UNSUBSCRIBE,
}
"""Reasons of ``dropped`` about the address; the others are about the message or our account."""
_KEPT = ("reason", "response", "status", "type", "bounce_classification", "attempt", "sg_message_id")
_MESSAGE_ID = re.compile(r"<?([0-9a-f]{32})@")


class SendgridEvents:
    """An ``EventReader``, for events signed with the key that belongs to ``public_key``."""

    setting = "NEWSLETTER_SENDGRID_WEBHOOK_KEY"

    def __init__(self, public_key: str) -> None:
        """``public_key``: as SendGrid shows it, or a PEM file's text."""
        lines = (line.strip() for line in public_key.splitlines() if not line.startswith("-----"))
        self._key = "".join(lines)
        self.has_key = bool(public_key)

    def refusal(self, body: bytes, *, headers: Mapping[str, str], now: datetime) -> Refusal | None:
        signature, timestamp = headers.get(SIGNATURE_HEADER, ""), headers.get(TIMESTAMP_HEADER, "")
        try:
            webhook = EventWebhook(self._key)
        except Exception:  # cryptography raises half a dozen kinds of errors
            return Refusal.KEY
        try:
            is_genuine = webhook.verify_signature(body.decode("utf-8"), signature, timestamp)
        except Exception:  # bad base64, no UTF-8, a signature of another form
            return Refusal.SIGNATURE
        if not is_genuine or not signature:
            return Refusal.SIGNATURE
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
            return Refusal.STALE
        age = now.timestamp() - int(timestamp)
        is_fresh = -MAX_CLOCK_SKEW.total_seconds() <= age <= OLDEST.total_seconds()
        return None if is_fresh else Refusal.STALE

    def read(self, body: bytes, *, now: datetime) -> list[ProviderEvent]:
        try:
            items = json.loads(body)
            if not isinstance(items, list):
                raise BadInput("the body is no list of events")
            return [_event(item, now=now) for item in items]
        except (ValueError, RecursionError) as error:
            raise BadInput("the body is no JSON that can be read") from error


def _event(item: object, *, now: datetime) -> ProviderEvent:
    try:
        if isinstance(item, dict):
            return _translated(item)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        pass  # counted as UNREADABLE, like an item that is no object
    checksum = hashlib.sha256(json.dumps(item, sort_keys=True).encode()).hexdigest()
    return ProviderEvent(
        delivery_id=None, kind=EventKind.UNREADABLE, at=now, dedupe_key=f"unreadable:{checksum}"
    )


def _translated(item: Mapping[str, Any]) -> ProviderEvent:
    """Raises KeyError, TypeError, or what ``fromtimestamp`` does, for a malformed event."""
    name, timestamp = item["event"], item["timestamp"]
    if not isinstance(name, str) or not name or type(timestamp) is not int:
        raise TypeError("an event has a name and a time")
    name = _clean(name)[:_LONGEST_NAME]
    delivery_id = _delivery_id(item)
    kind = _bounce(item) if name == "bounce" else _KINDS.get(name, EventKind.UNKNOWN)
    detail = {key: _without_addresses(item[key], item) for key in _KEPT if isinstance(item.get(key), str)}
    reason = str(item.get("reason", "")).strip().casefold()
    return ProviderEvent(
        delivery_id=delivery_id,
        kind=kind,
        at=datetime.fromtimestamp(timestamp, tz=UTC),
        dedupe_key=_dedupe_key(delivery_id, name, timestamp, detail.get("sg_message_id", "")),
        cause=_CAUSES.get(reason) if kind is EventKind.DROPPED else None,
        detail=detail | {"event": name},
    )


def _delivery_id(item: Mapping[str, Any]) -> UUID | None:
    """Return which delivery it is about: by our argument or, where a late bounce lacks it, our Message-ID."""
    given = item.get(DELIVERY_ARG)
    if given is not None and not isinstance(given, str):
        raise TypeError("a delivery's id is text")
    if given is None:
        found = _MESSAGE_ID.match(str(item.get("smtp-id", "")))
        given = found[1] if found else ""
    try:
        return UUID(given)
    except ValueError:
        return None


def _dedupe_key(delivery_id: UUID | None, name: str, timestamp: int, message_id: str) -> str:
    """``sg_event_id`` can change on a repeat; these do not."""
    parts = (str(delivery_id or ""), name, str(timestamp), message_id)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _bounce(item: Mapping[str, Any]) -> EventKind:
    """Hard only where the address is wrong: one blocklisting must not suppress a whole list."""
    if item.get("type") == "blocked":
        return EventKind.SOFT_BOUNCE
    is_wrong = item.get("bounce_classification") == "Invalid Address" or is_no_such_mailbox(
        str(item.get("status", "")), str(item.get("reason", ""))
    )
    return EventKind.HARD_BOUNCE if is_wrong else EventKind.SOFT_BOUNCE


def _without_addresses(text: str, item: Mapping[str, Any]) -> str:
    """Remove everything that looks like an address, and the recipient's local part."""
    local = str(item.get("email", "")).partition("@")[0]
    names = [local] if len(local) > 1 else []
    return redacted(_clean(text), names=names, by="(address)")[:_LONGEST]


def _clean(text: str) -> str:
    """Leave out what a database refuses in text: NUL, and halves of surrogate pairs."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
