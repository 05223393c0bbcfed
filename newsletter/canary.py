"""The canary: a reader of the service's own who unsubscribes daily, to prove that unsubscribing works.

1. It leaves one topic, then everything by the page's button, then everything by one click, each by a real
   request to the URL in a mail.
2. For each way a composed digest is the bait, which leaving must cancel. The last bait falls due after the
   canary has left: the real workers must refuse it.
3. A bait that is sent, or a way that fails, pauses all sending. An unreachable site is only retried.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from newsletter.adapters.infra import own_site
from newsletter.adapters.infra.broker import Queue, wake
from newsletter.audience.suppression import address_key, is_suppressed, lift
from newsletter.audience.topics import public_topics
from newsletter.errors import TemporaryError
from newsletter.models import CanaryFlight, ConsentEvent, Delivery, Subscriber, Topic
from newsletter.models.delivery import FIRST, LEASABLE, Cause, Kind, State
from newsletter.models.subscriber import Status
from newsletter.pipeline.compose.message import unsubscribe_url
from newsletter.pipeline.send.pause import pause_sending
from newsletter.subscribers.add import add_by_operator
from newsletter.subscribers.preferences import Preferences
from newsletter.subscribers.unsubscribe import erase
from newsletter.transactional.mails import TransactionalMail, store_transactional

log = logging.getLogger(__name__)

SOURCE = "canary"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
FAR = timedelta(days=2)
"""When a bait that no worker may send yet falls due."""


def fly(*, now: datetime) -> CanaryFlight | None:
    """Judge the flight under way, or begin today's; None when there is nothing to do."""
    under_way = CanaryFlight.objects.filter(judged_at=None).order_by("day").last()
    if under_way is not None and under_way.day == now.date():
        return _judge(under_way, now=now)
    if under_way is not None:  # no worker took the bait for a day: an alert was sent by now
        under_way.delete()
    topics = list(public_topics().order_by("pk")[:2])
    if not settings.CONFIG.canary_address or not topics:
        return None
    flight, is_ours = CanaryFlight.objects.get_or_create(day=now.date(), defaults={"started_at": now})
    return _begin(flight, topics, now=now) if is_ours else None


def _begin(flight: CanaryFlight, topics: list[Topic], *, now: datetime) -> CanaryFlight | None:
    try:
        failure = next(_failures(topics, now=now), "")
    except TemporaryError as error:
        log.warning("the canary could not fly: %s", error)
        flight.delete()
        _end(now=now)  # with old baits
        return None
    except BaseException:
        flight.delete()
        raise
    if failure:
        return _fail(flight, failure, now=now)
    flight.baits = [str(_bait(_canary(), key=FIRST, due_at=timezone.now(), now=now).pk)]
    flight.save(update_fields=["baits"])
    wake(Queue.TRANSACTIONAL)
    return flight


def _judge(flight: CanaryFlight, *, now: datetime) -> CanaryFlight | None:
    baits = list(Delivery.objects.filter(pk__in=flight.baits))
    open_baits = [
        bait for bait in baits if not bait.body_begun_at and bait.state in (*LEASABLE, State.SENDING)
    ]
    taken = [bait for bait in baits if bait.state != State.CANCELLED and bait not in open_baits]
    if taken:
        return _fail(flight, f"a digest to who had left was not refused ({taken[0].state})", now=now)
    if not baits or open_baits:
        return None
    flight.judged_at = now
    flight.save(update_fields=["judged_at"])
    return flight


def _fail(flight: CanaryFlight, failure: str, *, now: datetime) -> CanaryFlight:
    flight.failure, flight.judged_at = failure, now
    flight.save(update_fields=["failure", "judged_at"])
    pause_sending(f"the canary found that leaving does not hold: {failure}", cause=Cause.CANARY, now=now)
    log.error("the canary found that leaving does not hold: %s", failure)
    return flight


# --- the ways of leaving ---------------------------------------------------------------------------------


