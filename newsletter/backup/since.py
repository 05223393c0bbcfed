"""What happened after a back-up was made: told to the restored database before anybody works with it.

1. Sending is paused.
2. What was waiting and may have gone since is not sent again: it is accepted where a send journal, the
   outbox or the database that was there shows it, else AMBIGUOUS for good, until a provider's event or the
   operator decides.
3. Who left since, as the departure log says, has left.
4. Slots that have passed are passed over; their papers are offered in the next digest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import DatabaseError, connection, transaction
from django.db.models import Q

from newsletter.adapters.infra.departure_log import Departure, Log
from newsletter.adapters.infra.send_journal import SendJournal
from newsletter.adapters.mailers.outbox import OutboxMailer
from newsletter.audience.departures import Other, departure_log
from newsletter.audience.end_mailing import end_mailing
from newsletter.audience.suppression import Reason, own_hmacs
from newsletter.backup.archive import Manifest
from newsletter.core.delivery.incidents import in_words
from newsletter.core.delivery.send_journal import Answer
from newsletter.models import (
    CanaryFlight,
    ConsentEvent,
    Delivery,
    PageChange,
    SendPause,
    Subscriber,
    Suppression,
    Topic,
)
from newsletter.models.delivery import OPEN, SENT, UNSETTLED, Cause, State
from newsletter.models.subscriber import Status
from newsletter.pipeline.schedule import pass_over
from newsletter.pipeline.send.lost import outcome_of
from newsletter.pipeline.send.outcomes import Answered, Moment, record
from newsletter.pipeline.send.pause import ALL_TRANSPORTS
from newsletter.subscribers.revoke_links import revoke_links
from newsletter.subscribers.unsubscribe import erase, unsubscribe

CHUNK = 200
HELD = "restored"
"""``last_code`` of what may have gone since the back-up."""
SOURCE = "the log of who left, after a restore"
OVERLAP = timedelta(minutes=10)
"""A line is written before its transaction commits: it may be older than a back-up that does not know it."""
_STATUS = {
    Reason.UNSUBSCRIBED: Status.UNSUBSCRIBED,
    Reason.IMPORTED: Status.UNSUBSCRIBED,
    Reason.BOUNCED: Status.BOUNCED,
    Reason.COMPLAINED: Status.COMPLAINED,
}


@dataclass(slots=True)
class Since:
    """What a restored database was told."""

    made_at: datetime
    knows_who_left: bool = False
    """Whether the departure log covers all the time since."""
    left: int = 0
    erased: int = 0
    topics_left: int = 0
    accepted: int = 0
    refused: int = 0
    """Refused for good."""
    held: int = 0
    moved_on: int = 0
    """Readers of whom slots have passed."""


def accepted_here(manifest: Manifest) -> set[UUID]:
    """Return what the database that will be replaced knows to be accepted since, if it can be read."""
    since = manifest.made_at - timedelta(days=1)  # events and clocks may be late
    try:
        known = Delivery.objects.filter(state__in=SENT, outcome_at__gte=since)
        return set(known.values_list("pk", flat=True))
    except DatabaseError:
        connection.close()
        return set()


def bring_up_to_date(
    manifest: Manifest, *, accepted: Collection[UUID] = (), now: datetime, real_now: datetime
) -> Since:
    """Tell the database in use what it missed. ``accepted``: what is known to be, from elsewhere."""
    since = Since(manifest.made_at)
    _pause("being restored", Cause.UNLOGGED, now=now)
    Session.objects.all().delete()
    PageChange.objects.create(at=real_now)  # every page that somebody has kept is out of date
    CanaryFlight.objects.filter(
        judged_at=None
    ).delete()  # its baits are held, which would look like a failure
    found = departure_log().read()
    since.knows_who_left = found is not None and _covers(found, manifest)
    _settle_waiting(since, accepted=accepted, at=Moment(now=now, real_now=real_now))
    if found is not None:
        _tell_who_left(_later(found, manifest), since, now=now)
    since.moved_on = pass_over(now=now)
    since.held = Delivery.objects.filter(state=State.AMBIGUOUS, last_code=HELD).count()
    cause = Cause.RESTORED if since.knows_who_left else Cause.UNLOGGED
    _pause(_reason(since, real_now=real_now), cause, now=now)
    return since


def _pause(reason: str, cause: Cause, *, now: datetime) -> None:
    SendPause.objects.update_or_create(
        transport=ALL_TRANSPORTS, defaults={"reason": reason, "cause": cause, "since": now}
    )


def _reason(since: Since, *, real_now: datetime) -> str:
    age = in_words(max(0.0, (real_now - since.made_at).total_seconds()))
    mails = f"{since.held:,} mail{'' if since.held == 1 else 's'} may have gone since, and will not go again"
    held = mails if since.held else "nothing that waited can have gone since"
    who = (
        "who left since is known"
        if since.knows_who_left
        else "who left since is not known, since departures.log is missing or does not reach back to it"
    )
    return f"restored from the back-up of {since.made_at:%Y-%m-%d %H:%M} UTC, {age} old; {who}; {held}"


# --- who left --------------------------------------------------------------------------------------------


def _covers(found: Log, manifest: Manifest) -> bool:
    """Whether it is the log that the back-up knew, and nothing of the time since is missing."""
    is_the_same = found.id == manifest.departures.id and found.lines >= manifest.departures.lines
    reaches_back = found.dropped == 0 or found.since <= manifest.made_at - OVERLAP
    return found.is_whole and is_the_same and reaches_back


def _later(found: Log, manifest: Manifest) -> list[Departure]:
    """Return the lines since the back-up, also of a log that does not cover all of it."""
    known = (
        manifest.departures.lines - found.dropped
        if found.id == manifest.departures.id
        else len(found.departures)
    )
    since = manifest.made_at - OVERLAP
    return [
        each for number, each in enumerate(found.departures) if number >= known or each.written_at >= since
    ]


@dataclass(slots=True)
class _Told:
    """What the lines say of one address."""

    reasons: dict[Reason, datetime] = field(default_factory=dict)
    """Since the last return."""
    is_erased: bool = False
    is_moved: bool = False
    is_revoked: bool = False
    has_returned: bool = False
    topics: set[int] = field(default_factory=set)
    at: datetime | None = None


def _tell_who_left(lines: Iterable[Departure], since: Since, *, now: datetime) -> None:
    told = dict[str, _Told]()
    for line in lines:
        _fold(told.setdefault(line.address, _Told()), line)
    if not told:
        return
    keys = dict(Subscriber.objects.values_list("email_key", "pk"))
    here = {address: keys[key] for key, address in own_hmacs(keys).items() if address in told}
    for address, each in told.items():
        with transaction.atomic():
            subscriber = Subscriber.objects.filter(pk=here[address]).first() if address in here else None
            if subscriber is not None:
                _tell(subscriber, each, since, now=now)
            _suppress(address, each)


def _fold(told: _Told, line: Departure) -> None:
    told.at = line.at
    if line.kind == Other.RETURNED:
        told.reasons, told.topics, told.has_returned = {}, set(), True
    elif line.kind == Other.TOPIC and line.topic is not None:
        told.topics.add(line.topic)
    elif line.kind == Other.MOVED:
        told.is_moved = True
    elif line.kind == Other.REVOKED:
        told.is_revoked = True
    elif line.kind in set(Reason):
        told.reasons[Reason(line.kind)] = line.at
        told.is_erased |= line.kind == Reason.ERASED


def _tell(subscriber: Subscriber, told: _Told, since: Since, *, now: datetime) -> None:
    if told.is_erased:
        erase(subscriber, now=now)
        since.erased += 1
        return
    if told.is_revoked:
        revoke_links(subscriber, now=now)
    for topic in Topic.objects.filter(pk__in=told.topics, subscriptions__subscriber=subscriber):
        unsubscribe(subscriber, source=SOURCE, now=now, topic=topic)
        since.topics_left += 1
    statuses = {_STATUS[reason]: at for reason, at in told.reasons.items() if reason in _STATUS}
    if (
        told.is_moved and not statuses
    ):  # the new address is not known: it may not be mailed, nor may the old one
        statuses = {Status.UNSUBSCRIBED: told.at or now}
    changed = [end_mailing(subscriber, status=status, now=at) for status, at in statuses.items()]
    if any(changed):
        action = "complained" if Status.COMPLAINED in statuses else "unsubscribed"
        ConsentEvent.objects.create(subscriber=subscriber, at=now, action=action, source=SOURCE)
        since.left += 1


def _suppress(address: str, told: _Told) -> None:
    """Suppress by the hash alone: the reader may be one whom the back-up does not know."""
    if told.reasons:
        reason = max(told.reasons, key=list(Reason).index)
        defaults = {"reason": reason.value, "at": told.reasons[reason]}
        row, is_new = Suppression.objects.get_or_create(email_hmac=address, defaults=defaults)
        if not is_new and reason.outranks(Reason(row.reason)):
            Suppression.objects.filter(pk=row.pk).update(**defaults)
    elif told.has_returned:
        Suppression.objects.filter(email_hmac=address).delete()


# --- what was waiting ------------------------------------------------------------------------------------


def _settle_waiting(since: Since, *, accepted: Collection[UUID], at: Moment) -> None:
    """Hold what may have gone since, then record what is known of it. What is due later cannot have gone."""
    Delivery.objects.filter(lease_owner__gt="").update(lease_owner="", lease_until=None)
    waiting = Delivery.objects.filter(Q(state__in=OPEN) | UNSETTLED, slot_at__lte=at.now)
    keys = list(waiting.values_list("pk", flat=True))
    answers, outbox = _answers(), OutboxMailer(settings.CONFIG.outbox_folder)
    why = f"it waited in the back-up of {since.made_at:%Y-%m-%d %H:%M} UTC, and may have gone since"
    held = {"next_attempt_at": None, "outcome_at": at.now, "last_code": HELD, "last_detail": why}
    for start in range(0, len(keys), CHUNK):
        chunk = keys[start : start + CHUNK]
        Delivery.objects.filter(pk__in=chunk).update(state=State.AMBIGUOUS, **held)
        known = {key: answers[key] for key in chunk if key in answers}
        shown = [key for key in chunk if key in accepted or outbox.evidence(str(key))]
        known |= dict.fromkeys(shown, Answer(verdict="accepted"))
        states = _record(known, at=at)
        since.accepted += sum(state in (State.ACCEPTED, State.DELIVERED) for state in states)
        since.refused += sum(state == State.FAILED for state in states)


def _answers() -> dict[UUID, Answer]:
    return SendJournal(settings.CONFIG.journal_folder).answers_for_good()


def _record(known: Mapping[UUID, Answer], *, at: Moment) -> list[str]:
    rows = Delivery.objects.filter(pk__in=known).select_related("selection")
    return list(record([Answered(row, outcome_of(row, known[row.pk]), at) for row in rows]).values())
