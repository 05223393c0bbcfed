"""A paper's full text, fetched and read once a version however many workers ask for it.

A lease of its record keeps two workers from reading it twice; the text stays for a day, so that a second
language or another try needs no second download. What cannot be had is recorded with its reason.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from newsletter.adapters import registry
from newsletter.adapters.arxiv.gate import TURN
from newsletter.adapters.ports import FullTextSource, PaperFigure, PaperText
from newsletter.core.arxiv.figures import may_show_figures
from newsletter.core.arxiv.full_text import FullText, full_text_from_json, full_text_to_json
from newsletter.core.storable import is_storable, storable, storable_value
from newsletter.errors import NewsletterError, PermanentError, TemporaryError
from newsletter.models import Figure, FullTextRecord, KeptText, Paper
from newsletter.pipeline.summarize.store import is_free, write

log = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
MAX_FIGURES = 4
LONGEST_NUMBER, LONGEST_LICENCE = 12, 255
"""Characters. Half of a licence's address might be another's: a longer one is not known."""
LEASE = timedelta(minutes=6)
"""Longer than a task may take (worker.app: five minutes); real time."""
KEPT_FOR = timedelta(hours=24)
"""Also the least time between two downloads of the same page (arXiv: one identical query a day)."""
SOON = timedelta(minutes=5)
TURN_PAUSE = timedelta(seconds=30)
"""Before waiting again for a turn at arXiv; nothing was asked, so no attempt is used."""
WORTH_WAITING = timedelta(minutes=20)
"""A digest waits 30 minutes for its summaries: a text that may come within this is waited for."""
UNAVAILABLE, THROTTLED, INTERRUPTED = "unavailable", "throttled", "interrupted"
RETRIED_NEXT_DAY = frozenset({"missing", "not_paper", "other_paper", "truncated", "timed_out"})
"""arXiv may not have made all of the HTML yet, the machine may be busy. Any other reason is final."""


class FullTextLater(TemporaryError):
    """The text may be there soon: another worker is reading it, or arXiv could not be asked just now."""


def full_text_for(paper: Paper, *, source: FullTextSource, now: datetime) -> FullText | None:
    """Return the text of the paper's present version, or None where it cannot be had (the record says why).

    Raises FullTextLater, with ``retry_after``, where coming back within minutes is worth it.
    """
    key = {"paper": paper, "paper_version": paper.version}
    if kept := _kept_text(paper):
        return kept
    FullTextRecord.objects.bulk_create([FullTextRecord(**key)], ignore_conflicts=True)
    if wait := _throttled_for(paper):
        _wait_for(paper, wait)
        return None
    record = _lease(paper)
    if record is None:
        return _text_of_others(paper)
    try:
        record.licence = _licence(paper, source=source)
        allowed = may_show_figures(record.licence, policy=settings.CONFIG.figures)
        found = source.read(paper.record, figures=MAX_FIGURES if allowed else 0)
        _save(record, found, now=now)
    except NewsletterError as error:
        _record_failure(record, error)
        return _text_of_others(paper)
    return found.text


def forget_texts(*, real_now: datetime) -> int:
    """Remove the texts whose day is over; return how many."""
    return KeptText.objects.filter(kept_until__lte=real_now).delete()[0]


def _kept_text(paper: Paper) -> FullText | None:
    kept = KeptText.objects.filter(
        record__paper=paper, record__paper_version=paper.version, kept_until__gt=timezone.now()
    ).first()
    return full_text_from_json(kept.content) if kept else None


def _throttled_for(paper: Paper) -> float:
    """Return for how many seconds arXiv, asked for other papers, has asked this service to wait."""
    real_now = timezone.now()
    asked = FullTextRecord.objects.filter(reason=THROTTLED, retry_at__gt=real_now).exclude(paper=paper)
    latest = asked.order_by("-retry_at").values_list("retry_at", flat=True).first()
    return (latest - real_now).total_seconds() if latest else 0.0


def _wait_for(paper: Paper, wait: float) -> None:
    """Raise FullTextLater where coming back in ``wait`` seconds is worth it."""
    if 0 < wait <= WORTH_WAITING.total_seconds():
        raise FullTextLater(f"the full text of {paper} may be there soon", retry_after=wait)


def _lease(paper: Paper) -> FullTextRecord | None:
    """Return the record to fill, or None when it is being read, was read today, or failed for now or good."""
    real_now = timezone.now()
    free = is_free(max_attempts=MAX_ATTEMPTS, real_now=real_now)
    unread = Q(read_at__isnull=True) | Q(read_at__lte=real_now - KEPT_FOR)
    until = real_now + LEASE
    rows = FullTextRecord.objects.filter(paper=paper, paper_version=paper.version)
    is_ours = rows.filter(free, unread).update(
        leased_until=until, attempts=F("attempts") + 1, reason=INTERRUPTED
    )
    return rows.get() if is_ours else None


def _text_of_others(paper: Paper) -> FullText | None:
    """Return what another worker has read meanwhile, or None. Raises FullTextLater."""
    if kept := _kept_text(paper):
        return kept
    record = FullTextRecord.objects.get(paper=paper, paper_version=paper.version)
    times = (record.leased_until, record.retry_at if record.attempts < MAX_ATTEMPTS else None)
    waits = [(at - timezone.now()).total_seconds() for at in times if at]
    if not record.is_final:
        _wait_for(paper, max(waits, default=0.0))
    return None


def _licence(paper: Paper, *, source: FullTextSource) -> str:
    """Return the licence; not to know it costs the figures, never the text."""
    if settings.CONFIG.figures == "off":
        return ""
    try:
        licence = source.licence(paper.record)
        return licence if len(licence) <= LONGEST_LICENCE and is_storable(licence) else ""
    except NewsletterError as error:
        if _is_throttling(error):
            raise
        log.warning("the licence of %s is not known: %s", paper, error)
        return ""


def _save(record: FullTextRecord, found: PaperText, *, now: datetime) -> None:
    """Write what was read, if the lease is still ours."""
    real_now, text = timezone.now(), found.text
    figures = _stored_all(record, found.figures)
    with transaction.atomic():
        is_ours = write(
            record,
            attempts=0,
            reason="",
            retry_at=None,
            read_at=real_now,
            fetched_at=now,
            licence=record.licence,
            is_cut=text.is_cut,
            affiliations=storable_value(text.affiliations),
            keywords=storable_value(text.keywords),
            links=storable_value(text.links),
            cites=list(dict.fromkeys(each.arxiv_id for each in text.references if each.arxiv_id)),
        )
        if is_ours:
            content = storable_value(full_text_to_json(text))
            kept = {"content": content, "kept_until": real_now + KEPT_FOR}
            KeptText.objects.update_or_create(record=record, defaults=kept)
            record.figures.all().delete()
            Figure.objects.bulk_create(figures)


def _stored_all(record: FullTextRecord, found: Sequence[PaperFigure]) -> list[Figure]:
    """A folder that cannot be written costs the figures, never the text."""
    try:
        return [_stored(record, figure, position) for position, figure in enumerate(found)]
    except TemporaryError as error:
        log.error("no figures of %s: %s", record.paper, error)  # noqa: TRY400  # the message says it all
        return []


def _stored(record: FullTextRecord, figure: PaperFigure, position: int) -> Figure:
    store = registry.figure_store(settings.CONFIG)
    small = figure.mail_image
    return Figure(
        record=record,
        position=position,
        number=storable(figure.number)[:LONGEST_NUMBER],
        caption=storable(figure.caption),
        image=store.put(figure.image),
        width=figure.image.width,
        height=figure.image.height,
        mail_image=store.put(small) if small else "",
        mail_width=small.width if small else 0,
        mail_height=small.height if small else 0,
    )


def _record_failure(record: FullTextRecord, error: NewsletterError) -> None:
    real_now = timezone.now()
    log.warning("no full text of %s: %s", record.paper, error)
    if isinstance(error, TemporaryError) and error.reason == TURN:
        write(record, reason="", attempts=record.attempts - 1, retry_at=real_now + TURN_PAUSE)
    elif not isinstance(error, PermanentError):
        wait = error.retry_after if isinstance(error, TemporaryError) else None
        pause = max(timedelta(seconds=wait or 0.0), SOON)
        reason = THROTTLED if _is_throttling(error) else UNAVAILABLE
        write(record, reason=reason, retry_at=real_now + pause)
    elif error.reason in RETRIED_NEXT_DAY:
        write(record, reason=error.reason, retry_at=real_now + KEPT_FOR)
    else:
        write(record, reason=error.reason[:40] or "refused", is_final=True)


def _is_throttling(error: NewsletterError) -> bool:
    return isinstance(error, TemporaryError) and error.status in {429, 503}
