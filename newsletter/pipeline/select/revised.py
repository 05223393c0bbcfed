"""Revised since you read it: what happened to papers after a subscriber had read, saved or liked them.

A revision is told once, in the first digest after it that is accepted. Which papers a subscriber's digests
summarized is one bitmap, so whom a revision concerns costs no query; a revision that is older than the last
accepted digest was told in it, or the paper was shown as it is now. Only near that moment the digests
themselves are looked at: a revision may become visible later than its time says.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db.models import Max, Q, QuerySet
from pyroaring import BitMap

from newsletter.core.arxiv.revisions import TOLD_FOR, Change, Revision
from newsletter.core.digests.seen_papers import unpack_seen
from newsletter.core.digests.selection import Place, Selected, Selection, Why
from newsletter.models import Delivery, Match, PaperFeedback, PaperRevision, Subscriber
from newsletter.models.delivery import SENT, Kind
from newsletter.models.taste import IS_LIKED
from newsletter.pipeline.select.eligibility import RACE

MOST_REVISED = 30
"""In one digest, the gravest first; what is beyond is not told."""


@dataclass(frozen=True, slots=True)
class _Found:
    """One row of ``PaperRevision``."""

    paper_id: int
    arxiv_id: str
    first_seen_at: datetime
    """The paper's."""
    found_at: datetime
    revision: Revision


@dataclass(frozen=True, slots=True)
class _Kept:
    """A paper that was saved or liked."""

    version: int
    at: datetime


@dataclass(slots=True)
class _Reader:
    """What may have to be told to one subscriber."""

    subscriber: Subscriber
    kept: dict[int, _Kept] = field(default_factory=dict)
    last: datetime | None = None
    """Until when the last accepted digest told what there was."""
    found: list[_Found] = field(default_factory=list)

    @property
    def summarized(self) -> BitMap:
        return unpack_seen(bytes(self.subscriber.summarized_papers))

    def is_doubtful(self, each: _Found) -> bool:
        """Whether an accepted digest may have told it."""
        return self.last is not None and each.found_at <= self.last


def revised_for(subscribers: Collection[Subscriber], *, now: datetime) -> dict[int, list[Selected]]:
    """Return what to tell each of these subscribers, by their id; who has nothing to be told is absent.

    Five statements at most, and one while there are no revisions.
    """
    since = now - TOLD_FOR
    rows = PaperRevision.objects.filter(found_at__gt=since, found_at__lte=now)
    revisions = _Revisions(rows, since=since)
    wanting = {each.pk: _Reader(each) for each in subscribers if each.shows_revised}
    if not revisions.by_paper or not wanting:
        return {}
    _load_kept(wanting, revisions, rows=rows, since=since)
    concerned = {
        pk: each
        for pk, each in wanting.items()
        if each.kept or not each.summarized.isdisjoint(revisions.recent)
    }
    for pk, last in _last_told(concerned) if concerned else ():
        concerned[pk].last = last
    for reader in concerned.values():
        reader.found = list(revisions.open_for(reader))
    concerned = {pk: reader for pk, reader in concerned.items() if reader.found}
    _leave_out_told(concerned)
    topics = _topics(concerned, rows=rows)
    return {pk: told for pk, reader in concerned.items() if (told := _selected(reader, topics=topics))}


def with_revised(selection: Selection, revised: Sequence[Selected]) -> Selection:
    """Return it with these papers after all others, without those that it shows anyway."""
    shown = selection.paper_ids if revised else set()
    more = tuple(each for each in revised if each.paper_id not in shown)
    return replace(selection, papers=(*selection.papers, *more)) if more else selection


# --- whom a revision concerns ------------------------------------------------------------------------------


class _Revisions:
    """Those of the last half year, the first one first."""

    def __init__(self, rows: QuerySet[PaperRevision], *, since: datetime) -> None:
        self._rows: list[_Found] = []
        self.by_paper: defaultdict[int, list[_Found]] = defaultdict(list)
        columns = rows.order_by("found_at", "pk").values_list(
            "paper_id",
            "paper__arxiv_id",
            "paper__first_seen_at",
            "found_at",
            "to_version",
            "changes",
            "venue",
        )
        for paper_id, arxiv_id, first_seen_at, found_at, version, changes, venue in columns:
            revision = Revision(version, tuple(map(Change, changes)), venue)
            self._rows.append(_Found(paper_id, arxiv_id, first_seen_at, found_at, revision))
            self.by_paper[paper_id].append(self._rows[-1])
        # What was first seen since then was summarized since then; it never takes long.
        self.recent = BitMap(each.paper_id for each in self._rows if each.first_seen_at > since)

    def open_for(self, reader: _Reader) -> Iterator[_Found]:
        """Yield those that this reader's last accepted digest may have missed, or could not have told."""
        after = reader.last - RACE if reader.last else None
        start = bisect_right(self._rows, after, key=lambda each: each.found_at) if after else 0
        fresh = BitMap(each.paper_id for each in self._rows[start:])
        for paper_id in (reader.summarized & self.recent & fresh) | BitMap(reader.kept):
            kept = reader.kept.get(paper_id)
            for each in self.by_paper[paper_id]:
                is_open = after is None or each.found_at > after or (kept is not None and kept.at > after)
                if is_open and _is_news(each, kept):
                    yield each


