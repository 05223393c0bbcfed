"""The circuit breaker: a transport whose mails bounce or offend too often pauses until a person resumes."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q, QuerySet

from newsletter.core.breaker import BOUNCES, COMPLAINTS, Fuse
from newsletter.models import Delivery, Incident
from newsletter.models.delivery import SENT, Cause, State
from newsletter.pipeline.sending.brake import pause_sending, pauses_on
from newsletter.pipeline.watching.watched import PAUSED

BOUNCED = Q(state=State.BOUNCED) | Q(state=State.FAILED, last_code__startswith="5")
"""Refused later, as the provider reports, or at once by the receiving server. HTTP 400 is our own fault."""
COMPLAINED = Q(state=State.COMPLAINED)


def look_at_bounces(transport: str, *, now: datetime) -> bool:
    """Pause ``transport`` if too many of its mails bounced or drew complaints; say whether it was paused now.

    Mails from before the last resume do not count: who resumed knew of them.
    """
    if pauses_on(transport):
        return False
    for fuse, cases in ((BOUNCES, BOUNCED), (COMPLAINTS, COMPLAINED)):
        if reason := _blown(fuse, cases, transport=transport, now=now):
            pause_sending(reason, transport=transport, cause=Cause.BREAKER, now=now)
            return True
    return False


def _blown(fuse: Fuse, cases: Q, *, transport: str, now: datetime) -> str:
    """Return what to say of a fuse that has blown. The few cases are counted first: usually that is all."""
    sent = _sent_since(max(now - fuse.window, _last_resume() or now - fuse.window), transport=transport)
    found = sent.filter(cases).count()
    if found < fuse.min_cases:
        return ""
    mails = sent.count()
    if not fuse.blows(cases=found, mails=mails):
        return ""
    days = "day" if fuse.window.days == 1 else f"{fuse.window.days} days"
    share, limit = f"{found / mails:.2%}", f"{fuse.limit:.1%}"
    return f"{found:,} of {mails:,} mails of the last {days} {fuse.what}: {share}, the limit is {limit}"


def _sent_since(since: datetime, *, transport: str) -> QuerySet[Delivery]:
    with_outcome = Q(state__in=SENT) | Q(state=State.FAILED, last_code__startswith="5")
    return Delivery.objects.filter(with_outcome, transport=transport, outcome_at__gte=since)


def _last_resume() -> datetime | None:
    ended = Incident.objects.filter(name=PAUSED, closed_at__isnull=False)
    return ended.order_by("-closed_at").values_list("closed_at", flat=True).first()
