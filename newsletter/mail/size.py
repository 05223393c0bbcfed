"""Keep a digest under the size at which mail programs clip it.

Gmail clips near 102 KB of HTML. From the last rank on, papers go one level lower, round by round; when all
are at headline, they move to the list of at most six; what falls off the list is counted.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from newsletter.core.digests.digest import Digest, DigestCard
from newsletter.core.digests.selection import LIST_LIMIT
from newsletter.core.summaries.summary import DetailLevel

MAX_HTML_BYTES = 90_000

CardSize = Callable[[DigestCard], int]


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
