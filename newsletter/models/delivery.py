"""One message to one reader and its state; provider events about it; pauses of sending."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models

from newsletter.core.delivery.ids import new_id
from newsletter.core.digests.selection import Selection as SelectionValue
from newsletter.models.checksums import ChecksumsField

if TYPE_CHECKING:
    from newsletter.models.subscriber import Subscriber


class State(models.TextChoices):
    """See docs/delivery.md. Those in ``OPEN`` may still lead to a send."""

    PLANNED = "PLANNED"
    COMPOSED = "COMPOSED"
    SENDING = "SENDING"
    RETRY_WAIT = "RETRY_WAIT"
    ACCEPTED = "ACCEPTED"
    DELIVERED = "DELIVERED"
    BOUNCED = "BOUNCED"
    COMPLAINED = "COMPLAINED"
    AMBIGUOUS = "AMBIGUOUS"
    SKIPPED = "SKIPPED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    FAILED = "FAILED"
    QUARANTINED = "QUARANTINED"


_DAY = timedelta(days=1)
OPEN = (State.PLANNED, State.COMPOSED, State.RETRY_WAIT)
LEASABLE = (State.COMPOSED, State.RETRY_WAIT)
# Written with OR, not IN: only then does SQLite use a partial index with this condition.
IS_LEASABLE = models.Q(state=State.COMPOSED) | models.Q(state=State.RETRY_WAIT)
IS_OPEN = IS_LEASABLE | models.Q(state=State.PLANNED)
NOT_BEGUN = models.Q(state__in=OPEN) | models.Q(state=State.SENDING, body_begun_at__isnull=True)
"""Nothing of it was sent; once cancelled, nothing will be."""
UNCOMPOSED: dict[str, Any] = {
    "state": State.PLANNED,
    "fragments": [],
    "placeholders": {},
    "next_attempt_at": None,
    "composed_at": None,
    "dated_at": None,
}
"""Updates that send a composed digest back to be composed again."""
SENT = (State.ACCEPTED, State.DELIVERED, State.BOUNCED, State.COMPLAINED)
PATIENCE = timedelta(minutes=30)
"""How long past its slot a digest waits (docs/delivery.md, "What a digest waits for")."""
UNASKED = "arXiv gave no answer in its period"
"""A skipped digest's ``last_detail`` when it is unknown whether anything matched."""
HALF_ANSWERED = "arXiv had not answered fully in its period"
"""The same, where there was an answer that may be incomplete."""
FIRST = "first"
"""The slot key of the digest that follows a confirmation; it covers every topic. When a reader comes back,
the earlier one is renamed to a key with this prefix."""


class Kind(models.TextChoices):
    DIGEST = "digest"
    CONFIRMATION = "confirmation"
    LINK = "link"
    ALERT = "alert"


UNSETTLED = models.Q(state=State.SENDING) | models.Q(state=State.AMBIGUOUS, next_attempt_at__isnull=False)
"""Being sent, or waiting for evidence: its papers may become seen papers in a moment, or stay candidates."""
NEVER_CAME = (State.CANCELLED, State.EXPIRED, State.FAILED, State.QUARANTINED)
LEASED = models.Q(lease_owner__gt="")
TRANSACTIONAL = models.Q(slot_key=FIRST) | models.Q(is_on_demand=True) | ~models.Q(kind=Kind.DIGEST)
"""Mail that a person is waiting for: after a confirmation or a request. It has a worker of its own."""


PLANNED_LATE = models.Q(planned_at__gt=models.F("slot_at") + PATIENCE)
"""Nothing ran at its slot: the service was off."""


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def of_date(self, day: date, *, subscriber: Subscriber) -> Self:
        """Return the digests of this local date: its own, and a first one sent on it."""
        morning = datetime.combine(day, time.min, tzinfo=subscriber.zone)
        first = models.Q(slot_key__startswith=FIRST, slot_at__gte=morning, slot_at__lt=morning + _DAY)
        came = models.Q(slot_key=day.isoformat()) | (first & ~models.Q(state__in=NEVER_CAME))
        return self.filter(came, subscriber=subscriber, kind=Kind.DIGEST)

    def planned_ahead(self, *, now: datetime) -> Self:
        """Return the planned digests whose slot is still to come."""
        return self.filter(kind=Kind.DIGEST, state=State.PLANNED, slot_at__gt=now)

    def to_compose(self, *, now: datetime) -> Self:
        """Return the planned digests that are due.

        One that was planned ahead is due once its slot was passed, which ends what is older.
        """
        due = self.filter(kind=Kind.DIGEST, state=State.PLANNED, slot_at__lte=now)
        return due.exclude(subscriber__next_slot_at=models.F("slot_at"))

    def due(self, *, real_now: datetime) -> Self:
        """Return what may be leased now."""
        return self.filter(IS_LEASABLE, next_attempt_at__lte=real_now)

    def dates_asked_for(
        self, subscribers: Collection[int | None] | models.QuerySet[Any]
    ) -> set[tuple[int, str]]:
        """Return (reader, local date) of the digests that these readers asked for and were sent."""
        asked = self.filter(subscriber__in=subscribers, is_on_demand=True)
        # Filtered in Python: with the states in the query SQLite would scan everything ever sent.
        rows = asked.values_list("subscriber_id", "slot_key", "state")
        return {(subscriber_id, key) for subscriber_id, key, state in rows if state in SENT}


