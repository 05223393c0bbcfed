"""What last week's mail on some topics would have begun with, for somebody who does not get it yet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Count, Exists, F, OuterRef, Window
from django.db.models.functions import RowNumber

from newsletter.audience.topics import public_topics
from newsletter.core.arxiv.figures import Picture, ShownFigure
from newsletter.core.digests.typography import cut
from newsletter.mail.cards import text_of
from newsletter.mail.sentences import subject_of
from newsletter.models import Match, Paper, Summary, Topic
from newsletter.pipeline.summarize.figures import mail_figures
from newsletter.web.cards import Card, cards_of
from newsletter.web.rendered import kept_value
from newsletter.web.topics import SevenDays, papers_of_seven_days

OFTEN_CHOSEN = 6
LINES = 3
"""Below the lead; and topics in a line each."""
LONGEST_PREHEADER = 60


@dataclass(frozen=True, slots=True)
class Glimpse:
    """The beginning of a mail."""

    subject: str
    preheader: str
    topics: tuple[str, ...]
    """Their names, in the page's language."""
    slug: str
    """Of the lead's topic."""
    called: str
    """Its name."""
    total: int
    """Papers that matched the topics."""
    lead: Card
    lines: tuple[Card, ...]
    papers: tuple[int, ...]
    """Their primary keys."""


@dataclass(frozen=True, slots=True)
class TopicLine:
    """A topic with the paper that matched it best."""

    slug: str
    name: str
    count: int
    """What it matched in the week."""
    card: Card
    paper: int
    """Its primary key."""
    thumbnail: str
    """Address of a figure; empty where there is none, or its licence does not allow it."""


def often_chosen() -> list[str]:
    """Return the slugs of the topics with most readers, most first."""
    return kept_value("often", _often_chosen)


def _often_chosen() -> list[str]:
    chosen = public_topics().annotate(readers=Count("subscriptions")).order_by("-readers", "pk")
    return list(chosen.values_list("slug", flat=True)[:OFTEN_CHOSEN])


class Front:
    """The best papers of a week in some topics, for the first page, read at once."""

    def __init__(self, topics: Iterable[Topic], *, week: SevenDays, language: str) -> None:
        self._topics = {topic.slug: topic for topic in topics}
        self._week, self._language = week, language
        self._best = _best([topic.pk for topic in self._topics.values()], week=week, most=LINES + 1)
        papers = {paper.pk: paper for found in self._best.values() for paper in found}
        self._cards = dict(zip(papers, cards_of(list(papers.values()), language=language), strict=True))

    def glimpse(self, slugs: Sequence[str], *, max_papers: int) -> Glimpse | None:
        """Return the beginning of a mail on these topics; None where none of them matched a paper."""
        topics = [self._topics[slug] for slug in slugs if slug in self._topics]
        chosen = _in_turns(self._best, topics)[: LINES + 1]
        if not chosen:
            return None
        cards = [self._cards[paper.pk] for _, paper in chosen]
        lead, first = cards[0], chosen[0][0]
        total = matched([topic.pk for topic in topics], week=self._week)
        number = min(max_papers, total)
        said = text_of(lead.said.finding) if lead.said else ""
        named = first.name_in(self._language)
        return Glimpse(
            subject=subject_of(lead.paper, topic=named, more=max(0, number - 1), language=self._language),
            preheader=cut(said, limit=LONGEST_PREHEADER),
            topics=tuple(topic.name_in(self._language) for topic in topics),
            slug=first.slug,
            called=named,
            total=total,
            lead=lead,
            lines=tuple(cards[1:]),
            papers=tuple(paper.pk for _, paper in chosen),
        )

    def lines(self, slugs: Sequence[str]) -> list[TopicLine]:
        """Return those of the topics whose best paper has a summary, as many as fit a row."""
        topics = [self._topics[slug] for slug in slugs if slug in self._topics]
        found = [(topic, self._best[topic.pk][0]) for topic in topics if topic.pk in self._best]
        found = [(topic, paper) for topic, paper in found if self._cards[paper.pk].said][:LINES]
        figures = mail_figures([paper.pk for _, paper in found])
        return [
            TopicLine(
                slug=topic.slug,
                name=topic.name_in(self._language),
                count=self._week.counts.get(topic.pk, 0),
                card=self._cards[paper.pk],
                paper=paper.pk,
                thumbnail=image.path if (image := _image(figures, paper)) else "",
            )
            for topic, paper in found
        ]


def matched(topics: Iterable[int], *, week: SevenDays) -> int:
    """Return how many papers of the week matched any of these topics."""
    return papers_of_seven_days(week.until).filter(matches__topic__in=list(topics)).distinct().count()


def _best(topics: Iterable[int], *, week: SevenDays, most: int) -> dict[int, list[Paper]]:
    """Return topic → its best papers of the week, those with a summary first."""
    written = Summary.objects.shown().filter(
        paper=OuterRef("paper"), paper_version=OuterRef("paper__version")
    )
    matches = Match.objects.filter(
        topic__in=list(topics), paper__in=papers_of_seven_days(week.until).values("pk")
    )
    ranked = matches.annotate(has_summary=Exists(written)).annotate(
        place=Window(
            RowNumber(),
            partition_by=F("topic"),
            order_by=[F("has_summary").desc(), F("score").desc(), F("paper").desc()],
        )
    )
    pairs = list(ranked.filter(place__lte=most).order_by("topic", "place").values_list("topic", "paper"))
    papers = Paper.objects.in_bulk({paper for _, paper in pairs})
    found: dict[int, list[Paper]] = {}
    for topic, paper in pairs:
        found.setdefault(topic, []).append(papers[paper])
    return found


def _in_turns(best: dict[int, list[Paper]], topics: Sequence[Topic]) -> list[tuple[Topic, Paper]]:
    """Return each topic's first, then each one's second; a paper once."""
    found: dict[int, tuple[Topic, Paper]] = {}
    for turn in range(LINES + 1):
        for topic in topics:
            for paper in best.get(topic.pk, [])[turn : turn + 1]:
                found.setdefault(paper.pk, (topic, paper))
    return list(found.values())


def _image(figures: dict[int, ShownFigure], paper: Paper) -> Picture | None:
    return figures[paper.pk].mail_image if paper.pk in figures else None
