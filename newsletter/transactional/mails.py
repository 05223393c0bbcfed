"""Transactional mails: a confirmation, a link, an alert. Each is a delivery with its own key.

Personal strings are the delivery's placeholders, so that fragments are shared and erasing a reader leaves
nothing behind. The link is made when the mail is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from newsletter.adapters.infra.broker import Queue, wake
from newsletter.audience.mailed_links import MailedLink
from newsletter.audience.tokens import VALID_FOR, Purpose
from newsletter.core.digests.message import Fragment
from newsletter.mail.transactional import URL, render_transactional
from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import Kind, State
from newsletter.models.summary import keep_fragments

FRESH_KEY, ADDRESS_KEY, OLD_ADDRESS_KEY = "fresh-", "address-", "address-old-"
"""Prefixes of the slot keys of these mails."""
NEWS_LASTS = timedelta(days=3)
"""Lifetime of alerts and news: later ones are overtaken by a newer alert or by events."""


def useful_for(delivery: Delivery) -> timedelta:
    """Return how long a transactional mail is worth sending: as long as its link is valid."""
    if delivery.kind == Kind.CONFIRMATION:
        return VALID_FOR[Purpose.CONFIRM]
    if delivery.slot_key.startswith(FRESH_KEY):
        return VALID_FOR[Purpose.FRESH]
    if delivery.slot_key.startswith(ADDRESS_KEY) and not delivery.slot_key.startswith(OLD_ADDRESS_KEY):
        return VALID_FOR[Purpose.ADDRESS]
    return NEWS_LASTS


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionalMail:
    """Its content, in the reader's language. Paragraphs and reason may hold ``mail.transactional.EMAIL``."""

    subject: str
    paragraphs: Sequence[str]
    reason: str
    """Why the reader gets this mail."""
    language: str
    label: str = ""
    """Label of its one link."""
    link: MailedLink | None = None


def send_transactional(
    mail: TransactionalMail,
    *,
    subscriber: Subscriber | None,
    kind: Kind,
    key: str,
    now: datetime,
    recipient: str = "",
) -> bool:
    """Store a mail and wake its worker after commit; False when this key has been sent already.

    ``recipient`` is another address than the reader's own: the new one of a change of address, or the
    operator's, for an alert, which has no reader.
    """
    fragment = _render(mail)
    delivery = Delivery.planned(
        subscriber_id=subscriber.pk if subscriber else None, kind=kind, slot_key=key, slot_at=now, now=now
    )
    _fill(delivery, mail, fragment, recipient=recipient, now=now)
    with transaction.atomic():
        keep_fragments([fragment])
        if Delivery.objects.filter(subscriber=subscriber, kind=kind, slot_key=key).exists():
            return False
        Delivery.objects.bulk_create([delivery], ignore_conflicts=True)
        wake(Queue.TRANSACTIONAL)
    return True


def unstored(mail: TransactionalMail, *, recipient: str, now: datetime) -> tuple[Delivery, Fragment]:
    """Return a mail that nobody's record holds, as a delivery and its fragment."""
    fragment = _render(mail)
    delivery = Delivery.planned(subscriber_id=None, kind=Kind.ALERT, slot_key="test", slot_at=now, now=now)
    _fill(delivery, mail, fragment, recipient=recipient, now=now)
    return delivery, fragment


def store_transactional(mail: TransactionalMail) -> str:
    """Store the fragment of a mail for a delivery of the caller; return its checksum."""
    fragment = _render(mail)
    keep_fragments([fragment])
    return fragment.checksum


def _fill(
    delivery: Delivery, mail: TransactionalMail, fragment: Fragment, *, recipient: str, now: datetime
) -> None:
    delivery.state = State.COMPOSED
    delivery.subject = mail.subject
    delivery.fragments = [fragment.checksum]
    delivery.placeholders = mail.link.as_placeholders() if mail.link else {}
    delivery.recipient = recipient
    delivery.composed_at, delivery.next_attempt_at = now, timezone.now()


@lru_cache(maxsize=64)
def _rendered(mail: TransactionalMail, name: str, postal_address: str) -> Fragment:
    """Return the fragment, with the link as a placeholder, so that it is rendered once for all readers."""
    return render_transactional(
        mail.subject,
        paragraphs=mail.paragraphs,
        reason=mail.reason,
        language=mail.language,
        name=name,
        postal_address=postal_address,
        url=URL if mail.link else "",
        label=mail.label,
    )


def _render(mail: TransactionalMail) -> Fragment:
    link = replace(mail.link, key="") if mail.link else None
    everyones = replace(mail, paragraphs=tuple(mail.paragraphs), link=link)
    return _rendered(everyones, settings.CONFIG.name, settings.CONFIG.postal_address)
