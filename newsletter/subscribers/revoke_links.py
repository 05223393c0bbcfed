"""Revoke a reader's links: after a change of address, by "sign out everywhere", or by the operator.

Old links still unsubscribe, and do nothing else: mails in an old mailbox must keep their unsubscribe link
(RFC 8058), and whoever reads that mailbox must see nothing more.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from newsletter.models import Delivery, RevokedKey, Subscriber
from newsletter.models.delivery import NOT_BEGUN, Kind, State
from newsletter.subscribers.change import lock
from newsletter.subscribers.signup import send_own_page


@transaction.atomic
def revoke_links(reader: Subscriber, *, now: datetime) -> None:
    """Give the reader a new key. Open requests made with the old one end."""
    lock(reader)
    RevokedKey.objects.create(key=reader.link_key, subscriber=reader, revoked_at=now)
    reader.take_new_key()
    reader.save(update_fields=["link_key"])
    reader.fresh_links.filter(used_at=None).update(used_at=now)
    reader.address_changes.filter(confirmed_at=None).delete()
    # Links of confirmed sign-ups lead to the reader's page too.
    reader.sign_ups.all().delete()
    # A mail to the old address may be waiting, and would be written with the new key.
    letters = Delivery.objects.filter(NOT_BEGUN, subscriber=reader, kind__in=(Kind.LINK, Kind.CONFIRMATION))
    letters.update(state=State.CANCELLED, outcome_at=now, lease_owner="", lease_until=None)


@transaction.atomic
def sign_out_everywhere(reader: Subscriber, *, now: datetime) -> None:
    """Revoke the links and mail a new one; it is not shown, since a stranger may have pressed the button."""
    revoke_links(reader, now=now)
    if reader.may_ask_for_links():
        send_own_page(reader, now=now)
