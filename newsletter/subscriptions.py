"""What readers (and operators for them) do: join, change, leave, be shown, be exported, be erased."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import IntegrityError, transaction

from newsletter.core.cadence import Cadence, parse_time, parse_zone
from newsletter.core.reading import Depth
from newsletter.errors import BadInput, NewsletterError, NotFound
from newsletter.models import ConsentEvent, Delivery, Subscriber, Subscription, Topic
from newsletter.models.delivery import OPEN, State
from newsletter.models.subscriber import Status
from newsletter.suppressions import Reason, address_key, is_suppressed, suppress
from newsletter.topics import find_topics

MIN_PAPERS, MAX_PAPERS = 1, 50
MAX_ADDRESS = 254
"""RFC 5321 §4.5.3.1.3: a path of 256 octets, without its angle brackets."""
LANGUAGES = {"en": "en", "zh": "zh-hans", "zh-cn": "zh-hans", "zh-hans": "zh-hans"}
"""What may be written → the language's code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a reader asked for, checked."""

    cadence: Cadence
    at: time
    timezone: str
    language: str
    depth: Depth
    max_papers: int

    @classmethod
    def checked(
        cls,
        *,
        cadence: str = "weekly:mon",
        at: str = "08:00",
        timezone: str = "UTC",
        language: str = "en",
        depth: str = "takeaways",
        max_papers: int = 10,
    ) -> Wishes:
        """Check each wish as it was written. Raises BadInput that says what is allowed."""
        if not MIN_PAPERS <= max_papers <= MAX_PAPERS:
            raise BadInput(f"max-papers is {max_papers}, but must be {MIN_PAPERS} to {MAX_PAPERS}")
        return cls(
            cadence=Cadence.parse(cadence),
            at=parse_time(at),
            timezone=parse_zone(timezone).key,
            language=checked_language(language),
            depth=checked_depth(depth),
            max_papers=max_papers,
        )

    def fields(self) -> dict[str, object]:
        """Return them as a reader's columns."""
        return {
            "cadence": str(self.cadence),
            "at": self.at,
            "timezone": self.timezone,
            "language": self.language,
            "depth": self.depth.value,
            "max_papers": self.max_papers,
        }


def checked_language(language: str) -> str:
    try:
        return LANGUAGES[language.strip().lower().replace("_", "-")]
    except KeyError:
        raise BadInput(f"language is {language!r}, but must be one of: {', '.join(LANGUAGES)}") from None


def checked_depth(depth: str) -> Depth:
    try:
        return Depth(depth.strip().lower())
    except ValueError:
        raise BadInput(f"depth is {depth!r}, but must be one of: {', '.join(Depth)}") from None


def checked_address(email: str) -> str:
    email = email.strip()
    try:
        validate_email(email)
    except ValidationError:
        raise BadInput(f"{email[:80]!r} is not an e-mail address") from None
    if len(email) > MAX_ADDRESS:
        raise BadInput(f"{email[:80]!r}… is longer than an e-mail address may be ({MAX_ADDRESS} characters)")
    return email


def add_by_operator(
    email: str, *, topics: Sequence[str], wishes: Wishes, source: str, now: datetime
) -> Subscriber:
    """Add a reader whose consent the operator vouches for. Sends nothing; the first slot is the next one."""
    email = checked_address(email)
    key = address_key(email)
    if is_suppressed(key):
        raise NewsletterError(
            f"{email} has opted out or bounced: only the reader can come back, by confirming"
        )
    found = find_topics(topics, owner_email_key=key)
    if not found:
        raise BadInput("a reader needs at least one topic: newsletter topic list shows them all")
    reader = Subscriber(
        email=email,
        email_key=key,
        status=Status.ACTIVE,
        joined_at=now,
        confirmed_at=now,
        confirmed_by_operator=True,
        **wishes.fields(),
    )
    try:
        with transaction.atomic():
            reader.save(force_insert=True)
            _subscribe(reader, topics=found, now=now)
            ConsentEvent.objects.create(subscriber=reader, at=now, action="confirmed", source=source)
    except IntegrityError:
        raise NewsletterError(f"{email} is a reader already: newsletter subscriber show {email}") from None
    reschedule(reader, now=now)
    return reader


def _subscribe(reader: Subscriber, *, topics: Sequence[Topic], now: datetime) -> None:
    start = reader.subscriptions.count()
    Subscription.objects.bulk_create(
        Subscription(subscriber=reader, topic=topic, position=start + place, created_at=now)
        for place, topic in enumerate(topics)
    )


def reschedule(reader: Subscriber, *, now: datetime) -> None:
    """Set the next slot from now on; the first one ever is what ``biweekly`` counts from."""
    slot = reader.next_slot(after=now)
    reader.anchor_date = reader.anchor_date or slot.date
    reader.next_slot_at = slot.at
    reader.save(update_fields=["anchor_date", "next_slot_at"])


@transaction.atomic
def change_wishes(reader: Subscriber, *, wishes: Wishes, now: datetime) -> None:
    """Store what the reader wants from now on; the next slot follows from it.

    A slot that has passed and is not planned yet stays due. Nothing can come twice for one local date.
    """
    for name, value in wishes.fields().items():
        setattr(reader, name, value)
    reader.save(update_fields=list(wishes.fields()))
    waits = reader.next_slot_at is not None and reader.next_slot_at <= now
    if reader.status == Status.ACTIVE and not waits:
        reschedule(reader, now=now)


