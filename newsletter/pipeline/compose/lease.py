"""Taking planned digests to be composed: each by one worker at a time, its try counted before it begins.

So a digest that kills its worker has used a try. It then goes with few others, then alone, and after five it
is QUARANTINED. A try that was neither fatal nor broken is given back.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from newsletter.core.delivery.retry_policy import FEW, MAX_ATTEMPTS
from newsletter.models import Delivery
from newsletter.models.delivery import LEASED, TRANSACTIONAL, State
from newsletter.pipeline.lease import boot_id

CHUNK = 200
LEASE = timedelta(minutes=5)
"""As long as a task may take at all; real time."""


def leased(*, now: datetime, transactional: bool, after: uuid.UUID | None = None) -> Iterator[list[Delivery]]:
    """Take every planned digest that nobody else has taken, or of those what a person awaits.

    Those that lost no try come first, in batches, from the id ``after`` on; then the others, a few at a time
    or alone. Each batch is to be ended by ``release``.
    """
    # Whoever begins holds nothing: what stands in our name broke off, and we are still here.
    ours = Delivery.objects.filter(LEASED, state=State.PLANNED, lease_owner=boot_id())
    release(list(ours.only("pk")))
    planned = Delivery.objects.to_compose(now=now).filter(TRANSACTIONAL if transactional else Q())
    # What has lost most tries comes last: if it kills this worker too, the others are done.
    tried = planned.filter(attempt__gt=0).order_by("attempt", "pk").values_list("pk", "attempt")
    groups = _groups(list(tried))
    calm = planned.filter(attempt=0)
    batch = _lease(calm.filter(pk__gt=after) if after else calm, now=now)
    while batch:
        yield batch
        batch = _lease(calm.filter(pk__gt=batch[-1].pk), now=now)
    for keys in groups:
        few = _lease(planned.filter(pk__in=keys), now=now)
        if few and few[0].state == State.PLANNED:
            yield few


def _groups(tried: Sequence[tuple[uuid.UUID, int]]) -> list[list[uuid.UUID]]:
    """Return what is tried again together: a few after one lost try, so that a bad one is soon alone."""
    once = [key for key, attempt in tried if attempt == 1]
    groups = [once[start : start + FEW] for start in range(0, len(once), FEW)]
    return groups + [[key] for key, attempt in tried if attempt > 1]


def release(deliveries: Sequence[Delivery], *, is_counted: bool = False) -> None:
    """Let others take what is still planned of these; whether the try counts is the caller's to say."""
    held = Delivery.objects.filter(pk__in=[row.pk for row in deliveries], lease_owner=boot_id())
    attempt = F("attempt") if is_counted else F("attempt") - 1
    held.filter(state=State.PLANNED).update(attempt=attempt, lease_owner="", lease_until=None)


def _lease(planned: QuerySet[Delivery], *, now: datetime) -> list[Delivery]:
    """Take a batch of these. One whose tries are used up is quarantined, and returned as such."""
    real_now = timezone.now()
    is_free = Q(lease_until__isnull=True) | Q(lease_until__lt=real_now)
    planned = planned.filter(is_free).order_by("pk").select_for_update(skip_locked=True, of=("self",))
    planned = planned.prefetch_related("subscriber__subscriptions__topic")
    with transaction.atomic():
        rows = list(planned[:CHUNK])
        ours = Delivery.objects.filter(pk__in=[row.pk for row in rows])
        if rows and rows[0].attempt >= MAX_ATTEMPTS:
            rows[0].state = State.QUARANTINED
            why = f"composing it broke off {rows[0].attempt} times"
            ours.update(state=State.QUARANTINED, last_detail=why, outcome_at=now)
        else:
            ours.update(attempt=F("attempt") + 1, lease_owner=boot_id(), lease_until=real_now + LEASE)
    return rows