def _failures(topics: list[Topic], *, now: datetime) -> Iterator[str]:
    """Try each way in turn; yield the first that failed and stop."""
    _return(topics, now=now)
    # Leaving the only topic is leaving everything.
    if len(topics) > 1 and (failure := _leave_topic(topics, now=now)):
        yield failure
    if failure := _leave_everything({}, way="the page's button", now=now):
        yield failure
    _return(topics, now=now)
    if failure := _leave_everything(ONE_CLICK, way="one click", now=now):
        yield failure


def _leave_topic(topics: list[Topic], *, now: datetime) -> str:
    canary = _canary()
    bait = _bait(canary, key="topic", due_at=timezone.now() + FAR, now=now)
    status, _ = own_site.post(f"{_url(canary)}/{topics[0].slug}", ONE_CLICK)
    left = list(canary.subscriptions.values_list("topic_id", flat=True))
    bait.refresh_from_db()
    if status != 200:
        return f"leaving a topic by one click answered HTTP {status}"
    if left != [topics[1].pk] or _canary().status != Status.ACTIVE:
        return "leaving a topic by one click did not end that topic alone"
    return "" if bait.state not in LEASABLE else "a digest with a topic that had ended was still to be sent"


def _leave_everything(fields: dict[str, str], *, way: str, now: datetime) -> str:
    canary = _canary()
    bait = _bait(canary, key=way, due_at=timezone.now() + FAR, now=now)
    status, body = own_site.post(_url(canary), fields)
    canary.refresh_from_db()
    bait.refresh_from_db()
    if status != 200 or (fields and body):
        return f"leaving by {way} answered HTTP {status}, {len(body)} bytes"
    if canary.status != Status.UNSUBSCRIBED or not is_suppressed(canary.email_key):
        return f"leaving by {way} did not end everything"
    return "" if bait.state == State.CANCELLED else f"after leaving by {way} a digest was still to be sent"


# --- the reader ------------------------------------------------------------------------------------------


def _return(topics: list[Topic], *, now: datetime) -> None:
    """Recreate the canary as a new reader, who gets no digests of its own."""
    address = settings.CONFIG.canary_address
    if not _end(now=now):
        raise TemporaryError("NEWSLETTER_CANARY_EMAIL is the address of a reader: choose another one")
    lift(address_key(address))
    preferences = Preferences.checked(cadence="monthly:last")
    slugs = [topic.slug for topic in topics]
    canary = add_by_operator(address, topics=slugs, preferences=preferences, source=SOURCE, now=now)
    Subscriber.objects.filter(pk=canary.pk).update(next_slot_at=None)


def _end(*, now: datetime) -> bool:
    """Erase the canary, if there is one; False if its address belongs to a real reader."""
    before = Subscriber.objects.filter(email_key=address_key(settings.CONFIG.canary_address)).first()
    if before is not None and not ConsentEvent.objects.filter(subscriber=before, source=SOURCE).exists():
        return False
    if before is not None:
        erase(before, now=now)
    return True


def _canary() -> Subscriber:
    return Subscriber.objects.get(email_key=address_key(settings.CONFIG.canary_address))


def _url(canary: Subscriber) -> str:
    return unsubscribe_url(canary, base_url=settings.CONFIG.base_url)


def _bait(canary: Subscriber, *, key: str, due_at: datetime, now: datetime) -> Delivery:
    """Store a composed digest. Its one fragment says what it means if it ever arrives."""
    mail = TransactionalMail(
        subject="This mail should not have been sent",
        paragraphs=(
            "It went to an address that had left the newsletter: leaving does not hold.",
            "Stop sending until that is mended: newsletter pause.",
        ),
        reason="You get this because it is the canary's address (NEWSLETTER_CANARY_EMAIL).",
        language="en",
    )
    bait = Delivery.planned(subscriber_id=canary.pk, kind=Kind.DIGEST, slot_key=key, slot_at=now, now=now)
    bait.state, bait.subject, bait.fragments = State.COMPOSED, mail.subject, [store_transactional(mail)]
    bait.composed_at, bait.covers_until, bait.next_attempt_at = now, now, due_at
    bait.save(force_insert=True)
    return bait
