"""What one digest will say, before anything is rendered: the value that ``compose`` hands to ``render``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from newsletter.core.arxiv.figures import ShownFigure
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.revisions import Revision
from newsletter.core.digests.selection import WhyCode
from newsletter.core.summaries.summary import DetailLevel, Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestCard:
    """A paper that is shown with its summary."""

    paper: PaperRecord
    summary: Summary
    summary_key: str
    """Identifies this content of the summary, for the fragment cache."""
    language: str
    """What the summary is written in."""
    detail: DetailLevel
    """How much of it is shown; never deeper than the summary holds."""
    lacks: DetailLevel | None = None
    """What the reader asked for, where the summary does not hold it and a sentence should say so."""
    lacks_reason: str = ""
    """Why it does not: a reason code of the summary, or empty."""
    figure: ShownFigure | None = None
    """Shown with a reading; one that has a ``mail_image``."""
    model: str
    written_at: datetime
    rank: int = 0
    """Among all papers of the digest that are summarised, 0 the best."""


@dataclass(frozen=True, slots=True)
class CardWhy:
    """Why a paper was chosen, as the mail says it in one line."""

    code: WhyCode
    title: str = ""
    """Of the paper that was kept; empty where it may not be named."""
    terms: tuple[str, ...] = ()
    author: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """How many papers a subscriber saved, asked for more like, and set aside."""

    saved: int = 0
    more: int = 0
    less: int = 0


def topic_placeholder(slug: str) -> str:
    """Return the name of the placeholder for a private topic's name."""
    return f"topic:{slug}"


def stand_in(slug: str) -> str:
    """Return private-use characters for a private topic's name until it becomes a placeholder."""
    return f"\ue000{topic_placeholder(slug)}\ue001"


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestTopic:
    slug: str
    name: str
    """In the reader's language where there is a name in it; ``stand_in`` for a private one."""
    cards: tuple[DigestCard, ...]
    """Best first."""
    total: int = 0
    """How many papers of the period this topic brought, shown or not."""
    week: str = ""
    """The name of the week whose page has them; empty: the topic's own page."""

    @property
    def is_private(self) -> bool:
        return self.name == stand_in(self.slug)


class NoticeKind(StrEnum):
    """In the order in which they come."""

    NOT_COMPLETE = "not_complete"
    CORRECTION = "correction"
    ANNOUNCEMENT = "announcement"


@dataclass(frozen=True, slots=True)
class Notice:
    """A message at the head of a digest."""

    kind: NoticeKind
    text: str
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """Everything a digest says. summarised + listed + counted = matched ≤ scanned."""

    language: str
    """The reader's; mails without words in it are in English around the summaries."""
    slot_date: date
    """The local date on which the period ends: the slot's, or later when the digest is late."""
    covers_days: int
    """The length of the period in whole days: 1 reads "today", 7 "week of"."""
    depth: DetailLevel = DetailLevel.TAKEAWAYS
    """What the reader asked for."""
    is_first: bool = False
    """The reader's first digest: it says how to read it."""
    notices: tuple[Notice, ...] = ()
    """The operator's; what is not complete is said besides."""
    last_match: date | None = None
    """When a paper for the reader last came; asked for only where there is none now."""
    topics: tuple[DigestTopic, ...]
    """Only those with at least one card, in the reader's order."""
    listed: tuple[PaperRecord, ...]
    """By title only, at most six."""
    counted: int
    """Matched, neither summarised nor listed: shown on the digest's page."""
    near: tuple[DigestCard, ...] = ()
    """No topic asks for these; they are close to what the reader keeps. In no count."""
    revised: tuple[tuple[PaperRecord, Revision], ...] = ()
    """Papers that the reader read or kept, and what happened to them since. In no count."""
    whys: tuple[tuple[str, CardWhy], ...] = ()
    """(arXiv id, why it was chosen) of papers about which the mail says so."""
    learned: Learned | None = None
    """What the links of earlier digests changed since the last one."""
    scanned: int
    """M of "N of M": papers first seen in the period in the categories the reader's topics ask for."""
    was_asked: bool = True
    """Whether arXiv answered in the period, or a file was read; if not, nothing is known about it."""
    is_half_answered: bool = False
    """It was not, but there was an answer that may be incomplete."""
    empty_dates: tuple[date, ...] = ()
    """Slots since the last mail on which nothing matched (daily and weekday readers)."""
    unasked_dates: tuple[date, ...] = ()
    """The same, but arXiv had not answered, so matches are unknown."""
    half_answered_dates: tuple[date, ...] = ()
    """The same, where there was an answer that may be incomplete."""
    failed_gathers: tuple[date, ...] = ()
    """Dates in the period on which asking arXiv failed: something may be missing."""
    doubtful_gathers: tuple[date, ...] = ()
    """Dates in the period on which its answer was, or was thought, incomplete."""
    reduced: int = 0
    """Papers shown less deeply, or listed instead of summarised, to keep the mail under its size."""
    subscribed: tuple[tuple[str, str], ...] = ()
    """(slug, name) of every topic of the reader; each has its own unsubscribe link."""
    email: str = ""
    confirmed_on: date | None = None
    confirmed_by_operator: bool = False
    cadence: str = ""
    """The reader's cadence as ``weekly:mon``."""
    at: str = "08:00"
    timezone: str = "UTC"
    private_names: tuple[tuple[str, str], ...] = ()
    """(placeholder, name) of each private topic: no stored fragment may hold the name."""

    @property
    def summarised(self) -> int:
        return sum(len(topic.cards) for topic in self.topics)

    @property
    def ranked(self) -> tuple[DigestCard, ...]:
        """Return the cards of all topics, best first."""
        return tuple(
            sorted((card for topic in self.topics for card in topic.cards), key=lambda each: each.rank)
        )

    @property
    def knows_nothing(self) -> bool:
        """Whether there is no paper and no proof that there was none."""
        return not (self.was_asked or self.scanned or self.matched)

    @property
    def may_lack_papers(self) -> bool:
        """Whether papers of the period may still be missing."""
        return bool(self.failed_gathers or self.doubtful_gathers)

    @property
    def matched(self) -> int:
        return self.summarised + len(self.listed) + self.counted
