"""Precision and recall of the starter topics, against weeks whose papers were labelled by hand.

    python benchmarks/starter_topics.py DATA [--half tuned] [--unlabelled]

DATA holds a folder of saved arXiv answers for each week, such as ``2026-06-01``. The labels are in
``relevance/topics/WEEK/SLUG.txt``, a line a paper: its arXiv id and 1 (belongs) or 0 (a near miss).
A match without a label counts as wrong; ``--unlabelled`` lists these, so that they can be read and labelled.
``--half`` counts the papers with an even id only (``tuned``), or those with an odd one (``held-out``).
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from newsletter.adapters.arxiv.feed import parse as parse_feed
from newsletter.adapters.infra.topic_index import TopicIndex
from newsletter.audience.starter_topics import starter_topics
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.query import parse as parse_query

LABELS = Path(__file__).parent / "relevance" / "topics"
HALVES = ("tuned", "held-out")
ROW = "{:32} {:>8} {:>8} {:>6} {:>10} {:>7}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path, help="folder with a folder of saved arXiv answers for each week")
    parser.add_argument("--unlabelled", action="store_true", help="list the matches that have no label")
    parser.add_argument("--half", choices=HALVES, help="count these papers only")
    options = parser.parse_args()
    weeks = [labels.name for labels in sorted(LABELS.iterdir()) if (options.data / labels.name).is_dir()]
    if not weeks:
        parser.error(f"no labelled week in {options.data}")
    for week in weeks:
        found = [paper for paper in papers(options.data / week) if is_in(options.half, paper.arxiv_id)]
        report(week, found, half=options.half, list_unlabelled=options.unlabelled)


def is_in(half: str | None, arxiv_id: str) -> bool:
    return half is None or int(arxiv_id[-1]) % 2 == HALVES.index(half)


def report(week: str, found: list[PaperRecord], *, half: str | None, list_unlabelled: bool) -> None:
    print(ROW.format(week, "relevant", "matched", "right", "precision", "recall"))
    index = TopicIndex(list(enumerate(found)))
    for topic in starter_topics():
        path = LABELS / week / f"{topic.slug}.txt"
        if not path.exists():
            continue
        labels = {name: label for name, label in read_labels(path).items() if is_in(half, name)}
        matched = [found[number] for number in sorted(index.find(parse_query(topic.query)))]
        relevant = sum(labels.values())
        right = sum(labels.get(paper.arxiv_id, False) for paper in matched)
        shares = (f"{right / whole:.0%}" if whole else "-" for whole in (len(matched), relevant))
        print(ROW.format(topic.slug, relevant, len(matched), right, *shares))
        if list_unlabelled:
            print_unlabelled(matched, labels)
    print()


def print_unlabelled(matched: list[PaperRecord], labels: Mapping[str, bool]) -> None:
    for paper in matched:
        if paper.arxiv_id not in labels:
            print(f"  {paper.arxiv_id} {' '.join(paper.categories)}: {paper.title}")


def read_labels(path: Path) -> dict[str, bool]:
    """Return whether each labelled paper belongs to the topic, by arXiv id."""
    rows = (line.split() for line in path.read_text(encoding="utf-8").splitlines())
    return {arxiv_id: label == "1" for arxiv_id, label in rows}


def papers(folder: Path) -> list[PaperRecord]:
    """Return a week's papers, each once, without those that are withdrawn."""
    answers = [parse_feed(path.read_bytes()) for path in sorted(folder.glob("*.xml"))]
    found = {paper.arxiv_id: paper for answer in answers for paper in answer.papers}
    return [paper for paper in found.values() if not paper.is_withdrawn]


if __name__ == "__main__":
    main()
