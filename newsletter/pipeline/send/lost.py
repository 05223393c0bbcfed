"""Deliveries whose worker is gone or gave up: what became of each, as the send journals say.

A body that had not begun never left: RETRY_WAIT. Of one that had begun the journal tells whether it was
answered (that outcome), certainly not sent as a whole (RETRY_WAIT), or neither (AMBIGUOUS).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet

from newsletter.adapters.infra.send_journal import Found, SendJournal
from newsletter.adapters.ports import Outcome, Verdict
from newsletter.core.delivery.retry_policy import EVIDENCE_WAIT
from newsletter.core.delivery.send_journal import Answer, Unanswered
from newsletter.models import Delivery
from newsletter.models.delivery import LEASED, State
from newsletter.models.set_based import update_each
from newsletter.pipeline.db_retry import together_or_apart
from newsletter.pipeline.send.outcomes import Answered, Moment, record

KEPT = timedelta(days=14)
"""After the last line: for whoever restores a back-up, to learn what was accepted since."""
LONGEST_WAIT = timedelta(minutes=15)
"""After a lease has ended: for somebody who can lock the journal. It may be in the folder of another machine,
or its process is stopped."""


def end_leases(owners: Collection[str], *, journal: SendJournal, at: Moment) -> Counter[str]:
    """End every lease of these dead processes of this machine; return how many went to which state."""
    held = Delivery.objects.filter(LEASED, lease_owner__in=owners)
    held.filter(state=State.PLANNED).update(lease_owner="", lease_until=None)
    return lapse(held, journal=journal, at=at, is_of_here=True)


def expire_leases(*, journal: SendJournal, at: Moment) -> Counter[str]:
    """End the leases that have run out."""
    return lapse(Delivery.objects.filter(lease_until__lt=at.real_now), journal=journal, at=at)


def remove_journals(journal: SendJournal, *, real_now: datetime) -> None:
    """Delete the journals of ended processes that no delivery needs any more, and no restored one will."""
    if others := journal.others(before=real_now - KEPT):
        named = Delivery.objects.filter(LEASED).order_by().values_list("journal", flat=True).distinct()
        journal.remove(others.difference(named))


def lapse(
    held: QuerySet[Delivery],
    *,
    journal: SendJournal,
    at: Moment,
    is_of_here: bool = False,
    delay: timedelta = timedelta(),
    given_back: int = 0,
) -> Counter[str]:
    """End the leases of these deliveries; what was not sent may be retried after ``delay``.

    ``is_of_here``: their journals would be in our folder. An attempt stays counted, since it ended without an
    outcome, unless 1 is ``given_back``. What cannot be decided yet stays as it is.

    1. What has not begun waits again. A worker that is only slow cannot begin it any more.
    2. What has begun is decided journal by journal, under the lock of each.
    """
    again_at = at.real_now + delay
    sending = held.filter(state=State.SENDING)
    waiting = sending.filter(body_begun_at__isnull=True).update(
        **_WAITS, next_attempt_at=again_at, attempt=F("attempt") - given_back
    )
    states = Counter({State.RETRY_WAIT.value: waiting})
    begun = sending.filter(body_begun_at__isnull=False).select_related("selection").order_by("journal")
    for journal_id, rows in groupby(list(begun), key=attrgetter("journal")):
        with journal.found(journal_id) as found:
            fates = {row: _fate(row, found, at=at, is_of_here=is_of_here) for row in rows}
            states += _settle(fates, at=at, again_at=again_at, given_back=given_back)
    return +states


def _settle(
    fates: Mapping[Delivery, Answer | Unanswered | None], *, at: Moment, again_at: datetime, given_back: int
) -> Counter[str]:
    """Write what became of these; an answer that cannot be recorded is none."""
    states = Counter[str]()
    answers = {row.pk: fate for row, fate in fates.items() if isinstance(fate, Answer)}
    answered = [row for row in fates if row.pk in answers]
    unsent = [row for row, fate in fates.items() if fate is Unanswered.NOT_SENT]
    unknown = [row for row, fate in fates.items() if fate is Unanswered.UNKNOWN]
    if answered:
        step = partial(_record, answers=answers, at=at, states=states)
        unknown += together_or_apart(answered, step, done="recorded", most=None)
    states[State.RETRY_WAIT.value] += _retry(unsent, again_at=again_at, given_back=given_back)
    states[State.AMBIGUOUS.value] += _leave_open(unknown, until=at.real_now + EVIDENCE_WAIT)
    return states


_UNLEASED: dict[str, Any] = {"lease_owner": "", "lease_until": None}
_WAITS = _UNLEASED | {"state": State.RETRY_WAIT, "body_begun_at": None}


def _fate(row: Delivery, found: Found, *, at: Moment, is_of_here: bool) -> Answer | Unanswered | None:
    """Return what became of it; None while somebody else may still know more."""
    fate: Answer | Unanswered = Unanswered.UNKNOWN
    if found.journal is not None and row.journal_group is not None:
        fate = found.journal.fate(row.pk, group=row.journal_group)
    if fate is not Unanswered.UNKNOWN or found.is_ended:
        return fate
    is_missing = found.journal is None and (is_of_here or row.journal is None)
    is_late = row.lease_until is None or at.real_now >= row.lease_until + LONGEST_WAIT
    return fate if is_missing or is_late else None


def _record(
    rows: Sequence[Delivery], *, answers: dict[UUID, Answer], at: Moment, states: Counter[str]
) -> list[Delivery]:
    told = [Answered(row, outcome_of(row, answers[row.pk]), at) for row in rows]
    states.update(record(told).values())
    return []


def outcome_of(row: Delivery, answer: Answer) -> Outcome:
    """Return the outcome of a delivery whose answer is in a send journal."""
    return Outcome(
        delivery_id=str(row.pk),
        verdict=Verdict(answer.verdict),
        detail="as the send journal says",
        code=answer.code,
        provider_id=answer.provider_id,
        retry_after=answer.retry_after,
    )


def _retry(rows: Sequence[Delivery], *, again_at: datetime, given_back: int) -> int:
    values = [(row.pk, row.fence, row.attempt - given_back, again_at) for row in rows]
    return len(_update(values, "attempt", "next_attempt_at", to_all=_WAITS))


def _leave_open(rows: Sequence[Delivery], *, until: datetime) -> int:
    values = [(row.pk, row.fence, until) for row in rows]
    return len(_update(values, "next_attempt_at", to_all=_UNLEASED | {"state": State.AMBIGUOUS}))


def _update(values: Sequence[Sequence[Any]], *change: str, to_all: dict[str, Any]) -> set[UUID]:
    return update_each(
        Delivery,
        values,
        match=("id", "fence"),
        change=change,
        to_all=to_all,
        where={"state": [State.SENDING]},
    )
