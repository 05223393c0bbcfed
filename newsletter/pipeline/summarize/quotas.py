"""What a model may cost for one reader's own topics on one day (UTC).

A paper that some topic of everyone's matches is the operator's choice, and costs no reader anything. One that
only private topics match is charged to their owners in equal shares: what it has cost today, or will about.
All of them together get a part of the day's tokens: whoever has ten addresses is ten readers.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, time, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from newsletter.adapters.ports import Summariser
from newsletter.core.summaries.summary import DetailLevel, Wanted
from newsletter.models import Match, Paper, Summary
from newsletter.pipeline.summarize import store as rows

ABOUT = {DetailLevel.HEADLINE: 2_000, DetailLevel.TAKEAWAYS: 3_000, DetailLevel.READING: 25_000}
"""Tokens of one summary, in and out, until it is known."""
PART_OF_ALL = 0.5
"""Of NEWSLETTER_GEMINI_DAILY_TOKENS, for the own topics of all readers together."""
CHUNK = 500


def within_quotas(jobs: Sequence[Wanted], *, summariser: Summariser) -> list[Wanted]:
    """Return the jobs that may be done today; the others are noted as beyond the cap, and may be tomorrow."""
    owners, _ = _matched({job.paper_id for job in jobs})
    if not owners:
        return list(jobs)
    spent, together = _spent_today()
    quota = settings.CONFIG.subscriber_daily_tokens
    left = PART_OF_ALL * settings.CONFIG.gemini_daily_tokens - together
    papers = Paper.objects.in_bulk(owners)
    allowed: list[Wanted] = []
    for job in jobs:
        paper = papers.get(job.paper_id)
        key = rows.key_of(paper, summariser, language=job.language) if paper else None
        if key is None or not rows.is_open(key, detail=job.detail):  # everyone's, or nothing to pay
            allowed.append(job)
        elif left > 0 and (paying := [each for each in owners[job.paper_id] if spent[each] < quota]):
            for owner in paying:
                spent[owner] += ABOUT[job.detail] / len(paying)
            left -= ABOUT[job.detail]
            allowed.append(job)
        else:
            rows.put_off(key, detail=job.detail, until=_begin_of_day() + timedelta(days=1))
    return allowed


def _begin_of_day() -> datetime:
    return datetime.combine(timezone.now().date(), time.min, tzinfo=UTC)


def _matched(paper_ids: Collection[int]) -> tuple[dict[int, frozenset[int]], set[int]]:
    """Return the papers that private topics alone match, and whose; and those that everyone's match."""
    owners = defaultdict[int, set[int]](set)
    public = set[int]()
    ids = sorted(paper_ids)
    for start in range(0, len(ids), CHUNK):
        found = Match.objects.filter(paper_id__in=ids[start : start + CHUNK])
        for paper_id, owner_id in found.values_list("paper_id", "topic__owner_id"):
            if owner_id is None:
                public.add(paper_id)
            else:
                owners[paper_id].add(owner_id)
    private = {paper_id: frozenset(each) for paper_id, each in owners.items() if paper_id not in public}
    return private, public


def _spent_today() -> tuple[defaultdict[int, float], int]:
    """Return what each reader's own topics have cost today, and all that everyone's topics did not cost.

    Whoever removes a topic is charged for it no more. It is not given back to the others.
    """
    spent, tokens = defaultdict[int, float](float), Counter[int]()
    paid = Q(input_tokens__gt=0) | Q(output_tokens__gt=0)
    for paper_id, taken, given in Summary.objects.filter(paid, asked_at__gte=_begin_of_day()).values_list(
        "paper_id", "input_tokens", "output_tokens"
    ):
        tokens[paper_id] += taken + given
    owners, public = _matched(tokens)
    for paper_id, sharers in owners.items():
        for owner in sharers:
            spent[owner] += tokens[paper_id] / len(sharers)
    return spent, sum(tokens[paper_id] for paper_id in tokens.keys() - public)
