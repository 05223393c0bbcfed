"""A reader: who they are, what they asked for, what they consented to, and who must not be mailed."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime, time
from zoneinfo import ZoneInfo

from django.db import models

from newsletter.core.delivery.cadence import Cadence, Slot, latest_slot, next_slot
from newsletter.core.summaries.summary import DetailLevel
from newsletter.models.composed import Composed

MAX_SUBSCRIBER_NAME = 120


def _new_link_key() -> str:
    return secrets.token_urlsafe(9)


class Status(models.TextChoices):
    PENDING = "pending"
    ACTIVE = "active"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


class Subscriber(models.Model):
    email = models.CharField(max_length=254)
    """As the reader wrote it."""
    email_key = models.CharField(max_length=254, unique=True)
    """Normalized, so that one mailbox is one reader."""
    name = models.CharField(max_length=MAX_SUBSCRIBER_NAME, blank=True, default="")
    """As the operator wrote it, to tell readers apart. No mail and no page shows it."""
    status = models.CharField(max_length=12, choices=Status.choices, default=Status.PENDING)
    paused_until = models.DateTimeField(null=True, blank=True)
    language = models.CharField(max_length=20, default="en")
    depth = models.CharField(
        max_length=12,
        choices=[(depth.value, depth.value) for depth in DetailLevel],
        default=DetailLevel.TAKEAWAYS.value,
    )
    max_papers = models.PositiveSmallIntegerField(default=10)
    cadence = models.CharField(max_length=40, default="weekly:mon")
    at = models.TimeField(default=time(8, 0))
    timezone = models.CharField(max_length=64, default="UTC")
    anchor_date = models.DateField(null=True, blank=True)
    """The first slot's local date, from which ``biweekly`` counts."""
    next_slot_at = models.DateTimeField(null=True, blank=True, db_index=True)
    joined_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by_operator = models.BooleanField(default=False)
    seen_papers = models.BinaryField(default=bytes, editable=False)
    """Seen papers (``core/digests/seen_papers.py``): those of every accepted digest."""
    summarized_papers = models.BinaryField(default=bytes, editable=False)
    """Those of the seen papers that a digest summarized, in the same form: of these revisions are told."""
    soft_bounces = models.PositiveSmallIntegerField(default=0)
    """How many of the latest mails to the address were refused in a row."""
    link_key = models.CharField(max_length=16, unique=True, default=_new_link_key)
    """Names the reader in mailed links. A new one revokes them all (``subscribers/revoke_links.py``)."""
    taste_version = models.PositiveIntegerField(default=0)
    """Moved by every act that changes what is learned; profiles name the one they were learned at."""
    learns = models.BooleanField(default=True)
    """Off: acts are kept, and nothing is learned from them or ordered by them."""
    shows_near = models.BooleanField(default=True)
    """Whether digests show up to two papers near the topics."""
    shows_revised = models.BooleanField(default=True)
    names_imports = models.BooleanField(default=False)
    """Whether why lines may name imported papers, not only those kept from digests and pages."""
    muted_terms = models.JSONField(default=dict)
    """Terms that nothing is to be learned from: stems (a snapshot's key) → as papers write them."""

    class Meta:
        constraints = (
            models.CheckConstraint(condition=models.Q(status__in=Status.values), name="subscriber_status"),
            models.CheckConstraint(
                condition=models.Q(depth__in=[depth.value for depth in DetailLevel]), name="subscriber_depth"
            ),
            models.CheckConstraint(
                condition=models.Q(max_papers__gte=1, max_papers__lte=50),
                name="subscriber_max_papers_1_to_50",
            ),
        )

    def __str__(self) -> str:
        return f"reader {self.pk}"

    def accepts_mail(self, *, now: datetime) -> bool:
        return self.status == Status.ACTIVE and (self.paused_until is None or self.paused_until <= now)

    def take_new_key(self) -> None:
        """Change the key, unsaved; ``subscribers/revoke_links.py`` does the rest."""
        self.link_key = _new_link_key()

    def may_ask_for_links(self) -> bool:
        """Whether a link may be mailed: who has left may still export and erase their data."""
        return self.status in (Status.ACTIVE, Status.UNSUBSCRIBED)

    def shown_status(self, *, now: datetime) -> str:
        """Return the status that is shown: ``paused`` is an active reader whose pause has not ended."""
        paused = self.status == Status.ACTIVE and not self.accepts_mail(now=now)
        return "paused" if paused else self.status

    def cadences(self, of_topics: Collection[str] | None = None) -> set[Cadence]:
        """Return every cadence at which some topic of this reader is due.

        ``of_topics``: those of the subscriptions, as stored, where they are known.
        """
        if of_topics is None:
            of_topics = {subscription.cadence for subscription in self.subscriptions.all()}
        return {Cadence.parse(text or self.cadence) for text in of_topics or [""]}

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def next_slot(self, *, after: datetime, cadences: Collection[Cadence] | None = None) -> Slot:
        """Return the first slot of any of the reader's cadences strictly after ``after``."""
        slots = [
            next_slot(cadence, after=after, at=self.at, zone=self.zone, anchor=self.anchor_date)
            for cadence in (self.cadences() if cadences is None else cadences)
        ]
        return min(slots, key=lambda slot: slot.at)

    def latest_slot(self, *, now: datetime, cadence: Cadence, after: datetime) -> Slot | None:
        """Return the last slot of ``cadence`` in (``after``, ``now``], if there is one."""
        return latest_slot(cadence, now=now, after=after, at=self.at, zone=self.zone, anchor=self.anchor_date)