def _is_news(each: _Found, kept: _Kept | None) -> bool:
    """Whether it is newer than what was kept: a link or page showed a version as it was at that moment."""
    return kept is None or each.revision.version > kept.version or each.found_at > kept.at


def _load_kept(
    readers: Mapping[int, _Reader],
    revisions: _Revisions,
    *,
    rows: QuerySet[PaperRevision],
    since: datetime,
) -> None:
    kept = PaperFeedback.objects.filter(
        IS_LIKED, subscriber__in=list(readers), at__gt=since, arxiv_id__in=rows.values("paper__arxiv_id")
    )
    ids = {found[0].arxiv_id: paper_id for paper_id, found in revisions.by_paper.items()}
    for pk, arxiv_id, version, at in kept.values_list("subscriber_id", "arxiv_id", "version", "at"):
        if arxiv_id in ids:  # not one whose revision came in this instant
            readers[pk].kept[ids[arxiv_id]] = _Kept(version, at)


# --- what was told before ----------------------------------------------------------------------------------


def _digests(subscriber_ids: Collection[int]) -> QuerySet[Delivery]:
    return Delivery.objects.filter(subscriber__in=list(subscriber_ids), kind=Kind.DIGEST)


def _last_told(subscriber_ids: Collection[int]) -> Iterator[tuple[int, datetime]]:
    """Yield (subscriber, end of the period of their last accepted digest)."""
    # In the aggregate: with the states in the query SQLite would scan everything ever sent.
    last = Max("covers_until", filter=Q(state__in=SENT))
    rows = _digests(subscriber_ids).order_by().values_list("subscriber_id").annotate(last=last)
    return ((pk, until) for pk, until in rows if until is not None)


def _leave_out_told(readers: Mapping[int, _Reader]) -> None:
    """Take out what an accepted digest told, or made needless by summarizing the paper as it is now."""
    doubtful = {
        pk: [each for each in reader.found if reader.is_doubtful(each)] for pk, reader in readers.items()
    }
    times = [each.found_at for found in doubtful.values() for each in found]
    if not times:
        return
    rows = _digests([pk for pk, found in doubtful.items() if found]).filter(covers_until__gte=min(times))
    digests: defaultdict[int, list[Delivery]] = defaultdict(list)
    for row in rows.select_related("selection").only("subscriber_id", "state", "covers_until", "selection"):
        if row.state in SENT:
            digests[row.subscriber_id or 0].append(row)
    for pk, reader in readers.items():
        reader.found = [each for each in reader.found if not any(_has_told(row, each) for row in digests[pk])]


def _has_told(digest: Delivery, each: _Found) -> bool:
    if digest.covers_until is None or digest.covers_until < each.found_at:
        return False
    for shown in digest.selected.papers:
        if shown.paper_id == each.paper_id:
            told = shown.why.revision
            return told.covers(each.revision) if told else shown.final_place is Place.SUMMARIZED
    return False


# --- what is told now --------------------------------------------------------------------------------------


def _topics(readers: Mapping[int, _Reader], *, rows: QuerySet[PaperRevision]) -> set[tuple[int, int]]:
    """Return (topic, paper) of the matches among these."""
    topic_ids = {
        each.topic_id for reader in readers.values() for each in reader.subscriber.subscriptions.all()
    }
    matches = Match.objects.filter(topic__in=topic_ids, paper__in=rows.values("paper_id"))
    return set(matches.values_list("topic_id", "paper_id")) if topic_ids else set()


def _selected(reader: _Reader, *, topics: Collection[tuple[int, int]]) -> list[Selected]:
    """Return one entry a paper, the gravest first; none for who has no topic left."""
    own = [each.topic_id for each in reader.subscriber.subscriptions.all() if each.topic.is_active]
    told: dict[int, Revision] = {}
    for each in reader.found:
        before = told.get(each.paper_id)
        told[each.paper_id] = before.then(each.revision) if before else each.revision
    order = list(Change)
    gravest = sorted(told, key=lambda paper_id: (order.index(told[paper_id].changes[0]), paper_id))
    return [
        Selected(
            paper_id=paper_id,
            topic=next((topic for topic in own if (topic, paper_id) in topics), own[0]),
            position=position,
            place=Place.REVISED,
            why=Why.revised(told[paper_id]),
        )
        for position, paper_id in enumerate(gravest[:MOST_REVISED])
        if own
    ]
