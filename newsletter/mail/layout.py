"""What stands where in a mail: the front decides, the cards below show why; nothing is said twice.

The front is the best paper with its evidence, then every other paper as a line. It comes from four papers on,
unless only headlines were asked for. Of many papers all have a line, and the best six a card.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from newsletter.core.digests.digest import Digest, DigestCard, DigestTopic
from newsletter.core.summaries.summary import DetailLevel

MOST_WITHOUT_FRONT = 3
MOST_IN_FULL, FULL_OF_MANY = 12, 6
MOST_READINGS = 3
MOST_NEAR = 2


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
