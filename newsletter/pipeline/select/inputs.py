"""What a selection depends on, as one checksum: while it is the same, so is the selection.

It costs two grouped queries a batch. They count by day, so that a checksum does not depend on who else is in
the batch. Too wide is fine: a changed checksum only means that the selection is made again. But a gather
shortly before a slot should not have all of them made again: papers count where a subscriber's topics ask for
their categories.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Any

from django.db.models import Count, Max, Q, QuerySet, Sum
from django.db.models.functions import TruncDate
from pyroaring import BitMap

from newsletter.core.arxiv.query import categories as required_categories
from newsletter.core.arxiv.query import covers, parse
from newsletter.core.digests.selection import Selected
from newsletter.models import FollowedAuthor, Match, Paper, Subscriber
from newsletter.pipeline.select.candidates import Offer


class SelectionInputs:
    def __init__(self, *, now: datetime) -> None:
        self._now = now
        self._first = now.astimezone(UTC).date() + timedelta(days=1)
        self._matches: dict[int, list[_State]] = {}
        self._papers: list[_State] = []
        self._categories: list[tuple[date, Mapping[str, BitMap]]] = []
        self._known: dict[tuple[object, date], bytes] = {}
        self._following: set[int] = set()

    def cover(self, subscribers: Iterable[Subscriber], offers: Iterable[Offer]) -> None:
        """Load the state of what these offers depend on, unless it is there: before the papers themselves.

        A checksum is then of a state that is not younger than what was selected from.
        """
        if judging := [each.pk for each in subscribers if each.taste_version]:
            following = FollowedAuthor.objects.filter(subscriber__in=judging)
            self._following.update(following.values_list("subscriber_id", flat=True))
        offers = list(offers)
        first = min(map(_first_day, offers), default=self._first)
        asked = {offer.subscription.topic_id for offer in offers}
        if first < self._first:
            self._first, self._known = first, {}
            asked |= self._matches.keys()
            papers = self._since_first(Paper.objects.all(), "first_seen_at")
            self._papers = [tuple(row) for row in _state(papers, "day", paper="")]
            self._categories = _read_categories(self._papers, papers)
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
        first = min(map(_first_day, offers), default=date.max)
        found = sha256(bytes(subscriber.seen_papers))
        # Language and detail do not change the selection, but which summaries it needs.
        found.update(repr((subscriber.max_papers, subscriber.language, subscriber.depth)).encode())
        found.update(repr((subscriber.taste_version, subscriber.learns, subscriber.shows_near)).encode())
        found.update(repr(revised).encode())
        for offer in offers:
            topic = offer.subscription.topic
            found.update(repr((topic.pk, topic.query, offer.eligibility)).encode())
            found.update(self._digest(topic.pk, first, self._of_matches))
            found.update(self._digest(topic.query, first, self._of_asked))
        if subscriber.pk in self._following:  # a paper by a namesake changes what is said of another
            found.update(self._digest("all", first, self._of_all))
        elif subscriber.taste_version:  # near papers stay as they are, unless they are withdrawn
            found.update(self._digest("withdrawn", first, self._of_withdrawn))
        return found.hexdigest()

    def _digest(self, what: Any, first: date, state: Callable[[Any, date], object]) -> bytes:
        key = (state.__name__, what), first
        if key not in self._known:
            self._known[key] = sha256(repr(state(what, first)).encode()).digest()
        return self._known[key]

    def _of_matches(self, topic_id: int, first: date) -> object:
        return [row for row in self._matches[topic_id] if row[0] >= first]

    def _of_asked(self, query: str, first: date) -> object:
        """Return the papers in the categories that a query asks for: those in M of "N of M"."""
        required = required_categories(parse(query))
        held = (
            papers
            for day, by_category in self._categories
            if day >= first
            for code, papers in by_category.items()
            if (not code if required is None else any(covers(pattern, code) for pattern in required))
        )
        return BitMap.union(BitMap(), *held).serialize()

    def _of_all(self, _: Any, first: date) -> object:
        return [row for row in self._papers if row[0] >= first]

    def _of_withdrawn(self, _: Any, first: date) -> object:
        return [(row[0], row[3]) for row in self._papers if row[0] >= first and row[3]]


_State = tuple[Any, ...]
"""Of the rows of a day: the day, how many, the highest id, how many withdrawn, and so on (``_state``)."""

_by_category: dict[_State, dict[str, BitMap]] = {}
"""The papers of a day that are not withdrawn, by category, and all of them as ``""``: read once a state."""
MOST_DAYS = 400


def forget_categories() -> None:
    """Forget what was read of past days."""
    _by_category.clear()


def _read_categories(
    states: Collection[_State], papers: QuerySet[Any]
) -> list[tuple[date, Mapping[str, BitMap]]]:
    """Return each day's papers by category; read those of the days whose state is new."""
    if len(_by_category) > MOST_DAYS:
        forget_categories()
    missing = {state[0]: state for state in states if state not in _by_category}
    for state in missing.values():
        _by_category[state] = defaultdict(BitMap)
    if missing:
        rows = papers.filter(is_withdrawn=False, day__gte=min(missing), day__lte=max(missing))
        for day, paper_id, categories in rows.values_list("day", "pk", "categories"):
            if day in missing:
                for code in ("", *categories):
                    _by_category[missing[day]][code].add(paper_id)
    return [(state[0], _by_category[state]) for state in states]


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