class Delivery(models.Model):
    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # Found by the constraint ``delivery_once_a_slot``, which begins with it.
    subscriber = models.ForeignKey(
        "Subscriber", on_delete=models.CASCADE, related_name="deliveries", null=True, db_index=False
    )
    """Null only for an alert to the operator."""
    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.DIGEST)
    slot_key = models.CharField(max_length=80)
    """A digest's local date, or ``first``; a transactional mail's own key."""
    slot_at = models.DateTimeField()
    """When it is due."""
    is_on_demand = models.BooleanField(default=False)
    """The reader asked for it: it is the digest of its date and covers every topic, whatever the cadence."""
    state = models.CharField(max_length=12, choices=State.choices, default=State.PLANNED)

    subject = models.CharField(max_length=255, blank=True)
    fragments = ChecksumsField(default=list, blank=True)
    """Checksums of the fragments, in order."""
    body_key = models.CharField(max_length=64, blank=True, default="")
    """Equal for digests that differ only in personal strings: they may share a request."""
    placeholders = models.JSONField(default=dict, blank=True)
    """Personal strings by placeholder name. Links are not stored: they are made at send."""
    selection = models.ForeignKey(
        "Selection",
        on_delete=models.PROTECT,
        related_name="deliveries",
        null=True,
        blank=True,
        db_index=False,  # an index of its own, below
    )
    """What it offers; null until selected. All its papers are seen when it is accepted."""
    selection_inputs = models.CharField(max_length=64, blank=True, default="")
    """Checksum of what the selection depends on: it stands for as long as that is the same."""
    topics = models.JSONField(default=list, blank=True)
    """Ids of the topics it covers, set when it is composed: the sender compares them with subscriptions."""
    covers_until = models.DateTimeField(null=True)
    """The end of the period that it covers."""

    recipient = models.CharField(max_length=254, blank=True)
    """The address it was last leased for."""
    transport = models.CharField(max_length=16, blank=True)
    message_id = models.CharField(max_length=255)
    """Made of the id, so unique; nothing looks for it."""
    attempt = models.PositiveSmallIntegerField(default=0)
    """Leases without an outcome; counted when leased, not counted after a temporary refusal."""
    retries = models.PositiveSmallIntegerField(default=0)
    """Temporary refusals so far: the step of the back-off."""
    fence = models.PositiveIntegerField(default=0)
    """Raised by every lease; an outcome is written only under the fence of its lease."""
    lease_owner = models.CharField(max_length=80, blank=True)
    lease_until = models.DateTimeField(null=True)
    journal = models.UUIDField(null=True)
    """The send journal of the process that leased it last: what it did with the body."""
    journal_group = models.PositiveIntegerField(null=True)
    """Its group there: what was leased together."""
    body_begun_at = models.DateTimeField(null=True)
    next_attempt_at = models.DateTimeField(null=True)
    """Real time."""
    provider_id = models.CharField(max_length=255, blank=True)
    last_code = models.CharField(max_length=40, blank=True)
    last_detail = models.TextField(blank=True)

    planned_at = models.DateTimeField()
    composed_at = models.DateTimeField(null=True)
    dated_at = models.DateTimeField(null=True)
    """Its Date: when its body first began. A retry carries the same; one composed anew has a new one."""
    outcome_at = models.DateTimeField(null=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = (
            models.UniqueConstraint(fields=("subscriber", "kind", "slot_key"), name="delivery_once_a_slot"),
            models.UniqueConstraint(
                fields=("kind", "slot_key"),
                condition=models.Q(subscriber__isnull=True),
                name="delivery_once_without_reader",
            ),
            models.CheckConstraint(condition=models.Q(state__in=State.values), name="delivery_state"),
            models.CheckConstraint(
                condition=models.Q(subscriber__isnull=False) | models.Q(kind=Kind.ALERT),
                name="delivery_has_a_reader",
            ),
        )
        indexes = (
            models.Index(fields=("state", "next_attempt_at"), name="delivery_due"),
            models.Index(
                fields=("state", "outcome_at"),
                condition=models.Q(outcome_at__isnull=False),
                name="delivery_ended",
            ),
            models.Index(fields=("selection",), name="delivery_selection"),
            models.Index(
                fields=("body_key", "next_attempt_at"),
                condition=models.Q(state=State.COMPOSED),
                name="delivery_identical",
            ),
            # Partial indexes for what workers look for, so that queries never scan all ever sent.
            models.Index(
                fields=("state", "id"), condition=models.Q(state=State.PLANNED), name="delivery_planned"
            ),
            models.Index(fields=("lease_owner", "state"), condition=LEASED, name="delivery_leased"),
            models.Index(
                fields=("state", "next_attempt_at"),
                condition=TRANSACTIONAL & IS_OPEN,
                name="delivery_transactional",
            ),
            models.Index(
                fields=("subscriber", "slot_at"),
                condition=models.Q(is_on_demand=True),
                name="delivery_on_demand",
            ),
            models.Index(
                fields=("state", "subscriber"),
                condition=models.Q(state=State.SKIPPED),
                name="delivery_skipped",
            ),
        )

    def __str__(self) -> str:
        return f"{self.pk} {self.state}"

    @property
    def is_transactional(self) -> bool:
        """Whether a person is waiting for it: ``TRANSACTIONAL`` for a loaded row."""
        return self.slot_key == FIRST or self.is_on_demand or self.kind != Kind.DIGEST

    def is_of_date(self, day: date, *, subscriber: Subscriber) -> bool:
        """Whether it is the digest of this local date: ``of_date`` for a loaded row."""
        if self.slot_key == day.isoformat():
            return True
        morning = datetime.combine(day, time.min, tzinfo=subscriber.zone)
        is_on_it = morning <= self.slot_at < morning + _DAY
        return self.slot_key.startswith(FIRST) and is_on_it and self.state not in NEVER_CAME

    @property
    def was_planned_late(self) -> bool:
        """Whether nothing ran at its slot: ``PLANNED_LATE`` for a loaded row."""
        return self.planned_at > self.slot_at + PATIENCE

    @property
    def waits_until(self) -> datetime:
        """When it is composed of what is there: counted from its slot, or from late planning."""
        return (self.planned_at if self.was_planned_late else self.slot_at) + PATIENCE

    @property
    def selected(self) -> SelectionValue:
        """What it offers; nothing before it is selected."""
        return self.selection.value if self.selection else SelectionValue(topics=())

    @property
    def paper_ids(self) -> set[int]:
        """Every paper that it offers, wherever it stands in it."""
        return self.selected.paper_ids

    @classmethod
    def planned(
        cls, *, subscriber_id: int | None, kind: Kind, slot_key: str, slot_at: datetime, now: datetime
    ) -> Delivery:
        """Return an unsaved row whose Message-ID is derived from its id, so that a retry has the same one."""
        key = new_id()
        return cls(
            id=key,
            subscriber_id=subscriber_id,
            kind=kind,
            slot_key=slot_key,
            slot_at=slot_at,
            planned_at=now,
            message_id=f"<{key.hex}@{settings.BASE_HOST}>",
        )


class DeliveryEvent(models.Model):
    """A provider's event: stored first, then applied by a task; a repeat changes nothing."""

    provider = models.CharField(max_length=16)
    dedupe_key = models.CharField(max_length=200)
    delivery = models.ForeignKey(Delivery, null=True, on_delete=models.CASCADE, related_name="events")
    """Null for an unknown delivery, or one whose reader was erased before."""
    kind = models.CharField(max_length=40)
    """``core.delivery.events.EventKind``."""
    at = models.DateTimeField()
    payload = models.JSONField(default=dict)
    """What the provider said, without any address."""
    applied_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("provider", "dedupe_key"), name="delivery_event_once"),
        )
        indexes = (
            models.Index(fields=("at",), name="delivery_event_at"),
            models.Index(
                fields=("id",),
                condition=models.Q(applied_at__isnull=True),
                name="delivery_event_unapplied",
            ),
        )

    def __str__(self) -> str:
        return f"{self.provider} {self.kind}"


class Cause(models.TextChoices):
    """Who or what paused sending."""

    OPERATOR = "operator", "a person"
    REFUSED = "refused", "the transport refuses us"
    BREAKER = "breaker", "too many bounces or complaints"
    CANARY = "canary", "an unsubscribe that did not hold"
    RESTORED = "restored", "restored from a back-up"
    UNLOGGED = "unlogged", "restored from a back-up, without the log of who left since"


class SendPause(models.Model):
    """While a row exists, no send begins on that transport (``*``: on any)."""

    transport = models.CharField(max_length=16, unique=True)
    reason = models.TextField()
    since = models.DateTimeField()
    cause = models.CharField(max_length=10, choices=Cause.choices, default=Cause.OPERATOR)

    def __str__(self) -> str:
        return f"{self.transport}: {self.reason}"
