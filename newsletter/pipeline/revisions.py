"""Ask arXiv once a week what has become of the papers that somebody read, saved or liked.

What changed is saved with the papers, and as revisions where readers would want to know
(``models/revision.py``). Every request is recorded. One that fails is tried again by the next turn, without
an alarm: no digest waits for it. Papers of a library that this service never had are not asked for: it does
not know how they were.
"""

from __future__ import annotations

import logging
from collections import deque
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.db.models.functions import Coalesce

from newsletter.adapters.ports import Answer, PaperFinder
from newsletter.core.arxiv.revisions import TOLD_FOR
from newsletter.core.delivery.retry_policy import LONGEST_WAIT
from newsletter.core.storable import storable
from newsletter.errors import NewsletterError, PermanentError, TemporaryError
from newsletter.models import GatherRun, Paper, PaperFeedback, RevisionAsk, Summary
from newsletter.models.taste import IS_LIKED
from newsletter.pipeline.gather import LONGEST_ERROR, save_papers

log = logging.getLogger(__name__)

EVERY = timedelta(days=7)
IDS = 200
"""Of one request."""
MOST_REQUESTS = 10
"""Of one turn: half a minute at arXiv's pace."""
_BAD_REQUEST = 400


def ask_revisions(finder: PaperFinder, *, now: datetime, turns: int = 1) -> int:
    """Ask for a part of what is due, all of it in ``turns`` such turns; return how many papers changed."""
    if _is_held_off(now):
        return 0
    due = _due(now)
    groups = [due[start : start + IDS] for start in range(0, len(due), IDS)]
    waiting, updated = deque(groups[: -(-len(groups) // turns)]), 0
    for _ in range(MOST_REQUESTS):
        if not waiting:
            break
        group = waiting.popleft()
        try:
            updated += _save(finder.by_ids(group), asked=group, now=now)
        except PermanentError as error:
            _record_failure(error, asked=group, now=now)
            if error.status != _BAD_REQUEST:
                break
            # One id that arXiv refuses costs the others nothing, and itself a week.
            half = len(group) // 2
            if half:
                waiting.extendleft((group[half:], group[:half]))
            else:
                Paper.objects.filter(arxiv_id__in=group).update(state_asked_at=now)
        except Exception as error:
            _record_failure(error, asked=group, now=now)
            break
    return updated


def _is_held_off(now: datetime) -> bool:
    asked_to_wait = RevisionAsk.objects.filter(retry_at__gt=now).exists()
    return asked_to_wait or GatherRun.objects.filter(retry_at__gt=now, from_file=False).exists()


def _due(now: datetime) -> list[str]:
    """Return the ids to ask for, those first whose state was known longest ago."""
    since = now - TOLD_FOR
    written = Summary.objects.filter(paper=OuterRef("pk"), content__isnull=False)
    kept = PaperFeedback.objects.filter(IS_LIKED, at__gt=since).values("arxiv_id")
    papers = Paper.objects.annotate(known_at=Coalesce("state_asked_at", "first_seen_at"))
    old = papers.filter(known_at__lte=now - EVERY).values_list("known_at", "arxiv_id")
    # Two queries: with OR neither index would be used.
    read = old.filter(Exists(written), first_seen_at__gt=since)
    return [arxiv_id for _, arxiv_id in sorted({*read, *old.filter(arxiv_id__in=kept)})]


@transaction.atomic
def _save(answer: Answer, *, asked: list[str], now: datetime) -> int:
    """Save what arXiv says; nothing is concluded about a paper that the answer lacks."""
    wanted = set(asked)
    # Not matched anew: a paper of half a year ago must not come as a new one.
    papers, odd, updated = save_papers(
        (paper for paper in answer.papers if paper.arxiv_id in wanted), now=now, is_matched_anew=False
    )
    Paper.objects.filter(arxiv_id__in=asked).update(state_asked_at=now)
    RevisionAsk.objects.create(
        started_at=now,
        asked=len(asked),
        received=len(papers),
        updated=updated,
        refused=[storable(line) for line in (*answer.refused, *odd)],
    )
    return updated


def _record_failure(error: Exception, *, asked: list[str], now: datetime) -> None:
    if not isinstance(error, NewsletterError):
        log.exception("asking what has become of papers broke off")
    wait = error.retry_after if isinstance(error, TemporaryError) else None
    RevisionAsk.objects.create(
        started_at=now,
        asked=len(asked),
        error=storable(str(error))[:LONGEST_ERROR] or type(error).__name__,
        retry_at=now + timedelta(seconds=min(wait, LONGEST_WAIT.total_seconds())) if wait else None,
    )
