"""What a selection depends on, as one checksum: while it is the same, so is the selection.

It costs two grouped queries a batch. They count by day, so that a checksum does not depend on who else is in
the batch. Too wide is fine: a changed checksum only means that the selection is made again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Any

from django.db.models import Count, Max, Q, QuerySet, Sum
from django.db.models.functions import TruncDate

from newsletter.core.digests.selection import Selected
from newsletter.models import Match, Paper, Subscriber
from newsletter.pipeline.select.candidates import Offer


class SelectionInputs:
    def __init__(self, *, now: datetime) -> None:
        self._now = now
        self._first = now.astimezone(UTC).date() + timedelta(days=1)
        self._matches: dict[int, list[tuple[Any, ...]]] = {}
        self._papers: list[tuple[Any, ...]] = []
        self._known: dict[tuple[int, date], str] = {}

    def cover(self, offers: Iterable[Offer]) -> None:
        """Load the state of what these offers depend on, unless it is there: before the papers themselves.

        A checksum is then of a state that is not younger than what was selected from.
        """
        offers = list(offers)
        first = min(map(_first_day, offers), default=self._first)
        asked = {offer.subscription.topic_id for offer in offers}
        if first < self._first:
            self._first, self._known = first, {}
            asked |= self._matches.keys()
            papers = self._since_first(Paper.objects.all(), "first_seen_at")
            # Papers that match nothing are in M of "N of M".
            self._papers = list(_state(papers, "day", paper=""))
        else:
            asked -= self._matches.keys()
        if asked:
            self._matches |= {topic_id: [] for topic_id in asked}
            matches = self._since_first(Match.objects.filter(topic_id__in=asked), "created_at")
            for topic_id, *state in _state(matches, "topic_id", "day", paper="paper__"):
                self._matches[topic_id].append(tuple(state))

    def _since_first(self, rows: QuerySet[Any], at: str) -> QuerySet[Any]:
        since = datetime.combine(self._first, time.min, tzinfo=UTC)
        period = {f"{at}__gte": since, f"{at}__lte": self._now}
        found: QuerySet[Any] = rows.filter(**period).annotate(day=TruncDate(at, tzinfo=UTC))
        return found

    def checksum(
        self, subscriber: Subscriber, offers: Sequence[Offer], revised: Sequence[Selected] = ()
    ) -> str:
        """Return the checksum for one subscriber's digest of these offers and revised papers."""
        first = min((_first_day(offer) for offer in offers), default=date.max)
        found = sha256(bytes(subscriber.seen_papers))
        # Language and detail do not change the selection, but which summaries it needs.
        found.update(repr((subscriber.max_papers, subscriber.language, subscriber.depth)).encode())
        found.update(repr((subscriber.taste_version, subscriber.learns, subscriber.shows_near)).encode())
        found.update(repr(revised).encode())
        for offer in offers:
            topic = offer.subscription.topic
            found.update(repr((topic.pk, topic.query, offer.eligibility)).encode())
            found.update(self._since(topic.pk, first).encode())
        found.update(self._since(0, first).encode())
        return found.hexdigest()

    def _since(self, topic_id: int, first: date) -> str:
        """Return the state of a topic's matches (0: of all papers) from that day on."""
        key = topic_id, first
        if key not in self._known:
            rows = self._matches[topic_id] if topic_id else self._papers
            self._known[key] = repr([row for row in rows if row[0] >= first])
        return self._known[key]


def _first_day(offer: Offer) -> date:
    return offer.eligibility.since.astimezone(UTC).date()


def _state(rows: QuerySet[Any], *by: str, paper: str) -> Iterable[tuple[Any, ...]]:
    """Return what changes when a row comes or goes, or its paper is revised, withdrawn or matched anew."""
    found: Iterable[tuple[Any, ...]] = (
        rows.order_by(*by)
        .values_list(*by)
        .annotate(
            Count("pk"),
            Max("pk"),
            withdrawn=Count("pk", filter=Q(**{f"{paper}is_withdrawn": True})),
            versions=Sum(f"{paper}version"),
            matched=Count(f"{paper}matched_at"),
            last=Max(f"{paper}matched_at"),
        )
    )
    return found
