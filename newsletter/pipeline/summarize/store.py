"""The rows of summaries: which are to be written, by whom, and what is recorded of each outcome.

A row, as that of a full text, is filled by one worker at a time. Leasing it is a conditional UPDATE of
``leased_until``, which is lease and fence in one: what was made under a lease is kept only while that moment
still stands in the row. All waiting is in real time.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from newsletter.adapters.llm.calls import OPERATOR_STATUSES, TOO_MANY
from newsletter.adapters.ports import Summariser
from newsletter.core.summaries.grounding import Refusal
from newsletter.core.summaries.summary import DetailLevel, Draft, Voice, Wanted, summary_to_json
from newsletter.core.summaries.summary import Summary as SummaryValue
from newsletter.errors import Interrupted, NewsletterError, PermanentError, TemporaryError, UnusableAnswer
from newsletter.models import FullTextRecord, Paper, Summary, SummaryRequest
from newsletter.pipeline.select.requests import sync_requests

LEASE = timedelta(minutes=5)
"""Longer than a model call with its waits and retries may take."""
PAUSES = (timedelta(0), timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=40))
"""After each failure in turn: an outage of the model's service is shorter than all of them together."""
MAX_ATTEMPTS = len(PAUSES) + 1
MAX_REFUSALS = 3
"""An answer without evidence for its headline is paid: ask again, not until it suits."""

DAILY_CAP, RATE = "daily_cap", "rate"
UNGROUNDED = "ungrounded: "
"""Before the reason of the headline's refusal."""

Key = dict[str, Any]


PATIENCE = timedelta(minutes=30)
"""How long past its slot a digest waits for summaries (docs/delivery.md, "What a digest waits for")."""


class Fallback(StrEnum):
    """Why a summary is less deep than a reader asked for."""

    NO_FULL_TEXT = "no_full_text"
    """For good: this version is not asked for at detail ``reading`` again."""
    FULL_TEXT_LATE = "full_text_late"
    """For now: a digest could not wait for it any longer."""


def open_requests(
    *, now: datetime, summariser: Summariser, transactional: bool | None = None
) -> list[Wanted]:
    """Return what is requested and may still come, the soonest first; of all, or of what a person awaits."""
    if summariser.voice is Voice.AUTHORS:  # extracts are written when a digest is composed
        return []
    sync_requests()
    requests = SummaryRequest.objects.filter(paper_version=F("paper__version"))
    if transactional is not None:
        requests = requests.filter(is_transactional=transactional)
    rows = Summary.objects.filter(
        paper_id__in=requests.order_by().values("paper_id"),
        paper_version=F("paper__version"),
        model=summariser.model,
        prompt_version=summariser.prompt_version,
    ).defer("content")
    written = {(row.paper_id, row.language): row for row in rows}
    return [
        want
        for want in (
            Wanted(each.paper_id, each.language, DetailLevel(each.detail), each.needed_at)
            for each in requests
        )
        if may_still_come(
            written.get((want.paper_id, summariser.language_for(want.language))),
            want.detail,
            within=PATIENCE,
            is_early=want.due_at is not None and now < want.due_at,
        )
    ]


def key_of(paper: Paper, summariser: Summariser, *, language: str) -> Key:
    return {
        "paper": paper,
        "paper_version": paper.version,
        "language": language,
        "prompt_version": summariser.prompt_version,
        "model": summariser.model,
    }


def is_open(key: Key, *, detail: DetailLevel) -> bool:
    """Whether somebody could lease it: not written so deep, not being written, not given up."""
    return not Summary.objects.filter(**key).exists() or Summary.objects.filter(_open(detail), **key).exists()


def lease(key: Key, *, detail: DetailLevel) -> Summary | None:
    """Return the row to fill, or None when it is not open; of several that ask at once one gets it."""
    _add(key, detail=detail)
    is_ours = Summary.objects.filter(_open(detail), **key).update(
        leased_until=timezone.now() + LEASE, asked_at=timezone.now(), attempts=F("attempts") + 1
    )
    return Summary.objects.get(**key) if is_ours else None


def put_off(key: Key, *, detail: DetailLevel, until: datetime) -> None:
    """Note that it is beyond today's tokens: a digest does not wait for it, and says why it is not there."""
    _add(key, detail=detail)
    Summary.objects.filter(_open(detail), **key).update(failure=DAILY_CAP, retry_at=until)


def _add(key: Key, *, detail: DetailLevel) -> None:
    """Add the row unless it is there. What was taken down as an earlier prompt had it stays down."""
    same = {name: value for name, value in key.items() if name != "prompt_version"}
    down = (
        Summary.objects.filter(**same, withheld_at__isnull=False)
        .values_list("withheld_at", flat=True)
        .first()
    )
    row = Summary(**key, detail=detail.value, withheld_at=down, is_final=down is not None)
    Summary.objects.bulk_create([row], ignore_conflicts=True)


