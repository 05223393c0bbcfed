"""Fresh links, for what a forwarded digest must not allow, and the change of address.

A new address counts once its owner has confirmed. The requester does not learn whether it is known here.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum, auto

from django.db import transaction

from newsletter.audience.departures import Other
from newsletter.audience.mailed_links import MailedLink, Place
from newsletter.audience.suppression import address_key, is_suppressed, note_other
from newsletter.audience.tokens import VALID_FOR, Purpose, read_timed_token
from newsletter.errors import BadInput
from newsletter.models import AddressChange, ConsentEvent, Delivery, FreshLink, Subscriber
from newsletter.models.delivery import Kind
from newsletter.models.subscriber import Status
from newsletter.subscribers.change import lock
from newsletter.subscribers.preferences import checked_address
from newsletter.subscribers.quotas import forget_mails_to, may_be_mailed
from newsletter.subscribers.revoke_links import revoke_links
from newsletter.transactional import texts
from newsletter.transactional.mails import ADDRESS_KEY, FRESH_KEY, OLD_ADDRESS_KEY, send_transactional

FRESH_FOR = VALID_FOR[Purpose.FRESH]
ADDRESS_FOR = VALID_FOR[Purpose.ADDRESS]
DAY = timedelta(days=1)
LINKS_A_DAY = 5
CHANGES_A_DAY = 3


class Move(Enum):
    """What became of a confirmed change of address."""

    DONE = auto()
    """Also when it was done before."""
    TAKEN = auto()
    """The address belongs to another reader, or is suppressed."""


@transaction.atomic
def mail_fresh_link(subscriber: Subscriber, *, now: datetime) -> bool:
    """Mail a link valid for an hour, also to a reader who has left; False when today's quota is used up."""
    lock(subscriber)
    asked = Delivery.objects.filter(
        subscriber=subscriber, kind=Kind.LINK, slot_key__startswith=FRESH_KEY, planned_at__gt=now - DAY
    )
    if not subscriber.may_ask_for_links() or asked.count() >= LINKS_A_DAY:
        return False
    link = FreshLink.objects.create(subscriber=subscriber, requested_at=now)
    mail = texts.fresh_link(
        language=subscriber.language,
        link=MailedLink(Place.ACCOUNT, link.key),
        is_reading=subscriber.status == Status.ACTIVE,
    )
    return send_transactional(
        mail, subscriber=subscriber, kind=Kind.LINK, key=f"{FRESH_KEY}{now.isoformat()}", now=now
    )


class Fresh(Enum):
    """Why a fresh link is not valid."""

    DEAD = auto()
    """Forged, expired, used or revoked."""
    ERASED = auto()
    """Its reader was erased, perhaps through it."""


def open_fresh_link(token: str, *, now: datetime) -> FreshLink | Fresh:
    key = read_timed_token(token, purpose=Purpose.FRESH, now=now, max_age=FRESH_FOR)
    if not key:
        return Fresh.DEAD
    link = FreshLink.objects.select_related("subscriber").filter(key=key).first()
    if link is None:
        return Fresh.ERASED
    return link if link.used_at is None else Fresh.DEAD


def forget_fresh_links(*, now: datetime) -> None:
    """Delete expired fresh links."""
    FreshLink.objects.filter(requested_at__lt=now - FRESH_FOR).delete()


@transaction.atomic
def ask_to_move(link: FreshLink, *, email: str, ip: str, now: datetime) -> bool:
    """Mail a confirmation to the new address, once per link; False when the link or the quota is used up.

    Nothing is sent to an address that is another reader's, suppressed or over its quota, and the answer does
    not tell. Raises BadInput for an invalid address, or the reader's own.
    """
    subscriber = link.subscriber
    lock(subscriber)
    email = checked_address(email)
    key = address_key(email)
    if key == subscriber.email_key:
        raise BadInput(f"{email} is the address already")
    recent = AddressChange.objects.filter(subscriber=subscriber, requested_at__gt=now - DAY)
    if subscriber.status != Status.ACTIVE or recent.count() >= CHANGES_A_DAY:
        return False
    if not FreshLink.objects.filter(pk=link.pk, used_at=None).update(used_at=now):
        return False
    change = AddressChange.objects.create(subscriber=subscriber, email=email, email_key=key, requested_at=now)
    if _is_free(key) and may_be_mailed(key, ip=ip, now=now):
        mail = texts.address_confirmation(
            language=subscriber.language, link=MailedLink(Place.ADDRESS, change.key)
        )
        key = f"{ADDRESS_KEY}{change.key}"
        send_transactional(mail, subscriber=subscriber, kind=Kind.LINK, key=key, now=now, recipient=email)
    return True


def change_of_link(token: str, *, now: datetime) -> AddressChange | None:
    """Return the change that the link mailed to a new address confirms.

    A later change makes an earlier one void.
    """
    key = read_timed_token(token, purpose=Purpose.ADDRESS, now=now, max_age=ADDRESS_FOR)
    change = AddressChange.objects.select_related("subscriber").filter(key=key).first() if key else None
    if change is None or change.subscriber.status != Status.ACTIVE:
        return None
    later = AddressChange.objects.filter(subscriber=change.subscriber_id, pk__gt=change.pk)
    return None if later.exists() else change


@transaction.atomic
def move(change: AddressChange, *, now: datetime) -> Move:
    """Make the new address the reader's, revoke the old address's links, and notify it. Idempotent."""
    subscriber = change.subscriber
    lock(subscriber)
    if subscriber.email_key == change.email_key:
        return Move.DONE
    if not _is_free(change.email_key):
        return Move.TAKEN
    old = subscriber.email
    note_other(subscriber.email_key, Other.MOVED, at=now)
    subscriber.email, subscriber.email_key, subscriber.soft_bounces = change.email, change.email_key, 0
    subscriber.confirmed_at, subscriber.confirmed_by_operator = now, False
    subscriber.save(
        update_fields=["email", "email_key", "soft_bounces", "confirmed_at", "confirmed_by_operator"]
    )
    AddressChange.objects.filter(pk=change.pk).update(confirmed_at=now)
    revoke_links(subscriber, now=now)
    forget_mails_to(subscriber.email_key)
    ConsentEvent.objects.create(subscriber=subscriber, at=now, action="confirmed", source="change of address")
    mail = texts.address_changed(language=subscriber.language)
    send_transactional(
        mail,
        subscriber=subscriber,
        kind=Kind.LINK,
        key=f"{OLD_ADDRESS_KEY}{change.key}",
        now=now,
        recipient=old,
    )
    return Move.DONE


def _is_free(email_key: str) -> bool:
    return not (Subscriber.objects.filter(email_key=email_key).exists() or is_suppressed(email_key))
