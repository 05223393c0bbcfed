"""What an operator may do to a reader: each act asks once, and then calls the function everybody calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from newsletter.models import Subscriber
from newsletter.models.subscriber import Status

SOURCE = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    name: str
    """Its place in the address of the page that asks."""
    label: str
    """On the button."""
    explanation: str
    permission: str
    applies_to: frozenset[Status]
    do: Callable[[Subscriber, datetime], str]
    """Does it and returns what to say, without the address: it is also kept in the admin's log."""


def _unsubscribe(reader: Subscriber, now: datetime) -> str:
    # Django imports this module at every start; what this needs takes longer to import than all else.
    from newsletter.subscriptions.leaving import unsubscribe

    unsubscribe(reader, source=SOURCE, now=now)
    return "Unsubscribed."


def _erase(reader: Subscriber, now: datetime) -> str:
    from newsletter.subscriptions.leaving import erase

    erase(reader, now=now)
    return "Erased; a keyed hash of the address stays, so that nobody mails it again."


ACTS = {
    act.name: act
    for act in (
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
            name="erase",
            label="Erase",
            explanation="Everything about this reader is deleted for good: wishes, consents, deliveries. "
            "Only a keyed hash of the address stays, so that nobody mails it again.",
            permission="newsletter.delete_subscriber",
            applies_to=frozenset(Status),
            do=_erase,
        ),
    )
}