def may_still_come(
    row: Summary | None, detail: DetailLevel, *, within: timedelta, is_early: bool = False
) -> bool:
    """Whether a summary may be written so deep in that time: it is not yet, and it was not given up.

    The one rule for what is asked for and for what a digest waits; ``row`` is what there is of it. A full
    text that came too late for one digest is asked for again while it is early for another.
    """
    if row is None:
        return True
    is_settled = row.fallback and not (is_early and row.fallback == Fallback.FULL_TEXT_LATE)
    is_written = row.written_at is not None and (is_settled or DetailLevel(row.detail).rank >= detail.rank)
    if is_written or row.is_final or row.attempts >= MAX_ATTEMPTS:
        return False
    return row.retry_at is None or row.retry_at - timezone.now() <= within


def settle_for_less(key: Key, *, fallback: str) -> None:
    """Note on a summary that is written already why it will not become deeper."""
    Summary.objects.filter(**key, content__isnull=False).exclude(detail=DetailLevel.READING).update(
        fallback=fallback
    )


def record_summary(
    row: Summary, summary: SummaryValue, draft: Draft, *, detail: DetailLevel, fallback: str, now: datetime
) -> None:
    """Keep what passed grounding; ``detail`` is what the model was asked for."""
    write(
        row,
        content=summary_to_json(summary),
        detail=detail.value,
        fallback=fallback,
        failure="",
        attempts=0,
        first_written_at=Coalesce("first_written_at", "written_at"),
        written_at=now,
        **_spent(draft.input_tokens, draft.output_tokens),
    )


def record_refusal(row: Summary, refusal: Refusal, draft: Draft) -> None:
    write(
        row,
        failure=f"{UNGROUNDED}{refusal.reason}",
        is_final=row.attempts >= MAX_REFUSALS,
        **_spent(draft.input_tokens, draft.output_tokens),
    )


def record_failure(row: Summary, error: NewsletterError) -> bool:
    """Note why there is no summary. True when no other paper would fare better at present.

    What is not the paper's fault takes no attempt from it.
    """
    now = timezone.now()
    fields: dict[str, Any] = {"failure": _reason(error)}
    if isinstance(error, UnusableAnswer | Interrupted):
        fields |= _spent(error.input_tokens, error.output_tokens)
    if not isinstance(error, TemporaryError):
        write(row, is_final=isinstance(error, PermanentError), **fields)
        return False
    wait = timedelta(seconds=error.retry_after or 0)
    if _is_nobodys_fault(error):
        write(row, attempts=F("attempts") - 1, retry_at=now + wait, **fields)
        return error.reason != DAILY_CAP
    pause = PAUSES[min(row.attempts, len(PAUSES)) - 1]
    write(row, retry_at=now + max(wait, pause), **fields)
    return False


def _open(detail: DetailLevel) -> Q:
    shallower = [other.value for other in DetailLevel if other.rank < detail.rank]
    unwritten = Q(content__isnull=True) | (Q(detail__in=shallower) & ~Q(fallback=Fallback.NO_FULL_TEXT))
    return unwritten & is_free(max_attempts=MAX_ATTEMPTS, real_now=timezone.now())


def _is_nobodys_fault(error: TemporaryError) -> bool:
    """No turn, no tokens, or a key or model name that the operator must mend."""
    return error.reason in {RATE, DAILY_CAP} or error.status in {TOO_MANY, *OPERATOR_STATUSES}


def _reason(error: NewsletterError) -> str:
    reason = error.reason if isinstance(error, PermanentError | TemporaryError) else ""
    return (reason or type(error).__name__)[:80]


def _spent(input_tokens: int, output_tokens: int) -> dict[str, Any]:
    return {
        "input_tokens": F("input_tokens") + input_tokens,
        "output_tokens": F("output_tokens") + output_tokens,
    }


def is_free(*, max_attempts: int, real_now: datetime) -> Q:
    """Select rows that nobody is filling, whose wait is over, and that were not given up."""
    unleased = Q(leased_until__isnull=True) | Q(leased_until__lte=real_now)
    due = Q(retry_at__isnull=True) | Q(retry_at__lte=real_now)
    return unleased & due & Q(is_final=False, attempts__lt=max_attempts)


def write(row: Summary | FullTextRecord, **fields: object) -> bool:
    """Write under the lease that ``row`` was read with, and end it; say whether it was still ours."""
    ours = type(row)._default_manager.filter(pk=row.pk, leased_until=row.leased_until)
    return bool(ours.update(leased_until=None, **fields))
