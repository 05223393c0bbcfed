"""Starter topics against labels: precision and recall, and the order without likes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from relevance_corpus import BEFORE, LABELS, WEEK, Corpus
from scipy.stats import spearmanr

from newsletter.adapters.infra.taste_clusters import ColdPaper, cold_order
from newsletter.audience.starter_topics import starter_topics

PLACES = 10


def topic_labels(week: str) -> dict[str, set[str]]:
    """Return slug → ids of the week's papers on the topic, from a file of ids a topic."""
    found = {}
    for path in sorted((LABELS / "topics" / week).glob("*.txt")):
        lines = (line.partition("#")[0].split() for line in path.read_text().splitlines())
        found[path.stem] = {words[0] for words in lines if words}
    return found


def print_topics(corpus: Corpus) -> None:
    queries = {topic.slug: topic.query for topic in starter_topics()}
    print(
        f"{'starter topics':32}{'week':16}{'on topic':>9}{'matched':>9}{'precision':>10}{'recall':>8}"
        "   first ten without likes: on topic, ties, days missing, rank and length of title"
    )
    rates, places, lengths = [], [], []
    for week in (BEFORE, WEEK):
        for slug, on_topic in topic_labels(week).items():
            rows = [row for row, _ in corpus.matches(queries[slug]) if (row in corpus.week) is (week == WEEK)]
            right = [corpus.papers[row].arxiv_id in on_topic for row in rows]
            recall = sum(right) / len(on_topic)
            rates.append((week, np.mean(right), recall))
            told, first, length = cold(corpus, rows, on_topic)
            places += first
            lengths.append(length)
            counts = f"{len(on_topic):9}{len(rows):9}{np.mean(right):10.0%}{recall:8.0%}"
            print(f"{slug:32}{week:16}{counts}   {told}")
    for week in (BEFORE, WEEK):
        means = [values[1:] for values in rates if values[0] == week]
        if means:
            precision, recall = np.mean(means, axis=0)
            print(f"{'mean':32}{week:16}{'':18}{precision:10.0%}{recall:8.0%}")
    print(
        f"without likes: {np.mean(places):.0%} of the first ten on topic; "
        f"mean correlation of rank and length of title {np.mean(lengths):+.2f}\n"
    )


def cold(corpus: Corpus, rows: Sequence[int], on_topic: set[str]) -> tuple[str, list[bool], float]:
    papers = [
        ColdPaper(
            paper_id=row,
            day=corpus.papers[row].published_at.date(),
            published_at=corpus.papers[row].published_at,
            packed=corpus.packed[row],
        )
        for row in rows
    ]
    order = cold_order(papers, places=PLACES)
    days: Mapping[int, object] = {paper.paper_id: paper.day for paper in papers}
    first = [place.paper_id for place in order[:PLACES]]
    right = [corpus.papers[row].arxiv_id in on_topic for row in first]
    ties = len(order) - len({place.score for place in order})
    missing = len(set(days.values()) - {days[row] for row in first}) if len(rows) >= PLACES else 0
    length = float(
        spearmanr(range(len(order)), [len(corpus.papers[place.paper_id].title) for place in order]).statistic
    )
    return f"{sum(right)} of {len(first)}, {ties}, {missing}, {length:+.2f}", right, length
