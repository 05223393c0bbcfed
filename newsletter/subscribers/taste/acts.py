"""Like, dislike, save papers, and take it back.

The last verdict on a paper counts; saving is apart. Whatever changes what is learned moves
``Subscriber.taste_version`` in the same transaction. All of it is idempotent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F

from newsletter.adapters.infra.topic_index import TopicIndex
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.query import parse_stored
from newsletter.core.storable import storable
from newsletter.errors import BadInput
from newsletter.models import Delivery, PaperFeedback, Subscriber, Topic
from newsletter.models.taste import LONGEST_NOTE, Act, Source, Verdict
from newsletter.subscribers.change import lock

MOST_PAPERS = 5_000
CHUNK = 500
VERDICTS = {Act.MORE: Verdict.LIKE, Act.LESS: Verdict.DISLIKE}
_CHANGED = (
    "version",
    "title",
    "abstract",
    "authors",
    "categories",
    "published_at",
    "verdict",
    "saved_at",
    "source",
    "topics",
    "delivery",
    "at",
)
Topics = Mapping[str, Sequence[int]]
"""arXiv id → the topics that brought the paper."""


class TooManyPapersError(BadInput):
    def __init__(self, more: int) -> None:
        super().__init__(
            f"a reader has at most {MOST_PAPERS:,} papers, and this would be {more:,} more: remove some first"
        )
        self.more = more


class WithdrawnPaperError(BadInput):
    def __init__(self, arxiv_id: str) -> None:
        super().__init__(f"{arxiv_id} was withdrawn by its authors: there is nothing to keep of it")
        self.arxiv_id = arxiv_id


@transaction.atomic
def act_on(
    subscriber: Subscriber,
    act: Act,
    papers: Sequence[PaperRecord],
    *,
    source: Source,
    now: datetime,
    topics: Topics | None = None,
    delivery: Delivery | None = None,
) -> int:
    """Save, like or dislike papers; return for how many that changed something.

    ``topics`` default to those of the subscriber's whose query matches. Raises, with nothing changed,
    TooManyPapersError, or WithdrawnPaperError for one that is to be kept.
    """
    lock(subscriber)
    withdrawn = [paper.arxiv_id for paper in papers if paper.is_withdrawn and act is not Act.LESS]
    if withdrawn:
        raise WithdrawnPaperError(withdrawn[0])
    known = feedback_on(subscriber, [paper.arxiv_id for paper in papers])
    _check_room(subscriber, len({paper.arxiv_id for paper in papers} - known.keys()))
    if topics is None:
        topics = matching_topics(subscriber, papers)
    changed = []
    for paper in papers:
        row = known.setdefault(paper.arxiv_id, PaperFeedback(subscriber=subscriber, arxiv_id=paper.arxiv_id))
        if not _apply(act, row, now=now):
            continue
        row.keep_texts(paper)
        row.topics = sorted({*row.topics, *topics.get(paper.arxiv_id, ())})
        row.source, row.delivery, row.at = source, delivery, now
        changed.append(row)
    _store(changed)
    if changed:
        move_on(subscriber)
    return len(changed)


def _apply(act: Act, row: PaperFeedback, *, now: datetime) -> bool:
    """Whether it changed anything."""
    if act is Act.SAVE:
        is_new, row.saved_at = row.saved_at is None, row.saved_at or now
        return is_new
    is_new, row.verdict = row.verdict != VERDICTS[act], VERDICTS[act]
    return is_new


@transaction.atomic
def keep_imported(
    subscriber: Subscriber, papers: Sequence[PaperRecord], *, topics: Topics, now: datetime
) -> int:
    """Like the papers of a library; what the subscriber said of one before stands. Return how many are new.

    Raises TooManyPapersError with nothing kept.
    """
    lock(subscriber)
    by_id = {paper.arxiv_id: paper for paper in papers if not paper.is_withdrawn}
    known = feedback_on(subscriber, list(by_id))
    rows = []
    for arxiv_id in by_id.keys() - known.keys():
        row = PaperFeedback(
            subscriber=subscriber,
            arxiv_id=arxiv_id,
            verdict=Verdict.LIKE,
            source=Source.IMPORT,
            topics=sorted(topics.get(arxiv_id, ())),
            at=now,
        )
        row.keep_texts(by_id[arxiv_id])
        rows.append(row)
    _check_room(subscriber, len(rows))
    _store(sorted(rows, key=lambda row: row.arxiv_id))
    if rows:
        move_on(subscriber)
    return len(rows)


@transaction.atomic
def like_for_topic(
    subscriber: Subscriber, papers: Sequence[PaperRecord], *, topic: Topic, now: datetime
) -> None:
    """Like the papers that a topic was made from, so that its profile begins with them.

    They were brought, not read here: a why line does not name those that are new. Raises TooManyPapersError
    with nothing kept.
    """
    lock(subscriber)
    known = feedback_on(subscriber, [paper.arxiv_id for paper in papers])
    liked = {arxiv_id: row for arxiv_id, row in known.items() if row.is_liked}
    others = [row for row in liked.values() if topic.pk not in row.topics]
    for row in others:
        row.topics = sorted({*row.topics, topic.pk})
    _store(others)
    if others:
        move_on(subscriber)
    new = [paper for paper in papers if paper.arxiv_id not in liked and not paper.is_withdrawn]
    topics = matching_topics(subscriber, new)
    brought = {paper.arxiv_id: [*topics.get(paper.arxiv_id, ()), topic.pk] for paper in new}
    act_on(subscriber, Act.MORE, new, source=Source.IMPORT, now=now, topics=brought)


@transaction.atomic
def take_back(subscriber: Subscriber, arxiv_ids: Iterable[str], *, act: Act | None = None) -> int:
    """Take an act back, or whatever was said of these papers; return for how many that changed something.

    A paper about which nothing is said any more is forgotten.
    """
    lock(subscriber)
    rows = feedback_on(subscriber, list(arxiv_ids)).values()
    changed = [row for row in rows if _take_back(act, row)]
    _store(row for row in changed if row.verdict or row.saved_at)
    gone = [row.pk for row in changed if not (row.verdict or row.saved_at)]
    for start in range(0, len(gone), CHUNK):
        PaperFeedback.objects.filter(pk__in=gone[start : start + CHUNK]).delete()
    if changed:
        move_on(subscriber)
    return len(changed)


def _take_back(act: Act | None, row: PaperFeedback) -> bool:
    before = row.verdict, row.saved_at
    if act in (None, Act.SAVE):
        row.saved_at = None
    if act is None or row.verdict == VERDICTS.get(act):
        row.verdict = Verdict.NONE
    return before != (row.verdict, row.saved_at)


def keep_note(subscriber: Subscriber, arxiv_id: str, note: str) -> bool:
    """Keep a subscriber's own words on a paper of theirs, or delete them; False where it is on no list.

    Raises BadInput for a note that is too long. Nothing is learned from it.
    """
    note = storable(" ".join(note.split()))
    if len(note) > LONGEST_NOTE:
        raise BadInput(f"a note has at most {LONGEST_NOTE} characters, and this one {len(note):,}")
    return bool(PaperFeedback.objects.filter(subscriber=subscriber, arxiv_id=arxiv_id).update(note=note))


def feedback_on(subscriber: Subscriber, arxiv_ids: Sequence[str]) -> dict[str, PaperFeedback]:
    found: dict[str, PaperFeedback] = {}
    for start in range(0, len(arxiv_ids), CHUNK):
        rows = PaperFeedback.objects.filter(
            subscriber=subscriber, arxiv_id__in=arxiv_ids[start : start + CHUNK]
        )
        found |= {row.arxiv_id: row for row in rows}
    return found


def matching_topics(subscriber: Subscriber, papers: Sequence[PaperRecord]) -> dict[str, list[int]]:
    """Return the subscriber's topics whose query matches, by arXiv id. Papers need not have been gathered."""
    index, found = TopicIndex(list(enumerate(papers))), defaultdict[str, list[int]](list)
    for topic in Topic.objects.filter(subscriptions__subscriber=subscriber).order_by("pk"):
        for number in index.find(parse_stored(topic.query)):
            found[papers[number].arxiv_id].append(topic.pk)
    return found


def move_on(subscriber: Subscriber) -> None:
    """Outdate what was learned. The caller has locked the subscriber's row."""
    Subscriber.objects.filter(pk=subscriber.pk).update(taste_version=F("taste_version") + 1)
    subscriber.taste_version += 1


def _check_room(subscriber: Subscriber, more: int) -> None:
    if more and PaperFeedback.objects.filter(subscriber=subscriber).count() + more > MOST_PAPERS:
        raise TooManyPapersError(more)


def _store(rows: Iterable[PaperFeedback]) -> None:
    rows = list(rows)
    known = [row for row in rows if row.pk is not None]
    PaperFeedback.objects.bulk_create([row for row in rows if row.pk is None], batch_size=CHUNK)
    PaperFeedback.objects.bulk_update(known, _CHANGED, batch_size=CHUNK // 5)