class RevokedKey(models.Model):
    """A revoked link key: it still unsubscribes, since unsubscribe links must not expire."""

    key = models.CharField(max_length=16, unique=True)
    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="revoked_keys")
    revoked_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.subscriber_id} {self.revoked_at:%Y-%m-%d}"


_HOLDER = Composed[Subscriber](lambda key: Subscriber.objects.filter(link_key=key), sample="?")


def holder(link_key: str) -> Subscriber | None:
    """Return whose key it is."""
    return next(iter(_HOLDER.models(link_key)), None)


def holder_of(link_key: str) -> tuple[Subscriber | None, bool]:
    """Return whose key it is or was, and whether it was revoked."""
    subscriber = holder(link_key)
    if subscriber is not None:
        return subscriber, False
    revoked = RevokedKey.objects.select_related("subscriber").filter(key=link_key).first()
    return (revoked.subscriber, True) if revoked else (None, False)


class Subscription(models.Model):
    subscriber = models.ForeignKey(
        Subscriber, on_delete=models.CASCADE, related_name="subscriptions", db_index=False
    )
    topic = models.ForeignKey("Topic", on_delete=models.CASCADE, related_name="subscriptions")
    position = models.PositiveSmallIntegerField()
    """The topic's place in the reader's order, from 0."""
    cadence = models.CharField(max_length=40, blank=True)
    """Empty: the reader's own."""
    created_at = models.DateTimeField()
    covered_until = models.DateTimeField(null=True, blank=True)
    """The end of the period of the last accepted or skipped digest that held this topic."""

    class Meta:
        ordering = ("position", "id")
        constraints = (models.UniqueConstraint(fields=("subscriber", "topic"), name="subscription_once"),)

    def __str__(self) -> str:
        return f"{self.subscriber_id}: {self.topic_id}"

    def effective_cadence(self, subscriber: Subscriber) -> Cadence:
        return Cadence.parse(self.cadence or subscriber.cadence)


class ConsentEvent(models.Model):
    """Append-only consent record: who, what, when, from where, by which form, on which text."""

    subscriber = models.ForeignKey(Subscriber, on_delete=models.CASCADE, related_name="consents")
    at = models.DateTimeField()
    action = models.CharField(max_length=20)
    """``requested``, ``confirmed``, ``imported``, ``unsubscribed``, ``resubscribed``, ``complained``; the
    operator's ``changed``, ``paused`` and ``resumed``."""
    source = models.CharField(max_length=200)
    """The form or command, or the import's consent source; of a change what was changed too."""
    text_shown = models.TextField(blank=True)
    ip_hmac = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"{self.subscriber_id} {self.action} {self.at:%Y-%m-%d}"


class Suppression(models.Model):
    """An address that must not be mailed, as a keyed hash: it outlives the erasure of the reader."""

    email_hmac = models.CharField(max_length=64, unique=True)
    reason = models.CharField(max_length=20)
    """``unsubscribed``, ``bounced``, ``complained``, ``erased``, ``imported``."""
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.reason} {self.at:%Y-%m-%d}"
