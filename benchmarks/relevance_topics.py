"""Starter topics against labels: precision and recall, and the order without likes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from relevance_corpus import BEFORE, LABELS, WEEK, Corpus
from scipy.stats import spearmanr

from newsletter.adapters.infra.taste_clusters import ColdPaper, ColdPapers
from newsletter.audience.starter_topics import starter_topics

PLACES = 10


@dataclass(frozen=True)
class Topic:
    """One starter topic in one week."""

    slug: str
    week: str
    labels: dict[int, bool]
    """Row → whether it is on the topic. A few matches may have no label."""
    matches: list[int]
    """Rows, in today's order."""

    @property
    def precision(self) -> float:
        return on_topic(self, self.matches)

    @property
    def recall(self) -> float:
        return sum(self.labels.get(row, False) for row in self.matches) / sum(self.labels.values())


def topics(corpus: Corpus) -> list[Topic]:
    """Read the labels: a file a topic and week, with lines such as "2606.00001 1"."""
    queries = {topic.slug: topic.query for topic in starter_topics()}
    found = []
    for week in (BEFORE, WEEK):
        for path in sorted((LABELS / "topics" / week).glob("*.txt")):
            lines = (line.split() for line in path.read_text().splitlines())
            labels = {corpus.rows[name]: label == "1" for name, label in lines if name in corpus.rows}
            matches = [row for row, _ in corpus.matches(queries[path.stem])]
            of_week = [row for row in matches if (row >= corpus.first_of_week) == (week == WEEK)]
            found.append(Topic(slug=path.stem, week=week, labels=labels, matches=of_week))
    return found


def on_topic(topic: Topic, rows: Sequence[int]) -> float:
    return float(np.mean([topic.labels[row] for row in rows if row in topic.labels]))


def print_topics(corpus: Corpus) -> None:
    several = topics(corpus)
    print("== starter topics; and, without likes: how many of the first ten are on the topic")
    print("   (in brackets today's order and newest first), ties, days of the week without a paper in the")
    print("   first ten, rank correlation with the length of the title\n")
    print(f"{'':48}on topic  matched (no label)  precision  recall   first ten")
    colds = []
    for topic in several:
        unlabelled = len(set(topic.matches) - topic.labels.keys())
        counts = f"{sum(topic.labels.values()):8}{len(topic.matches):9} ({unlabelled})"
        order, told = cold(corpus, topic)
        colds.append(order)
        rates = f"{topic.precision:10.0%}{topic.recall:8.0%}"
        print(f"{topic.slug:32}{topic.week:16}{counts:<30}{rates}   {told}")
    for week in (BEFORE, WEEK):
        means = np.mean([(each.precision, each.recall) for each in several if each.week == week], axis=0)
        print(f"{'mean':32}{week:46}{means[0]:10.0%}{means[1]:8.0%}")
    firsts = zip(several, colds, strict=True)
    rate = np.mean([on_topic(topic, order[:PLACES]) for topic, order in firsts])
    print(f"without likes {rate:.0%} of the first ten are on topic\n")


def cold(corpus: Corpus, topic: Topic) -> tuple[list[int], str]:
    """Return our order of the matches, and how it fares."""
    days = {row: corpus.papers[row].published_at.date() for row in topic.matches}
    papers = [
        ColdPaper(row, days[row], corpus.papers[row].published_at, corpus.packed[row])
        for row in topic.matches
    ]
    places = ColdPapers(papers).order(places=PLACES)
    order = [place.paper_id for place in places]
    newest = sorted(topic.matches, key=lambda row: corpus.papers[row].published_at, reverse=True)
    ties = len(order) - len({place.score for place in places})
    missing = len(set(days.values())) - len({days[row] for row in order[:PLACES]})
    lengths = [len(corpus.papers[row].title) for row in order]
    ours, today, new = (on_topic(topic, rows[:PLACES]) for rows in (order, topic.matches, newest))
    return order, (
        f"{ours:.0%} ({today:.0%}, {new:.0%}), {ties}, {missing}, "
        f"{spearmanr(range(len(order)), lengths).statistic:+.2f}"
    )
