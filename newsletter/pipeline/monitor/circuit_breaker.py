"""Circuit breakers: pause a transport whose digests bounce or draw complaints too often.

Only digests count, to readers who have been there for a while or whom the operator added. Confirmations go
where a stranger wants them, and have a breaker of their own, which pauses sign-up alone and ends that pause
once its day has passed.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import F, Q, QuerySet

from newsletter.core.delivery.incidents import BOUNCES, COMPLAINTS, CONFIRMATIONS, ESTABLISHED, Fuse
from newsletter.models import Delivery, Incident
from newsletter.models.delivery import SENT, Cause, Kind, State
from newsletter.pipeline.monitor.checks import PAUSED, SIGN_UP_PAUSED
from newsletter.pipeline.send.pause import (
    SIGN_UP,
    pause_sending,
    pauses_on,
    resume_sign_up,
    sign_up_pause,
)

KNOWN = Q(subscriber__confirmed_by_operator=True) | Q(
    subscriber__confirmed_at__lte=F("outcome_at") - ESTABLISHED
)
"""Whoever owns a domain can confirm a dozen addresses in it today, to refuse their digests or to complain."""
BOUNCED = Q(state=State.BOUNCED) | Q(state=State.FAILED, last_code__startswith="5")
"""Refused later, as the provider reports, or at once by the receiving server. HTTP 400 is our own fault."""
COMPLAINED = Q(state=State.COMPLAINED)


def look_at_bounces(transport: str, *, now: datetime) -> bool:
    """Pause ``transport`` if too many of its digests bounced or drew complaints; say if it is paused now.

    Mails before the last resume do not count: the operator knew about them.
    """
    if pauses_on(transport):
        return False
    digests = _sent(transport, kind=Kind.DIGEST)
    for fuse, cases in ((BOUNCES, BOUNCED & KNOWN), (COMPLAINTS, COMPLAINED & KNOWN)):
        if reason := _blown(fuse, cases, among=digests, since=_last_resume(PAUSED), now=now):
            pause_sending(reason, transport=transport, cause=Cause.BREAKER, now=now)
            return True
    return False


def look_at_confirmations(transport: str, *, now: datetime) -> bool:
    """Pause sign-up if too many confirmations bounced, or end that; say whether anything changed."""
    confirmations, refused = _sent(transport, kind=Kind.CONFIRMATION), BOUNCED | COMPLAINED
    since = _last_resume(SIGN_UP_PAUSED)
    reason = _blown(CONFIRMATIONS, refused, among=confirmations, since=since, now=now)
    is_paused = sign_up_pause() is not None
    if reason and not is_paused:
        pause_sending(reason, transport=SIGN_UP, cause=Cause.BREAKER, now=now)
    elif is_paused and not reason:
        resume_sign_up()
    return bool(reason) != is_paused


def _blown(fuse: Fuse, cases: Q, *, among: QuerySet[Delivery], since: datetime | None, now: datetime) -> str:
    """Return the message of a blown fuse, or "". The few cases are counted first: usually that is enough."""
    begin = now - fuse.window
    sent = among.filter(outcome_at__gte=max(begin, since or begin))
    # A reader is one case, however many mails they complain about.
    found = sent.filter(cases).values("subscriber_id").distinct().count()
    if found < fuse.min_cases:
        return ""
    mails = sent.count()
    if not fuse.blows(cases=found, mails=mails):
        return ""
    days = "day" if fuse.window.days == 1 else f"{fuse.window.days} days"
    share, limit = f"{found / mails:.2%}", f"{fuse.limit:.1%}"
    return f"{found:,} of {mails:,} mails of the last {days} {fuse.what}: {share}, the limit is {limit}"


def _sent(transport: str, *, kind: Kind) -> QuerySet[Delivery]:
    with_outcome = Q(state__in=SENT) | Q(state=State.FAILED, last_code__startswith="5")
    return Delivery.objects.filter(with_outcome, transport=transport, kind=kind)


def _last_resume(incident: str) -> datetime | None:
    ended = Incident.objects.filter(name=incident, closed_at__isnull=False)
    return ended.order_by("-closed_at").values_list("closed_at", flat=True).first()
