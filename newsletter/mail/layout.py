"""What stands where in a mail: the front decides, the cards below show why; nothing is said twice.

The front is the best paper with its evidence, then every other paper as a line. It comes from four papers on,
unless only headlines were asked for. Of many papers all have a line, and the best six a card.

A mail stays under the size at which mail programs clip it: Gmail near 102 KB of HTML. From the last rank on,
papers go one level lower, round by round; when all are at headline, they move to the list of at most six;
what falls off the list is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from newsletter.core.digests.digest import Digest, DigestCard, DigestTopic
from newsletter.core.digests.selection import LIST_LIMIT
from newsletter.core.summaries.summary import DetailLevel

MOST_WITHOUT_FRONT = 3
MOST_IN_FULL, FULL_OF_MANY = 12, 6
MOST_READINGS = 3
MOST_NEAR = 2
MAX_HTML_BYTES = 90_000

CardSize = Callable[[DigestCard], int]


class Form(Enum):
    LEAD = "lead"
    CARD = "card"
    """Its finding stands on its line of the front."""
    WHOLE = "whole"
    """With its own finding, where there is no front."""
    BRIEF = "brief"
    NEAR = "near"


@dataclass(frozen=True, slots=True)
class Group:
    """A topic and those of its papers that stand here."""

    topic: DigestTopic
    cards: tuple[DigestCard, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    lead: DigestCard | None
    lead_topic: DigestTopic | None
    lines: tuple[Group, ...]
    in_full: frozenset[str]
    """arXiv ids of the papers that have a card; a line leads to it, or else to the paper's page."""
    groups: tuple[Group, ...]
    """The cards, without the lead."""
    form: Form
    """Of those cards."""


def arrange(digest: Digest) -> Layout:
    """Return what stands where. Only the best three papers get a reading, the others takeaways."""
    ranked = digest.ranked
    if digest.depth is DetailLevel.HEADLINE or len(ranked) <= MOST_WITHOUT_FRONT:
        form = Form.BRIEF if digest.depth is DetailLevel.HEADLINE else Form.WHOLE
        full, lead = ranked, None
    else:
        form, lead, *others = Form.CARD, *ranked
        full = tuple(others if len(ranked) <= MOST_IN_FULL else others[:FULL_OF_MANY])
    in_full = frozenset(card.paper.arxiv_id for card in full)
    return Layout(
        lead=lead,
        lead_topic=next((topic for topic in digest.topics if lead in topic.cards), None),
        lines=_groups(digest, {card.paper.arxiv_id for card in ranked if card is not lead}) if lead else (),
        in_full=in_full,
        groups=_groups(digest, in_full),
        form=form,
    )


def at_rank(card: DigestCard) -> DigestCard:
    """Return ``card`` as deep as its rank allows."""
    if card.detail is DetailLevel.READING and card.rank >= MOST_READINGS:
        return replace(card, detail=DetailLevel.TAKEAWAYS)
    return card


def _groups(digest: Digest, wanted: frozenset[str] | set[str]) -> tuple[Group, ...]:
    groups = (
        Group(topic, tuple(card for card in topic.cards if card.paper.arxiv_id in wanted))
        for topic in digest.topics
    )
    return tuple(group for group in groups if group.cards)


# --- the size -------------------------------------------------------------------------------------------


def reduce_by(digest: Digest, excess: int, *, size: CardSize) -> Digest:
    """Return ``digest`` with at least ``excess`` bytes less of cards, or as little as one step allows.

    Rounds go on until enough is saved. The caller renders, measures and calls again.
    ``reduced`` is left to ``count_reduced``.
    """
    cards = list(digest.ranked)
    for deep in (DetailLevel.READING, DetailLevel.TAKEAWAYS):
        lower = list(DetailLevel)[deep.rank - 1]
        for place in reversed(range(len(cards))):
            if excess <= 0:
                break
            if cards[place].detail is deep:
                shallower = replace(cards[place], detail=lower)
                excess -= size(cards[place]) - size(shallower)
                cards[place] = shallower
    if excess > 0 and all(card.detail is DetailLevel.HEADLINE for card in cards):
        return _list_last(digest, cards, excess, size=size)
    return _with_cards(digest, cards)


def count_reduced(shown: Digest, *, wanted: Digest) -> Digest:
    """Return ``shown`` with the number of papers that got less than ``wanted`` gave them."""
    detail_levels = {card.paper.versioned_id: card.detail for card in shown.ranked}
    fewer = sum(detail_levels.get(card.paper.versioned_id) is not card.detail for card in wanted.ranked)
    return replace(shown, reduced=wanted.reduced + fewer)


def _with_cards(digest: Digest, cards: Sequence[DigestCard]) -> Digest:
    """Put ``cards``, perhaps fewer, back under their topics; drop empty topics."""
    kept = {card.paper.arxiv_id: card for card in cards}
    topics = (
        replace(
            topic,
            cards=tuple(kept[card.paper.arxiv_id] for card in topic.cards if card.paper.arxiv_id in kept),
        )
        for topic in digest.topics
    )
    return replace(digest, topics=tuple(topic for topic in topics if topic.cards))


def _list_last(digest: Digest, cards: list[DigestCard], excess: int, *, size: CardSize) -> Digest:
    """Move the last papers to the head of the list: they matched better than those listed."""
    moved: list[DigestCard] = []
    while cards and excess > 0:
        excess -= size(cards[-1])
        moved.insert(0, cards.pop())
    listed = (*(card.paper for card in moved), *digest.listed)
    shorter = _with_cards(digest, cards)
    counted = digest.counted + max(0, len(listed) - LIST_LIMIT)
    return replace(shorter, listed=listed[:LIST_LIMIT], counted=counted)
