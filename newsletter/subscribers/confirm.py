"""Double opt-in: a sign-up becomes a reader by the mailed link and the button on its page."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, time, timedelta

from django.db import transaction

from newsletter.adapters.infra.broker import Queue, wake
from newsletter.audience.suppression import lift
from newsletter.audience.tokens import VALID_FOR, Purpose, read_timed_token
from newsletter.audience.topics import MAX_NAME, present, public_topics
from newsletter.models import ConsentEvent, Delivery, SignUp, Subscriber, Topic
from newsletter.models.delivery import FIRST, Kind
from newsletter.models.subscriber import Status
from newsletter.subscribers.account import forget_fresh_links
from newsletter.subscribers.add import subscribe
from newsletter.subscribers.change import reschedule
from newsletter.subscribers.private_topics import TooManyTopicsError, add_private_topic
from newsletter.subscribers.quotas import forget_mails_to, forget_old_counts, hashed

VALID = VALID_FOR[Purpose.CONFIRM]
"""How long a confirmation link works."""
GRACE = timedelta(days=1)
"""How much longer an unconfirmed address is kept."""
COLUMNS = ("cadence", "timezone", "language", "depth", "max_papers")


def find_sign_up(token: str, *, now: datetime) -> SignUp | None:
    """Return the sign-up of a mailed link; None if forged, expired or replaced by a later one."""
    key = read_timed_token(token, purpose=Purpose.CONFIRM, now=now, max_age=VALID)
    return SignUp.objects.select_related("subscriber").filter(key=key).first() if key else None


def topics_of(sign_up: SignUp) -> list[Topic]:
    """Return its topics that still exist, in its order."""
    slugs = present(sign_up.preferences["topics"])
    found = {topic.slug: topic for topic in public_topics().filter(slug__in=slugs)}
    return [found[slug] for slug in slugs if slug in found]


@transaction.atomic
def confirm(sign_up: SignUp, *, ip: str, now: datetime) -> None:
    """Activate the reader with the sign-up's preferences, and plan the first digest. Idempotent.

    It lifts any suppression of the address: whoever opened the link reads its mail.
    """
    if not SignUp.objects.filter(pk=sign_up.pk, confirmed_at=None).update(confirmed_at=now):
        return
    subscriber = Subscriber.objects.select_for_update().get(pk=sign_up.subscriber_id)
    if subscriber.status == Status.ACTIVE:
        return
    lift(subscriber.email_key)
    _activate(subscriber, sign_up=sign_up, now=now)
    _subscribe(subscriber, sign_up=sign_up, now=now)
    _record_consent(sign_up, ip=ip, now=now)
    # An older sign-up must not bring back a reader who leaves later.
    subscriber.sign_ups.filter(confirmed_at=None).delete()
    forget_mails_to(subscriber.email_key)
    reschedule(subscriber, now=now)
    _plan_first_digest(subscriber, now=now)


def forget_unconfirmed(*, now: datetime) -> int:
    """Delete unconfirmed addresses, expired links and old counts; return how many addresses."""
    since = now - VALID - GRACE
    pending = Subscriber.objects.filter(status=Status.PENDING, confirmed_at=None, joined_at__lt=since)
    forgotten = pending.exclude(sign_ups__requested_at__gte=since)
    count = forgotten.count()
    forgotten.delete()
    forget_old_counts(now=now)
    forget_fresh_links(now=now)
    return count


def _activate(subscriber: Subscriber, *, sign_up: SignUp, now: datetime) -> None:
    """Apply the preferences. A returning reader starts afresh, but keeps the seen papers."""
    for column in COLUMNS:
        setattr(subscriber, column, sign_up.preferences[column])
    subscriber.at = time.fromisoformat(sign_up.preferences["at"])
    subscriber.status = Status.ACTIVE
    subscriber.joined_at = subscriber.confirmed_at = now
    subscriber.confirmed_by_operator = False
    subscriber.paused_until = subscriber.anchor_date = None
    subscriber.soft_bounces = 0
    subscriber.save()


def _subscribe(subscriber: Subscriber, *, sign_up: SignUp, now: datetime) -> None:
    subscriber.subscriptions.all().delete()
    subscribe(subscriber, topics=topics_of(sign_up), now=now)
    if query := sign_up.preferences.get("query"):
        _follow_own_topic(subscriber, query=query, now=now)


def _follow_own_topic(subscriber: Subscriber, *, query: str, now: datetime) -> None:
    """Add the reader's private topic; a returning reader may have it already, or too many."""
    known = subscriber.private_topics.filter(query=query).first()
    if known is not None:
        subscribe(subscriber, topics=[known], now=now)
        return
    name = query if len(query) <= MAX_NAME else f"{query[: MAX_NAME - 1]}…"
    with suppress(TooManyTopicsError):
        # Not checked for breadth: a confirmation must not fail, and matching applies the quotas.
        add_private_topic(subscriber, name=name, query=query, now=now, is_bounded_later=True)


def _record_consent(sign_up: SignUp, *, ip: str, now: datetime) -> None:
    asked = ConsentEvent(
        subscriber_id=sign_up.subscriber_id,
        at=sign_up.requested_at,
        action="requested",
        source=sign_up.form,
        text_shown=sign_up.text_shown,
        ip_hmac=sign_up.ip_hmac,
    )
    confirmed = ConsentEvent(
        subscriber_id=sign_up.subscriber_id,
        at=now,
        action="confirmed",
        source=f"mailed link to {sign_up.form}",
        text_shown=sign_up.text_shown,
        ip_hmac=hashed("consent", ip),
    )
    ConsentEvent.objects.bulk_create([asked, confirmed])


def _plan_first_digest(subscriber: Subscriber, *, now: datetime) -> None:
    """Plan a digest of the past week, due at once. An earlier first digest is renamed to another key."""
    for earlier in Delivery.objects.filter(subscriber=subscriber, kind=Kind.DIGEST, slot_key=FIRST):
        key = f"{FIRST}-{earlier.planned_at:%Y%m%dT%H%M%S%f}"
        Delivery.objects.filter(pk=earlier.pk).update(slot_key=key)
    Delivery.planned(
        subscriber_id=subscriber.pk, kind=Kind.DIGEST, slot_key=FIRST, slot_at=now, now=now
    ).save(force_insert=True)
    # Its summaries may have to be written first.
    wake(Queue.SUMMARIZE)
    wake(Queue.TRANSACTIONAL)
