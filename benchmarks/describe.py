"""How good the queries are that are proposed from a researcher's papers, and from one sentence.

    python benchmarks/describe.py DATA [--old FILE] [--queries]

DATA holds the folders of saved arXiv answers 2026-06-01 and 2026-06-15-wide. A query is proposed on the first
week and measured on the second, against the labels of benchmarks/relevance: precision and recall (labels 1
and 2) within the papers that were labelled for the researcher, and all matches of the week. "At least" counts
each match without a label as wrong. The constants were tuned on the first half of the researchers, in the
order of their names; the second half is held out.

FILE is an older query_proposal.py to compare with:

    git show 1724fef:newsletter/core/arxiv/query_proposal.py > FILE
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from statistics import fmean
from typing import Any

from relevance_corpus import LABELS, Corpus, Researcher, researchers

from newsletter.adapters.infra.taste_near import near_papers
from newsletter.adapters.infra.taste_snapshot import shipped_snapshot
from newsletter.adapters.infra.topic_index import TopicIndex
from newsletter.core.arxiv.query import parse
from newsletter.core.arxiv.query_proposal import propose

NUMBERS = {1: [(0,), (1,), (2,), (3,)], 2: [(0, 1), (2, 3), (4, 5), (6, 7)]}
NUMBERS |= {4: [(0, 1, 2, 3), (4, 5, 6, 7), (0, 2, 4, 6), (1, 3, 5, 7)], 8: [tuple(range(8))]}
"""How many of the eight likes → which of them."""
MISSED = 8
"""Papers near that the query does not match, as a page shows them."""

Propose = Callable[[Sequence[int], str], str | None]
"""Rows of examples, a sentence → a query."""


@dataclass(frozen=True)
class Found:
    """What a query finds in the second week, and what of it is wanted."""

    matches: int
    labelled: int
    right: int
    wanted: int

    @property
    def numbers(self) -> tuple[float, ...]:
        precision = self.right / self.labelled if self.labelled else 0.0
        recall = self.right / self.wanted
        both = 2 * precision * recall / (precision + recall) if self.right else 0.0
        return precision, recall, both, self.right / self.matches if self.matches else 0.0, self.matches


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--old", type=Path)
    parser.add_argument(
        "--queries", action="store_true", help="print each query of all eight, and of a sentence"
    )
    options = parser.parse_args()
    bench = Bench(Corpus.read(options.data, snapshot=shipped_snapshot()))
    people = researchers(bench.corpus)
    half = (len(people) + 1) // 2
    ways: dict[str, Propose] = {"proposed": bench.proposed}
    if options.old:
        ways = {"old": bench.old(options.old), **ways}
    for title, group in (("tuned on", people[:half]), ("held out", people[half:])):
        print(f"== {title}: {', '.join(who.name for who in group)}")
        print(f"{'':28}precision  recall  F1    at least  matches a week")
        for name, way in ways.items():
            for number, draws in NUMBERS.items():
                found = [
                    bench.found(who, way([who.likes[each] for each in draw], ""))
                    for who in group
                    for draw in draws
                ]
                print(row(f"{name}, {number} paper{'s' * (number > 1)}", found))
        print(
            row("proposed, sentence", [bench.found(who, bench.proposed((), sentence(who))) for who in group])
        )
        print(f"{'near, but not matched':28}{bench.missed(group):9.2f}  (of {MISSED}; by all likes)\n")
        if options.queries:
            for who in group:
                print(f"{who.name}\n  8: {bench.proposed(who.likes, '')}")
                print(f"  s: {bench.proposed((), sentence(who))}")


def row(name: str, found: Sequence[Found]) -> str:
    precision, recall, both, least, matches = (
        fmean(column) for column in zip(*(each.numbers for each in found), strict=True)
    )
    return f"{name:28}{precision:9.2f}{recall:8.2f}{both:6.2f}{least:9.2f}{matches:11.0f}"


def sentence(who: Researcher) -> str:
    """Return the first sentence of what they say of their interest."""
    entry = json.loads((LABELS / "researchers" / f"{who.name}.json").read_text())
    return re.split(r"(?<=[.!?])\s", entry["interest"])[0]


class Bench:
    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus
        known = [(row, corpus.papers[row]) for row in range(corpus.first_of_week)]
        self.before = TopicIndex([each for each in known if not each[1].is_withdrawn])

    def proposed(self, rows: Sequence[int], sentence: str) -> str | None:
        given = {row: self.corpus.papers[row] for row in rows}
        found = propose(
            given,
            sentence=sentence,
            near=self.near(rows, sentence),
            search=self.before.find,
            share=self.corpus.snapshot.share,
        )
        return found.text if found else None

    def near(self, rows: Sequence[int], sentence: str, *, index: TopicIndex | None = None) -> Any:
        return near_papers(
            {row: self.corpus.papers[row] for row in rows},
            sentence,
            index=index or self.before,
            records=lambda ids: {row: self.corpus.papers[row] for row in ids},
            snapshot=self.corpus.snapshot,
        )

    def old(self, path: Path) -> Propose:
        """Return how an older module proposes; it knows no sentences."""
        spec = spec_from_file_location("old_proposal", path)
        if spec is None or spec.loader is None:
            raise SystemExit(f"{path} is no Python file")
        module = sys.modules["old_proposal"] = module_from_spec(spec)
        spec.loader.exec_module(module)

        def way(rows: Sequence[int], _sentence: str) -> str | None:
            given = {row: self.corpus.papers[row] for row in rows}
            found = module.propose(given, search=self.before.find, recent=self.corpus.first_of_week)
            return found.text if found else None

        return way

    def found(self, who: Researcher, query: str | None) -> Found:
        rows = (
            {row for row in self.corpus.index.find(parse(query)) if row in self.corpus.week}
            if query
            else set()
        )
        labels = [who.labels[row] for row in rows if row in who.labels]
        wanted = sum(label > 0 for label in who.labels.values())
        return Found(len(rows), len(labels), sum(label > 0 for label in labels), wanted)

    def missed(self, group: Sequence[Researcher]) -> float:
        """Return the share of wanted papers among those labelled that a page would show as missed."""
        week = TopicIndex([(row, self.corpus.papers[row]) for row in self.corpus.week])
        labels = []
        for who in group:
            query = self.proposed(who.likes, "")
            matched = week.find(parse(query)) if query else frozenset()
            near = [row for row in self.near(who.likes, "", index=week).ranked if row not in matched]
            labels += [who.labels[row] > 0 for row in near[:MISSED] if row in who.labels]
        return fmean(labels) if labels else 0.0


if __name__ == "__main__":
    main()
