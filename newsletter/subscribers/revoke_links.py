"""New links for a reader: after a change of address, "sign out everywhere", or because the operator says so.

Every link that was mailed before stops working, except that it still unsubscribes, and does only that: mails
in an old mailbox must keep their way out (RFC 8058), and whoever reads that mailbox nothing more.
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
    """Give the reader a new key. What was asked for with the old one and is still open ends with it."""
    lock(reader)
    RevokedKey.objects.create(key=reader.link_key, subscriber=reader, revoked_at=now)
    reader.take_new_key()
    reader.save(update_fields=["link_key"])
    reader.fresh_links.filter(used_at=None).update(used_at=now)
    reader.address_changes.filter(confirmed_at=None).delete()
    # A confirmed one, too, leads to the reader's own page.
    reader.sign_ups.all().delete()
    # A letter may be on its way to an address of before, and would be written with the new key.
    letters = Delivery.objects.filter(NOT_BEGUN, subscriber=reader, kind__in=(Kind.LINK, Kind.CONFIRMATION))
    letters.update(state=State.CANCELLED, outcome_at=now, lease_owner="", lease_until=None)


@transaction.atomic
def sign_out_everywhere(reader: Subscriber, *, now: datetime) -> None:
    """Revoke the links and mail the new one: whoever pressed the button may be a stranger with an old one."""
    revoke_links(reader, now=now)
    if reader.may_ask_for_links():
        send_own_page(reader, now=now)
