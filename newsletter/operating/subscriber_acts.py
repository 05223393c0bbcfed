"""Actions of an operator on a reader: confirm once, then call the same function as pages and commands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from newsletter.models import Subscriber
from newsletter.models.delivery import Kind
from newsletter.models.subscriber import Status

SOURCE = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    name: str
    """Its path segment in the URL of the confirming page."""
    label: str
    """On the button."""
    explanation: str
    permission: str
    applies_to: frozenset[Status]
    do: Callable[[Subscriber, datetime], str]
    """Does it and returns the message, without the address: the admin's log keeps it."""


def _unsubscribe(subscriber: Subscriber, now: datetime) -> str:
    # Imported late: Django imports this module at every start, and these imports are slow.
    from newsletter.subscribers.unsubscribe import unsubscribe

    unsubscribe(subscriber, source=SOURCE, now=now)
    return "Unsubscribed."


def _erase(subscriber: Subscriber, now: datetime) -> str:
    from newsletter.subscribers.unsubscribe import erase

    erase(subscriber, now=now)
    return "Erased; a keyed hash of the address stays, so that nobody mails it again."


def _revoke(subscriber: Subscriber, now: datetime) -> str:
    from newsletter.subscribers.revoke_links import revoke_links

    revoke_links(subscriber, now=now)
    return "Links revoked. No mail was sent: the next digest has new ones, and the reader can ask for one."


def _invite(subscriber: Subscriber, now: datetime) -> str:
    from newsletter.subscribers.records import preferences_of
    from newsletter.subscribers.signup import JoinRequest, request_to_join

    topics = [each.topic for each in subscriber.subscriptions.select_related("topic")]
    own = [topic.query for topic in topics if topic.owner_id is not None]
    if not topics:
        return "Nothing was sent: this reader has no topic left, and can join anew on the site."
    request = JoinRequest(
        email=subscriber.email,
        preferences=preferences_of(subscriber),
        topics=[topic.slug for topic in topics if topic.owner_id is None],
        query=own[0] if own else "",
        form=SOURCE,
        text_shown="",
        ip="",  # not the reader's, so none is kept
    )
    confirmations = subscriber.deliveries.filter(kind=Kind.CONFIRMATION)
    before = confirmations.count()
    request_to_join(request, now=now)
    if confirmations.count() > before:
        return "A confirmation is on its way; nothing else is sent until its link is used."
    return "Nothing was sent: mail to this address failed, or the caps on confirmations are reached."


ACTS = {
    act.name: act
    for act in (
        Act(
            name="invite",
            label="Ask to confirm",
            explanation="One mail with a link goes out. Only if the reader uses it do digests come again, "
            "with the preferences they had.",
            permission="newsletter.change_subscriber",
            applies_to=frozenset({Status.UNSUBSCRIBED, Status.PENDING}),
            do=_invite,
        ),
        Act(
            name="unsubscribe",
            label="Unsubscribe",
            explanation="Nothing more is sent, and what waits is cancelled. The address is suppressed: only "
            "the reader can come back, by confirming.",
            permission="newsletter.change_subscriber",
            applies_to=frozenset({Status.ACTIVE, Status.PENDING}),
            do=_unsubscribe,
        ),
        Act(
            name="revoke",
            label="Revoke links",
            explanation="Every link that was mailed to this reader stops working; old mails can still "
            "unsubscribe. The next digest has new ones, and the reader can ask for one on the site.",
            permission="newsletter.change_subscriber",
            applies_to=frozenset(Status),
            do=_revoke,
        ),
        Act(
            name="erase",
            label="Erase",
            explanation="All about this reader is deleted for good: preferences, consents, deliveries. "
            "Only a keyed hash of the address stays, so that nobody mails it again.",
            permission="newsletter.delete_subscriber",
            applies_to=frozenset(Status),
            do=_erase,
        ),
    )
}
