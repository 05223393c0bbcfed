"""Revoke a reader's links: after a change of address, by "sign out everywhere", or by the operator.

Old links still unsubscribe, and do nothing else: mails in an old mailbox must keep their unsubscribe link
(RFC 8058), and whoever reads that mailbox must see nothing more.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from newsletter.audience.departures import Other
from newsletter.audience.suppression import note_other
from newsletter.models import Delivery, RevokedKey, Subscriber
from newsletter.models.delivery import NOT_BEGUN, Kind, State
from newsletter.subscribers.change import lock
from newsletter.subscribers.signup import send_own_page


@transaction.atomic
def revoke_links(subscriber: Subscriber, *, now: datetime) -> None:
    """Give the reader a new key. Open requests made with the old one end."""
    lock(subscriber)
    note_other(subscriber.email_key, Other.REVOKED, at=now)
    RevokedKey.objects.create(key=subscriber.link_key, subscriber=subscriber, revoked_at=now)
    subscriber.take_new_key()
    subscriber.save(update_fields=["link_key"])
    subscriber.fresh_links.filter(used_at=None).update(used_at=now)
    subscriber.address_changes.filter(confirmed_at=None).delete()
    # Links of confirmed sign-ups lead to the reader's page too.
    subscriber.sign_ups.all().delete()
    # A mail to the old address may be waiting, and would be written with the new key.
    letters = Delivery.objects.filter(
        NOT_BEGUN, subscriber=subscriber, kind__in=(Kind.LINK, Kind.CONFIRMATION)
    )
    letters.update(state=State.CANCELLED, outcome_at=now, lease_owner="", lease_until=None)


@transaction.atomic
def sign_out_everywhere(subscriber: Subscriber, *, now: datetime) -> None:
    """Revoke the links and mail a new one; it is not shown, since a stranger may have pressed the button."""
    revoke_links(subscriber, now=now)
    if subscriber.may_ask_for_links():
        send_own_page(subscriber, now=now)
