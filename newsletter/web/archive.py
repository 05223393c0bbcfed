"""What a digest offers, as a page shows it: the topics, each with its papers, read from a selection.

The numbers are the selection's, whatever has been deleted since. A shared page has public topics only, and
nothing about what its reader likes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.digests.selection import Place, Selected, Selection
from newsletter.mail.words import words_for
from newsletter.models import Paper, Topic
from newsletter.web.cards import Card, card_of, cards_of

MOST_TITLES = 200
"""Papers named by title on one page; what is more is counted and stands on the topic's page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownTopic:
    topic: Topic | None
    """None: it is gone since."""
    in_full: int
    total: int
    """What the topic brought, shown or not."""
    lead: Card | None
    lines: Sequence[Card]
    by_title: Sequence[Card]
    unnamed: int
    """By title, beyond what a page names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    matched: int
    scanned: int
    in_full: int
    topics: Sequence[ShownTopic]
    near: Sequence[Card] = ()
    """In no count."""
    revised: Sequence[tuple[Card, str]] = ()
    """A paper, and what happened to it."""
    whys: Mapping[str, str] = field(default_factory=dict)
    """arXiv id → why it was chosen."""

    @property
    def by_title(self) -> int:
        return self.matched - self.in_full

    @property
    def cards(self) -> list[Card]:
        """Return the papers that stand with what is said of them."""
        shown = [card for topic in self.topics for card in (topic.lead, *topic.lines) if card]
        return [*shown, *self.near]


def archive_of(
    selection: Selection,
    *,
    language: str,
    topics: Mapping[int, Topic],
    why_of: Callable[[Selected, Paper], str] | None = None,
) -> Archive:
    """Return what is shown of it; of topics not among ``topics`` nothing is, unless it is a reader's own.

    ``why_of`` makes it the reader's own: with reasons, and with what stands beside the topics. At most three
    statements.
    """
    shown = [topic for topic in _topics(selection) if topic in topics or why_of]
    found = _Papers(selection, shown=shown, is_own=why_of is not None, language=language)
    lead = next((each for each in found.in_full if each.paper_id in found.cards), None)
    archive = Archive(
        matched=sum(map(selection.brought_by, shown)),
        scanned=selection.scanned,
        in_full=len(found.in_full),
        topics=[_topic(each, topics.get(each), selection, found=found, lead=lead) for each in shown],
    )
    return archive if why_of is None else _own(archive, selection, found=found, why_of=why_of)


def _topics(selection: Selection) -> list[int]:
    """Return those that were due, in the reader's order, and whatever else brought a paper."""
    matched = (each for each in selection.papers if each.place not in (Place.NEAR, Place.REVISED))
    return list(dict.fromkeys((*selection.topics, *(each.topic for each in matched), *selection.counted)))


def _own(
    archive: Archive, selection: Selection, *, found: _Papers, why_of: Callable[[Selected, Paper], str]
) -> Archive:
    words = words_for(found.language)
    reasons = [
        (found.rows[each.paper_id].arxiv_id, why_of(each, found.rows[each.paper_id]))
        for each in (*found.in_full, *selection.near)
        if each.paper_id in found.rows
    ]
    return replace(
        archive,
        near=[found.cards[each.paper_id] for each in selection.near if each.paper_id in found.cards],
        revised=[
            (found.cards[each.paper_id], words.happened(each.why.revision))
            for each in selection.revised
            if each.paper_id in found.cards and each.why.revision
        ],
        whys={arxiv_id: why for arxiv_id, why in reasons if why},
    )


class _Papers:
    """The rows and cards of what is shown, with three statements."""

    def __init__(self, selection: Selection, *, shown: Sequence[int], is_own: bool, language: str) -> None:
        self.language = language
        named = [each for each in selection.papers if each.topic in shown]
        self.in_full = [each for each in named if each.final_place is Place.SUMMARIZED]
        self.titles: dict[int, list[int]] = {topic: [] for topic in shown}
        """Topic → papers that it brought, by title only."""
        for each in named:
            if each.final_place in (Place.LISTED, Place.COUNTED):
                self.titles[each.topic].append(each.paper_id)
        for topic in shown:
            self.titles[topic] += selection.counted.get(topic, ())
        titled = [paper_id for topic in shown for paper_id in self.titles[topic]][:MOST_TITLES]
        beside = (*selection.near, *selection.revised) if is_own else ()
        self.rows = Paper.objects.in_bulk({each.paper_id for each in (*self.in_full, *beside)})
        """Those of which more than the title is shown."""
        cards = cards_of(list(self.rows.values()), language=language) if self.rows else []
        self.cards = dict(zip(self.rows, cards, strict=True))
        for paper_id, record in _titled(set(titled) - self.rows.keys()).items():
            self.cards[paper_id] = card_of(record, None, language=language, said_in=language)


def _titled(paper_ids: set[int]) -> dict[int, PaperRecord]:
    """Return these papers without their longest field, which no title needs, and without a model each."""
    if not paper_ids:
        return {}
    columns = [each.name for each in fields(PaperRecord) if each.name != "abstract"]
    rows = Paper.objects.filter(pk__in=paper_ids).values_list("pk", *columns)
    return {pk: _titled_record(**dict(zip(columns, row, strict=True))) for pk, *row in rows}


def _titled_record(*, authors: list[str], categories: list[str], **columns: Any) -> PaperRecord:
    return PaperRecord(abstract="", authors=tuple(authors), categories=tuple(categories), **columns)


def _topic(
    key: int, topic: Topic | None, selection: Selection, *, found: _Papers, lead: Selected | None
) -> ShownTopic:
    in_full = sorted((each for each in found.in_full if each.topic == key), key=lambda each: each.position)
    titles = found.titles[key]
    named = [found.cards[paper_id] for paper_id in titles if paper_id in found.cards]
    lines = [each.paper_id for each in in_full if each is not lead]
    return ShownTopic(
        topic=topic,
        in_full=len(in_full),
        total=selection.brought_by(key),
        lead=found.cards[lead.paper_id] if lead in in_full and lead else None,
        lines=[found.cards[paper_id] for paper_id in lines if paper_id in found.cards],
        by_title=named,
        unnamed=len(titles) - len(named),
    )
