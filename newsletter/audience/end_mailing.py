"""End mailing to a reader: by unsubscribe, bounce or complaint."""

from __future__ import annotations

from datetime import datetime

from newsletter.audience.suppression import Reason, suppress
from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import NOT_BEGUN, State
from newsletter.models.subscriber import Status

_WEAKER = {
    Status.UNSUBSCRIBED: (Status.PENDING, Status.ACTIVE),
    Status.BOUNCED: (Status.PENDING, Status.ACTIVE, Status.UNSUBSCRIBED),
    Status.COMPLAINED: (Status.PENDING, Status.ACTIVE, Status.UNSUBSCRIBED, Status.BOUNCED),
}
"""A stronger status replaces a weaker one, never the reverse, so the order of events does not matter."""


def end_mailing(subscriber: Subscriber, *, status: Status, now: datetime) -> bool:
    """Suppress the address and cancel unsent deliveries; return whether anything changed.

    The caller has locked the reader's row in a transaction.
    """
    current = Subscriber.objects.filter(pk=subscriber.pk, status__in=_WEAKER[status])
    if not current.update(status=status, next_slot_at=None):
        return False
    suppress(subscriber.email_key, reason=Reason(status.value), at=now)
    Delivery.objects.planned_ahead(now=now).filter(subscriber=subscriber).delete()
    Delivery.objects.filter(NOT_BEGUN, subscriber=subscriber).update(
        state=State.CANCELLED, outcome_at=now, lease_owner="", lease_until=None
    )
    return True
