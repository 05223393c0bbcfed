"""What an event means for the subscriber's status: bounced, complained, left, or delivered.

An event is about the address that the mail went to. A reader who changed the address since, or confirmed
after the event, stays. The caller has locked the reader's row.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from newsletter.audience.end_mailing import end_mailing
from newsletter.audience.suppression import Reason, address_key, suppress
from newsletter.core.delivery.events import EventKind, Result, is_given_up, refusals_at_the_end
from newsletter.errors import BadInput
from newsletter.models import ConsentEvent, Delivery, DeliveryEvent, Subscriber
from newsletter.models.delivery import SENT
from newsletter.models.subscriber import Status


def bounced(delivery: Delivery, subscriber: Subscriber, *, at: datetime) -> None:
    """Suppress the address."""
    _end(delivery, subscriber, status=Status.BOUNCED, at=at)


def complained(delivery: Delivery, subscriber: Subscriber, *, at: datetime) -> None:
    """The reader reported spam: suppress the address."""
    if _end(delivery, subscriber, status=Status.COMPLAINED, at=at):
        ConsentEvent.objects.create(
            subscriber=subscriber, at=at, action="complained", source=_source(delivery)
        )


def left(delivery: Delivery, subscriber: Subscriber, *, at: datetime) -> None:
    """The reader unsubscribed at the provider, from any mail of ours."""
    if _has_confirmed_since(subscriber, at):
        return
    end_mailing(subscriber, status=Status.UNSUBSCRIBED, now=at)
    ConsentEvent.objects.create(subscriber=subscriber, at=at, action="unsubscribed", source=_source(delivery))


def left_by_mail(subscriber: Subscriber, *, at: datetime) -> bool:
    """The reader wrote to the address of List-Unsubscribe; return whether anything changed."""
    if not end_mailing(subscriber, status=Status.UNSUBSCRIBED, now=at):
        return False
    ConsentEvent.objects.create(
        subscriber=subscriber, at=at, action="unsubscribed", source="unsubscribe mail"
    )
    return True


def soft_bounced(delivery: Delivery, subscriber: Subscriber, *, at: datetime) -> None:
    """Suppress the address after a run of refused mails. Call it once the event is stored."""
    results = _results(delivery)
    _note_refusals(subscriber, list(results.values()))
    place = list(results).index(delivery.pk)
    if is_given_up(list(results.values()), place=place):
        bounced(delivery, subscriber, at=at)


def arrived(delivery: Delivery, subscriber: Subscriber) -> None:
    if subscriber.soft_bounces:
        _note_refusals(subscriber, list(_results(delivery).values()))


def _end(delivery: Delivery, subscriber: Subscriber, *, status: Status, at: datetime) -> bool:
    """End mailing if the event is about the reader's current address; return whether it is."""
    try:
        key = address_key(delivery.recipient or subscriber.email)  # retention deletes old recipients
    except BadInput:  # no valid address
        return False
    if key != subscriber.email_key:
        if status == Status.COMPLAINED and not Subscriber.objects.filter(email_key=key).exists():
            suppress(key, reason=Reason.COMPLAINED, at=at)
        return False
    if _has_confirmed_since(subscriber, at):
        return False
    end_mailing(subscriber, status=status, now=at)
    return True


def _has_confirmed_since(subscriber: Subscriber, at: datetime) -> bool:
    return subscriber.confirmed_at is not None and subscriber.confirmed_at > at


def _source(delivery: Delivery) -> str:
    return f"{delivery.transport}, about {delivery.kind} {delivery.slot_key}"[:200]


def _results(delivery: Delivery) -> dict[UUID, Result]:
    """Return what became of every mail to this address of this reader, in order of time."""
    soft = DeliveryEvent.objects.filter(delivery=OuterRef("pk"), kind=EventKind.SOFT_BOUNCE)
    mails = Delivery.objects.filter(subscriber=delivery.subscriber, recipient=delivery.recipient)
    known = mails.annotate(is_refused=Exists(soft)).filter(Q(state__in=SENT) | Q(is_refused=True))
    rows = known.order_by("slot_at", "pk").values_list("pk", "slot_at", "is_refused")
    return {key: Result(sent_at=slot_at, is_refused=is_refused) for key, slot_at, is_refused in rows}


def _note_refusals(subscriber: Subscriber, results: list[Result]) -> None:
    subscriber.soft_bounces = refusals_at_the_end(results)
    subscriber.save(update_fields=["soft_bounces"])
