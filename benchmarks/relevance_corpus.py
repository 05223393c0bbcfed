"""What ``relevance.py`` measures on: two weeks of papers, researchers with their likes, and labels."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from newsletter.adapters.arxiv.feed import parse
from newsletter.adapters.infra.taste_matrix import VectorMatrix
from newsletter.adapters.infra.topic_index import TopicIndex
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.query import parse as parse_query
from newsletter.core.taste.snapshot import Snapshot
from newsletter.core.taste.vectors import pack, unpack

LABELS = Path(__file__).resolve().parent / "relevance"
BEFORE, WEEK = "2026-06-01", "2026-06-15-wide"
"""Likes come from the first week; the second one is ranked."""


@dataclass(frozen=True)
class Corpus:
    """Papers of both weeks in one list: those of the first week come first."""

    papers: Sequence[PaperRecord]
    first_of_week: int
    snapshot: Snapshot

    @classmethod
    def read(cls, data: Path, *, snapshot: Snapshot) -> Corpus:
        weeks = [saved_week(data / name) for name in (BEFORE, WEEK)]
        known = {paper.arxiv_id for paper in weeks[0]}
        weeks[1] = [paper for paper in weeks[1] if paper.arxiv_id not in known]
        return cls(papers=[*weeks[0], *weeks[1]], first_of_week=len(weeks[0]), snapshot=snapshot)

    @cached_property
    def rows(self) -> dict[str, int]:
        return {paper.arxiv_id: row for row, paper in enumerate(self.papers)}

    @cached_property
    def week(self) -> range:
        """The rows that are ranked."""
        return range(self.first_of_week, len(self.papers))

    @cached_property
    def packed(self) -> list[bytes]:
        """The papers' vectors as the service stores them."""
        return [pack(self.snapshot.vector(paper.title, paper.abstract)) for paper in self.papers]

    @cached_property
    def vectors(self) -> list[dict[int, float]]:
        return [unpack(stored) for stored in self.packed]

    @cached_property
    def matrix(self) -> VectorMatrix:
        return VectorMatrix.of(self.packed)

    @cached_property
    def index(self) -> TopicIndex:
        return TopicIndex(list(enumerate(self.papers)))

    def matches(self, query: str) -> list[tuple[int, float]]:
        """Return (row, score) of every match in both weeks, in today's order."""
        return [(match.paper_id, match.score) for match in self.index.search(parse_query(query))]


@dataclass(frozen=True)
class Researcher:
    name: str
    query: str
    likes: tuple[int, ...]
    """Rows of the first week."""
    stray: tuple[int, ...]
    """Likes that have nothing to do with the interest."""
    labels: dict[int, int]
    """Row of the second week → 0, 1 or 2."""
    matches: tuple[int, ...]
    """Rows of both weeks that the query finds, in today's order."""

    def candidates(self, corpus: Corpus) -> np.ndarray:
        """The labelled matches of the second week, in today's order."""
        return np.array([row for row in self.matches if row >= corpus.first_of_week and row in self.labels])

    def outside(self) -> np.ndarray:
        """The labelled papers that the query does not find."""
        return np.array(sorted(self.labels.keys() - set(self.matches)))


def researchers(corpus: Corpus) -> list[Researcher]:
    """Read all of them, in the order of their names."""
    found = []
    for path in sorted((LABELS / "researchers").glob("*.json")):
        entry = json.loads(path.read_text())
        with (LABELS / "labels" / f"{path.stem}.csv").open() as lines:
            labels = {
                corpus.rows[row["arxiv_id"]]: int(row["label"])
                for row in csv.DictReader(lines)
                if corpus.rows.get(row["arxiv_id"], 0) >= corpus.first_of_week
            }
        found.append(
            Researcher(
                name=path.stem,
                query=entry["query"],
                likes=tuple(corpus.rows[name] for name in entry["likes"]),
                stray=tuple(corpus.rows[name] for name in entry["stray"]),
                labels=labels,
                matches=tuple(row for row, _ in corpus.matches(entry["query"])),
            )
        )
    return found


def saved_week(folder: Path) -> list[PaperRecord]:
    """Read a folder of saved arXiv answers, one a day."""
    days = sorted(folder.glob("????-??-??.xml"))
    if not days:
        raise SystemExit(f"no YYYY-MM-DD.xml in {folder}")
    return list({paper.arxiv_id: paper for day in days for paper in parse(day.read_bytes()).papers}.values())
