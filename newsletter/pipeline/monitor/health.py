"""Measure health from the database: ages of waiting work and of last events, and counts.

Progress is measured, not processes: workers have stayed alive but idle. Nothing here names a reader.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import Min, QuerySet

from newsletter.models import (
    CanaryFlight,
    Delivery,
    DeliveryEvent,
    GatherRun,
    Quota,
    SendPause,
)
from newsletter.models.delivery import LEASABLE, SENT, TRANSACTIONAL, Kind, State
from newsletter.pipeline.compose.empty import Empty, empty_digests
from newsletter.pipeline.schedule import due_subscribers
from newsletter.pipeline.send.pause import SIGN_UP, sign_up_pause
from newsletter.pipeline.send.rate_limit import RateLimit
from newsletter.pipeline.summarize.budget import KIND as MODEL_TOKENS

RECENT = timedelta(days=1)


@dataclass(slots=True)
class Health:
    """Moments are those of the oldest or the last of their kind; None: there is none."""

    now: datetime
    waiting: dict[str, datetime | None] = field(default_factory=dict)
    """By where it waits: ``slot``, ``PLANNED``, ``COMPOSED``, ``RETRY_WAIT``; ``transactional``: a person
    waits for it."""
    last: dict[str, datetime | None] = field(default_factory=dict)
    """``gather``, ``accepted``, ``event``, ``canary``."""
    doubt: str = ""
    """Why arXiv's last answer may be incomplete; empty if plausible."""
    doubt_since: datetime | None = None
    """When the first such answer came, with no better one since."""
    is_empty: bool = False
    """That answer held no paper at all."""
    missing: int = 0
    """Entries that arXiv's last answer promised and did not hold."""
    empty: dict[Empty, int] = field(default_factory=dict)
    """Digests without a paper that were composed today, by why."""
    unsettled: int = 0
    quarantined: int = 0
    """In the last day."""
    queue: dict[str, int] = field(default_factory=dict)
    """Mails that could go now: ``digests`` and ``transactional``."""
    day_limit: int | None = None
    day_left: int | None = None
    tokens_used: int = 0
    pauses: list[SendPause] = field(default_factory=list)
    """Of transports; not that of sign-up."""
    sign_up_pause: SendPause | None = None

    def age(self, moment: datetime | None) -> float:
        """Return the seconds since then, 0 for never."""
        return max(0.0, (self.now - moment).total_seconds()) if moment else 0.0

    def waits(self, where: str) -> float:
        """Return for how many seconds the oldest has waited there."""
        return self.age(self.waiting[where])


def measure(*, now: datetime) -> Health:
    """Read everything, a query each."""
    config = settings.CONFIG
    rate_limit = RateLimit(config.mailer, daily=config.send_daily, warmup=config.warmup)
    due = Delivery.objects.due(real_now=now)
    queue, transactional = due.count(), due.filter(TRANSACTIONAL).count()
    doubtful = _doubtful_answers()
    tokens = Quota.objects.filter(kind=MODEL_TOKENS, key="", day=now.date()).first()
    return Health(
        now=now,
        waiting=_waiting(now=now),
        last=_last(),
        doubt=doubtful[-1].doubt if doubtful else "",
        doubt_since=doubtful[0].started_at if doubtful else None,
        is_empty=bool(doubtful) and not doubtful[-1].received,
        missing=_missing(),
        empty=empty_digests(now.astimezone(UTC).date()),
        unsettled=Delivery.objects.filter(state=State.AMBIGUOUS, next_attempt_at__isnull=False).count(),
        quarantined=Delivery.objects.filter(state=State.QUARANTINED, outcome_at__gte=now - RECENT).count(),
        queue={"transactional": transactional, "digests": max(0, queue - transactional)},
        day_limit=rate_limit.limit_on(now.date()),
        day_left=rate_limit.left_today(transactional=False, real_now=now),
        tokens_used=tokens.count if tokens else 0,
        pauses=list(SendPause.objects.exclude(transport=SIGN_UP).order_by("transport")),
        sign_up_pause=sign_up_pause(),
    )


def _waiting(*, now: datetime) -> dict[str, datetime | None]:
    """Return since when the oldest of each waits. A mail put off for its domain's rate waits all the same."""
    planned = Delivery.objects.filter(state=State.PLANNED, slot_at__lte=now)
    found: dict[str, datetime | None] = {
        "slot": due_subscribers(now=now).aggregate(at=Min("next_slot_at"))["at"],
        "PLANNED": planned.aggregate(at=Min("slot_at"))["at"],
    }
    # An alert that cannot be sent must not prolong its own incident, nor mails held by a pause of sign-up.
    held = (Kind.ALERT, Kind.CONFIRMATION) if sign_up_pause() else (Kind.ALERT,)
    for state in LEASABLE:
        mails = Delivery.objects.filter(state=state).exclude(kind__in=held)
        found[state.value] = mails.aggregate(at=Min("composed_at"))["at"]
    transactional = Delivery.objects.due(real_now=now).filter(TRANSACTIONAL).exclude(kind__in=held)
    found["transactional"] = transactional.aggregate(at=Min("next_attempt_at"))["at"]
    return found


def _answers() -> QuerySet[GatherRun]:
    return GatherRun.objects.filter(from_file=False, is_probe=False, error="").order_by("started_at")


def _doubtful_answers() -> list[GatherRun]:
    """Return arXiv's last doubtful answers, back to the last plausible one."""
    answers = _answers()
    believed = answers.filter(doubt="").last()
    doubtful = answers.exclude(doubt="")
    return list(doubtful.filter(started_at__gt=believed.started_at) if believed else doubtful)


def _missing() -> int:
    last = _answers().last()
    if last is None:
        return 0
    return sum(_answers().filter(started_at=last.started_at).values_list("missing", flat=True))


def _last() -> dict[str, datetime | None]:
    gathered = _answers().reverse()
    accepted = [
        Delivery.objects.filter(state=state, outcome_at__isnull=False).order_by("-outcome_at")
        for state in SENT
    ]
    moments = [rows.values_list("outcome_at", flat=True).first() for rows in accepted]
    return {
        "gather": gathered.values_list("started_at", flat=True).first(),
        "accepted": max((moment for moment in moments if moment), default=None),
        "event": DeliveryEvent.objects.order_by("-pk").values_list("at", flat=True).first(),
        "canary": CanaryFlight.objects.filter(judged_at__isnull=False, failure="")
        .order_by("-day")
        .values_list("judged_at", flat=True)
        .first(),
    }
