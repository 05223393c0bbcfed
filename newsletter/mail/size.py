"""Keep a digest under the size at which mail programs clip it.

Gmail clips near 102 KB of HTML. From the end, papers go one level lower, round by round; when all are at
headline, they move from the end to the list of at most ten; what falls off the list is counted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from newsletter.core.digests.digest import Digest, DigestCard, DigestTopic
from newsletter.core.summaries.summary import DetailLevel

MAX_HTML_BYTES = 90_000
MOST_LISTED = 10

CardSize = Callable[[DigestCard], int]


def reduce_by(digest: Digest, excess: int, *, size: CardSize) -> Digest:
    """Return ``digest`` with at least ``excess`` bytes less of cards, or as little as one step allows.

    Rounds go on until enough is saved. The caller renders, measures and calls again.
    ``reduced`` is left to ``count_reduced``.
    """
    cards = [card for topic in digest.topics for card in topic.cards]
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
        return _list_last(_with_cards(digest, cards), excess, size=size)
    return _with_cards(digest, cards)


def count_reduced(shown: Digest, *, wanted: Digest) -> Digest:
    """Return ``shown`` with the number of papers that got less than ``wanted`` gave them."""
    detail_levels = {card.paper.versioned_id: card.detail for topic in shown.topics for card in topic.cards}
    fewer = sum(
        detail_levels.get(card.paper.versioned_id) is not card.detail
        for topic in wanted.topics
        for card in topic.cards
    )
    return replace(shown, reduced=wanted.reduced + fewer)


def _with_cards(digest: Digest, cards: list[DigestCard]) -> Digest:
    """Put ``cards``, perhaps fewer at the end, back under their topics; drop empty topics."""
    topics: list[DigestTopic] = []
    first = 0
    for topic in digest.topics:
        kept = tuple(cards[first : first + len(topic.cards)])
        first += len(topic.cards)
        if kept:
            topics.append(replace(topic, cards=kept))
    return replace(digest, topics=tuple(topics))


def _list_last(digest: Digest, excess: int, *, size: CardSize) -> Digest:
    """Move papers from the end to the head of the list: they matched better than those listed."""
    cards = [card for topic in digest.topics for card in topic.cards]
    moved: list[DigestCard] = []
    while cards and excess > 0:
        excess -= size(cards[-1])
        moved.insert(0, cards.pop())
    listed = (*(card.paper for card in moved), *digest.listed)
    shorter = _with_cards(digest, cards)
    counted = digest.counted + max(0, len(listed) - MOST_LISTED)
    return replace(shorter, listed=listed[:MOST_LISTED], counted=counted)