@transaction.atomic
def set_topics(reader: Subscriber, *, topics: Sequence[str], now: datetime) -> None:
    """Make the topics of these slugs the reader's, in this order. Raises BadInput for none or an unknown one.

    A topic that stays keeps its own cadence and what it has covered.
    """
    found = find_topics(topics, owner_email_key=reader.email_key)
    if not found:
        raise BadInput("a reader needs at least one topic")
    reader.subscriptions.exclude(topic__in=found).delete()
    for position, topic in enumerate(found):
        Subscription.objects.update_or_create(
            subscriber=reader,
            topic=topic,
            defaults={"position": position},
            create_defaults={"position": position, "created_at": now},
        )


def find_reader(email: str) -> Subscriber:
    reader = Subscriber.objects.filter(email_key=address_key(checked_address(email))).first()
    if reader is None:
        raise NotFound(f"no reader {email}: newsletter subscriber list shows them all")
    return reader


@transaction.atomic
def unsubscribe(reader: Subscriber, *, source: str, now: datetime, topic: Topic | None = None) -> None:
    """End everything, or one topic (the last one ends everything). Repeating it changes nothing."""
    if topic is not None:
        Subscription.objects.filter(subscriber=reader, topic=topic).delete()
        if reader.subscriptions.exists():
            return
    changed = Subscriber.objects.filter(pk=reader.pk, status__in=(Status.ACTIVE, Status.PENDING)).update(
        status=Status.UNSUBSCRIBED, next_slot_at=None
    )
    if not changed:
        return
    suppress(reader.email_key, reason=Reason.UNSUBSCRIBED, at=now)
    Delivery.objects.filter(subscriber=reader, state__in=OPEN).update(state=State.CANCELLED, outcome_at=now)
    ConsentEvent.objects.create(subscriber=reader, at=now, action="unsubscribed", source=source)


@transaction.atomic
def erase(reader: Subscriber, *, now: datetime) -> None:
    """Forget a reader; only a keyed hash of the address stays, so that nobody mails it again."""
    suppress(reader.email_key, reason=Reason.ERASED, at=now)
    reader.delete()


def describe(reader: Subscriber, *, now: datetime) -> dict[str, Any]:
    """Return what is known of a reader, as ``subscriber show --json`` prints it."""
    return {
        "email": reader.email,
        "status": reader.shown_status(now=now),
        "subscriptions": [
            {"topic": each.topic.slug, "name": each.topic.name, "cadence": each.cadence or reader.cadence}
            for each in reader.subscriptions.select_related("topic")
        ],
        "cadence": reader.cadence,
        "at": f"{reader.at:%H:%M}",
        "timezone": reader.timezone,
        "language": reader.language,
        "depth": reader.depth,
        "max_papers": reader.max_papers,
        "joined_at": reader.joined_at.isoformat(),
        "confirmed_at": reader.confirmed_at.isoformat() if reader.confirmed_at else None,
        "next_slot_at": reader.next_slot_at.isoformat() if reader.next_slot_at else None,
        "paused_until": reader.paused_until.isoformat() if reader.paused_until else None,
        "deliveries": [
            _describe_delivery(each) for each in reader.deliveries.order_by("slot_at", "planned_at")
        ],
        "consents": [
            {"at": each.at.isoformat(), "action": each.action, "source": each.source}
            for each in reader.consents.order_by("at")
        ],
    }


def _describe_delivery(delivery: Delivery) -> dict[str, Any]:
    papers = delivery.papers
    return {
        "id": str(delivery.pk),
        "kind": delivery.kind,
        "slot_key": delivery.slot_key,
        "slot_at": delivery.slot_at.isoformat(),
        "state": delivery.state,
        "subject": delivery.subject,
        "summarised": len(papers.get("summarised", ())),
        "listed": len(papers.get("listed", ())),
        "counted": len(papers.get("counted", ())),
        "scanned": delivery.scanned,
        "message_id": delivery.message_id,
        "outcome_at": delivery.outcome_at.isoformat() if delivery.outcome_at else None,
        "detail": f"{delivery.last_code} {delivery.last_detail}".strip(),
    }


CSV_COLUMNS = (
    "email",
    "topics",
    "cadence",
    "at",
    "timezone",
    "language",
    "depth",
    "max_papers",
    "consent_source",
)


def csv_rows() -> list[dict[str, str]]:
    """Return every mailable reader in the form that import takes (contract: CSV of readers)."""
    readers = Subscriber.objects.filter(status=Status.ACTIVE).order_by("email_key")
    return [_csv_row(reader) for reader in readers.prefetch_related("subscriptions__topic", "consents")]


def _csv_row(reader: Subscriber) -> dict[str, str]:
    consents = sorted(reader.consents.all(), key=lambda consent: consent.at)
    return {
        "email": reader.email,
        "topics": ";".join(each.topic.slug for each in reader.subscriptions.all()),
        "cadence": reader.cadence,
        "at": f"{reader.at:%H:%M}",
        "timezone": reader.timezone,
        "language": reader.language,
        "depth": reader.depth,
        "max_papers": str(reader.max_papers),
        "consent_source": consents[-1].source if consents else "",
    }
