"""SendGrid's signed events: a key pair, requests signed with it, and events as SendGrid writes them."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp"


class Signer:
    """Signs as SendGrid does: ECDSA over the time and the raw body."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.public_key = base64.b64encode(
            self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        ).decode()
        """As SendGrid's settings page shows it."""

    def headers(self, body: bytes, *, at: datetime) -> dict[str, str]:
        timestamp = str(int(at.timestamp()))
        signature = self._key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        return {SIGNATURE: base64.b64encode(signature).decode(), TIMESTAMP: timestamp}


def sendgrid_event(
    name: str, delivery_id: object, *, at: datetime, email: str = "ann@example.org", **fields: Any
) -> dict[str, Any]:
    """Make an event with the fields that every kind has."""
    return {
        "email": email,
        "timestamp": int(at.timestamp()),
        "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>",
        "event": name,
        "sg_event_id": f"{name}-{delivery_id}",
        "sg_message_id": f"14c5d75ce93.dfd.64b469.filter0001.16648.{delivery_id}.0",
        "delivery_id": str(delivery_id),
    } | fields


def body_of(events: Sequence[Any]) -> bytes:
    return (json.dumps(events) + "\r\n").encode()
