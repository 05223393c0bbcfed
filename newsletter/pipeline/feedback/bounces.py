"""DSNs and complaints → provider events of their delivery; unsubscribe mails → a reader has left.

Anybody can write to the bounce address. A report counts only if its sender had our mail: by the signed VERP
tag of the address, or by the reader's own unsubscribe link together with the delivery's id. The id alone
proves nothing, since the link of a shared digest contains it.

A mail to the address of List-Unsubscribe unsubscribes, whatever it says (RFC 2369 §3.2).
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from newsletter.adapters.ports import ProviderEvent
from newsletter.audience.tagged_addresses import delivery_by_verp, leaving_token
from newsletter.audience.tokens import Purpose, read_token
from newsletter.core.delivery.dsn import (
    SOURCE,
    MailReport,
    addresses_of,
    read_mail_report,
    without_addresses,
)
from newsletter.core.delivery.events import EventKind
from newsletter.models import Delivery, Subscriber
from newsletter.models.subscriber import holder_of
from newsletter.pipeline.feedback.provider_events import apply_events, store_events
from newsletter.pipeline.send import subscriber_status

_OLDEST = timedelta(days=7)
"""Mail servers give up after about five days; an older Date is a wrong clock."""
_UNSUBSCRIBE = re.compile(r"/unsubscribe/([\w-]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """The result of one mail."""

    said: str
    """One line, without any address."""
    delivery_id: uuid.UUID | None = None
    kind: EventKind | None = None
    status: str = ""
    is_new: bool = False


def take_in(content: bytes, *, recipient: str, now: datetime) -> TakenIn:
    """Store what a mail reports and apply it. A repeat, or a mail about no delivery of ours, changes nothing.

    ``recipient`` is the address it was delivered to, empty if the mail server did not say.
    """
    if (token := leaving_token([recipient, *addresses_of(content)])) is not None:
        return _left(token, now=now)
    mail = read_mail_report(content)
    if mail is None:
        return TakenIn(said="no delivery report and no complaint: nothing to do")
    delivery = _delivery_of(mail, recipient=recipient)
    if delivery is None:
        return TakenIn(
            said=f"{mail.kind} {mail.status}: about no mail of this service, or not proven to be",
            kind=mail.kind,
            status=mail.status,
        )
    is_new = store_events(SOURCE, [_event(mail, delivery, now=now)]) > 0
    apply_events(now=now, which=Q(provider=SOURCE, delivery=delivery))
    return TakenIn(
        said=f"{mail.kind} {mail.status}: {'' if is_new else 'once more, '}about delivery {delivery.pk}",
        delivery_id=delivery.pk,
        kind=mail.kind,
        status=mail.status,
        is_new=is_new,
    )


@transaction.atomic
def _left(token: str, *, now: datetime) -> TakenIn:
    holder, _ = holder_of(read_token(token, purpose=Purpose.UNSUBSCRIBE) or "")
    subscribers = Subscriber.objects.select_for_update(no_key=True)
    subscriber = subscribers.filter(pk=holder.pk).first() if holder else None
    is_new = subscriber is not None and subscriber_status.left_by_mail(subscriber, at=now)
    said = f"unsubscribed by mail: {'a subscriber has left' if is_new else 'nobody who reads'}"
    return TakenIn(said=said, kind=EventKind.UNSUBSCRIBE, is_new=is_new)


def _event(mail: MailReport, delivery: Delivery, *, now: datetime) -> ProviderEvent:
    """Deduplicate by delivery and kind: a mail has one recipient, and servers repeat reports."""
    reason = without_addresses(mail.reason, names=[delivery.recipient])
    return ProviderEvent(
        delivery_id=delivery.pk,
        kind=mail.kind,
        at=_moment(mail.written_at, now=now),
        dedupe_key=f"{delivery.pk.hex}:{mail.kind}",
        detail={name: value for name, value in (("status", mail.status), ("reason", reason)) if value},
    )


def _moment(written_at: datetime | None, *, now: datetime) -> datetime:
    """Return when it was written, if plausible: a reader may have come back since."""
    is_likely = written_at is not None and now - _OLDEST <= written_at <= now
    return written_at if is_likely and written_at else now


def _delivery_of(mail: MailReport, *, recipient: str) -> Delivery | None:
    known = Delivery.objects.select_related("subscriber").exclude(recipient="")
    tagged = delivery_by_verp([recipient, *mail.sent_to, *mail.named])
    if tagged is not None:
        return known.filter(pk=tagged).first()
    try:
        row = known.filter(pk=uuid.UUID(mail.delivery_id.strip())).first()
    except ValueError:
        return None
    return row if row is not None and _holds_link_of(row, mail.list_unsubscribe) else None


def _holds_link_of(delivery: Delivery, list_unsubscribe: str) -> bool:
    if delivery.subscriber is None:
        return False
    tokens = _UNSUBSCRIBE.findall("".join(list_unsubscribe.split()))
    keys = {read_token(token, purpose=Purpose.UNSUBSCRIBE) for token in tokens}
    revoked = delivery.subscriber.revoked_keys.values_list("key", flat=True)
    return not keys.isdisjoint([delivery.subscriber.link_key, *revoked])
