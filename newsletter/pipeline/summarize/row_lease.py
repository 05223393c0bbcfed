"""Rows that one worker at a time fills, summaries and full texts: which are free, and how a claim is written.

Claiming is a conditional UPDATE of ``leased_until``, which is lease and fence in one: what was made under a
claim is kept only while that moment still stands in the row. All waiting is in real time.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from newsletter.models import FullTextRecord, Summary


def is_free(*, max_attempts: int, real_now: datetime) -> Q:
    """Select rows that nobody is filling, whose wait is over, and that were not given up."""
    unleased = Q(leased_until__isnull=True) | Q(leased_until__lte=real_now)
    due = Q(retry_at__isnull=True) | Q(retry_at__lte=real_now)
    return unleased & due & Q(is_final=False, attempts__lt=max_attempts)


def write(row: Summary | FullTextRecord, **fields: object) -> bool:
    """Write under the claim that ``row`` was read with, and end it; say whether it was still ours."""
    ours = type(row)._default_manager.filter(pk=row.pk, leased_until=row.leased_until)
    return bool(ours.update(leased_until=None, **fields))
