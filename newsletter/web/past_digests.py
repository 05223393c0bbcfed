"""The state of a reader's last digests, in plain words; and which week of papers a digest is of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone
from django.utils.translation import gettext

from newsletter.audience.tokens import digest_token
from newsletter.core.delivery.cadence import Cadence, period_days
from newsletter.core.digests.selection import Place, Selection
from newsletter.core.digests.weeks import week_of_period
from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import HALF_ANSWERED, SENT, UNASKED, Kind, State

SHOWN = 10
NEEDED = (
    "subject",
    "slot_at",
    "covers_until",
    "state",
    "last_detail",
    "fragments",
    "selection",
    "selection__content",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PastDigest:
    subject: str
    at: datetime
    """When it was due, in the reader's zone."""
    state: str
    """What became of it."""
    is_plain: bool
    """It went out, and nothing came back: there is nothing to say of its state."""
    was_sent: bool
    in_full: int
    matched: int
    selection: Selection
    week: str
    """As ``week_of_digest``."""
    token: str
    """Of its page; empty when there is none."""


def past_digests(subscriber: Subscriber, *, now: datetime) -> list[PastDigest]:
    """Return the last ones whose slot has come, the newest first, also those that were not sent."""
    digests = Delivery.objects.filter(subscriber=subscriber, kind=Kind.DIGEST, slot_at__lte=now)
    digests = digests.order_by("-slot_at").select_related("selection").only(*NEEDED)
    return [
        PastDigest(
            subject=each.subject,
            at=each.slot_at.astimezone(subscriber.zone),
            state=_became(each),
            is_plain=each.state in (State.ACCEPTED, State.DELIVERED),
            was_sent=each.state in SENT,
            in_full=len(each.selected.shown(Place.SUMMARIZED)),
            matched=len(each.selected.matched_ids),
            selection=each.selected,
            week=week_of_digest(each, subscriber),
            token=digest_token(each.pk, link_key=subscriber.link_key)
            if each.fragments or each.state in SENT
            else "",
        )
        for each in digests[:SHOWN]
    ]


def ends_on(digest: Delivery, subscriber: Subscriber | None) -> date:
    """Return the local date on which its period ends."""
    zone = subscriber.zone if subscriber else timezone.get_default_timezone()
    return max(digest.slot_at, digest.covers_until or digest.slot_at).astimezone(zone).date()


def week_of_digest(digest: Delivery, subscriber: Subscriber | None) -> str:
    """Return the week that it covers for the most part, as the reader's cadence has it now; else nothing.

    The mail itself knows how many days it covers; that is not kept.
    """
    if subscriber is None:
        return ""
    days = period_days(Cadence.parse(subscriber.cadence))
    return week_of_period(ends_on(digest, subscriber), days=days)


def _became(digest: Delivery) -> str:
    if digest.last_detail == UNASKED:
        return gettext("arXiv could not be asked, so no mail")
    if digest.last_detail == HALF_ANSWERED:
        return gettext("arXiv had not answered fully, so no mail")
    return in_words(State(digest.state))


def in_words(state: State) -> str:
    match state:
        case State.PLANNED:
            return gettext("being made")
        case State.COMPOSED | State.RETRY_WAIT | State.SENDING:
            return gettext("on its way")
        case State.ACCEPTED | State.DELIVERED | State.COMPLAINED:
            return gettext("sent")
        case State.SKIPPED:
            return gettext("nothing matched, so no mail")
        case State.CANCELLED:
            return gettext("held back: you had paused or left")
        case State.EXPIRED:
            return gettext("overtaken by the next one")
        case State.AMBIGUOUS:
            return gettext("perhaps not sent: its papers come again")
        case State.FAILED | State.QUARANTINED:
            return gettext("could not be sent: its papers come again")
        case State.BOUNCED:
            return gettext("sent, and returned by your mailbox")
