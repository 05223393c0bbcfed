"""Which of the operator's notices each digest tells: once to a reader, and only to whom they concern.

In at most three statements a batch: one where nothing is current.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from django.db.models import Max, Q

from newsletter.core.digests.digest import Notice, NoticeKind
from newsletter.core.digests.seen_papers import unpack_seen
from newsletter.core.digests.selection import Place
from newsletter.models import Delivery, DigestNotice, Subscriber
from newsletter.models.delivery import SENT, Kind
from newsletter.models.notice import TOLD_FOR

MOST_CURRENT, MOST_TOLD = 200, 10
"""Notices that are looked at, and that one digest tells: the newest."""
Got = Mapping[int, Sequence[tuple[datetime, frozenset[int]]]]
"""Reader → when each of their digests was composed, and the papers that it gave a summary of."""


def notices_for(
    subscribers: Iterable[Subscriber], *, now: datetime, language_for: Callable[[str], str]
) -> dict[int, tuple[Notice, ...]]:
    """Return what is to be told to each of these readers, their subscriptions loaded; the newest first.

    ``language_for`` says in which language a reader's summaries are.
    """
    current = _current(now)
    if not current:
        return {}
    readers = {each.pk: each for each in subscribers}
    told = _told_until(readers, since=current[-1].published_at)
    got = _got(readers.values(), current)
    found = {}
    for key, reader in readers.items():
        concerned = (
            each.in_language(reader.language)
            for each in current
            if not (key in told and told[key] >= each.published_at)
            and _concerns(each, reader, got=got, language_for=language_for)
        )
        if notices := tuple(concerned)[:MOST_TOLD]:
            found[key] = notices
    return found


def _current(now: datetime) -> list[DigestNotice]:
    valid = Q(until__isnull=True) | Q(until__gt=now)
    published = DigestNotice.objects.filter(valid, published_at__gt=now - TOLD_FOR, published_at__lte=now)
    return list(published.order_by("-published_at")[:MOST_CURRENT])


def _told_until(readers: Mapping[int, Subscriber], *, since: datetime) -> dict[int, datetime]:
    """Return up to when each reader was told everything: where their last sent digest ends."""
    sent = Delivery.objects.filter(
        subscriber__in=readers, kind=Kind.DIGEST, state__in=SENT, covers_until__gte=since
    )
    rows = sent.order_by().values_list("subscriber_id").annotate(until=Max("covers_until"))
    return {key: until for key, until in rows if key is not None}


def _got(readers: Iterable[Subscriber], current: Sequence[DigestNotice]) -> Got:
    """Return which digests gave these readers a summary that was corrected since."""
    wrong = [each for each in current if each.shown_since is not None]
    if not wrong:
        return {}
    papers = {each.paper_id for each in wrong if each.paper_id}
    has_seen = [each.pk for each in readers if not papers.isdisjoint(unpack_seen(bytes(each.seen_papers)))]
    since = min(each.shown_since for each in wrong if each.shown_since)
    sent = Delivery.objects.filter(
        subscriber__in=has_seen, kind=Kind.DIGEST, state__in=SENT, composed_at__gte=since
    )
    found = defaultdict[int, list[tuple[datetime, frozenset[int]]]](list)
    for row in sent.select_related("selection").only("subscriber_id", "composed_at", "selection__content"):
        given = (*row.selected.shown(Place.SUMMARIZED), *row.selected.shown(Place.NEAR))
        if row.subscriber_id and row.composed_at:
            found[row.subscriber_id].append((row.composed_at, frozenset(given)))
    return found


def _concerns(
    notice: DigestNotice, reader: Subscriber, *, got: Got, language_for: Callable[[str], str]
) -> bool:
    if notice.kind == NoticeKind.CORRECTION:
        return notice.language in ("", language_for(reader.language)) and _has_got(notice, reader, got=got)
    if notice.language not in ("", reader.language):
        return False
    if notice.until is None and notice.published_at < reader.joined_at:
        return False
    topics = {each.topic_id for each in reader.subscriptions.all()}
    return notice.topic_id is None or notice.topic_id in topics


def _has_got(notice: DigestNotice, reader: Subscriber, *, got: Got) -> bool:
    if notice.paper_id is None:
        return True
    if notice.shown_since is None:
        return notice.paper_id in unpack_seen(bytes(reader.seen_papers))
    return any(
        notice.shown_since <= composed_at < notice.published_at and notice.paper_id in papers
        for composed_at, papers in got.get(reader.pk, ())
    )
