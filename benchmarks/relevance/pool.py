"""Fix the pool of papers that one researcher labels, before any ranking is seen.

    python benchmarks/relevance/pool.py DATA RESEARCHER

DATA holds the folders ``2026-06-01`` and ``2026-06-15-wide``; RESEARCHER names a file of ``researchers/``.
The pool is what the researcher's query matches in the second week (at most 70, drawn by hash), 30 papers by
keyword and 30 neighbours of the liked papers, in an order that tells nothing. It is written to
``labels/RESEARCHER.csv`` with empty labels; a pool that is there already is never written again.
"""

from __future__ import annotations

import csv
import json
import re
import sys
from hashlib import sha256
from pathlib import Path

from sklearn.feature_extraction.text import TfidfVectorizer

from newsletter.adapters.arxiv.feed import parse as parse_feed
from newsletter.adapters.infra.topic_index import TopicIndex
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.query import parse as parse_query

HERE = Path(__file__).parent
LIKED_WEEK, LABELLED_WEEK = "2026-06-01", "2026-06-15-wide"
MATCHES, BY_KEYWORD, NEIGHBOURS = 70, 30, 30


def papers(folder: Path) -> list[PaperRecord]:
    """Return a week's papers, each once, without those that are withdrawn."""
    found = {
        paper.arxiv_id: paper
        for path in sorted(folder.glob("*.xml"))
        for paper in parse_feed(path.read_bytes()).papers
    }
    return [paper for paper in found.values() if not paper.is_withdrawn]


def drawn(ids: set[str], seed: str) -> list[str]:
    """Return them in an order that depends on nothing but their ids."""
    return sorted(ids, key=lambda arxiv_id: sha256(f"{seed} {arxiv_id}".encode()).digest())


def pool(
    week: list[PaperRecord], liked_week: list[PaperRecord], researcher: dict[str, object], seed: str
) -> list[str]:
    index = TopicIndex(list(enumerate(week)))
    matched = {week[number].arxiv_id for number in index.find(parse_query(str(researcher["query"])))}
    words = [re.compile(rf"\b{re.escape(word)}", re.IGNORECASE) for word in researcher["keywords"]]  # type: ignore[union-attr]
    named = {p.arxiv_id for p in week if any(word.search(f"{p.title} {p.abstract}") for word in words)}
    chosen = drawn(matched, seed)[:MATCHES]
    chosen += drawn(named - set(chosen) - matched, seed)[:BY_KEYWORD]
    likes = [p for p in liked_week if p.arxiv_id in set(researcher["likes"])]  # type: ignore[arg-type]
    missing = set(researcher["likes"]) - {p.arxiv_id for p in likes}  # type: ignore[arg-type]
    if missing:
        sys.exit(f"not in {LIKED_WEEK}: {', '.join(sorted(missing))}")
    vectors = TfidfVectorizer(stop_words="english", sublinear_tf=True, min_df=2)
    rows = vectors.fit_transform(f"{p.title} {p.abstract}" for p in week)
    closeness = (
        (rows @ vectors.transform(f"{p.title} {p.abstract}" for p in likes).T).max(axis=1).toarray().ravel()
    )
    nearest = sorted(range(len(week)), key=lambda number: -closeness[number])
    neighbours = [week[n].arxiv_id for n in nearest if week[n].arxiv_id not in set(chosen) | matched]
    return drawn(set(chosen + neighbours[:NEIGHBOURS]), seed + " order")


def main() -> None:
    data, name = Path(sys.argv[1]), sys.argv[2]
    target = HERE / "labels" / f"{name}.csv"
    if target.exists():
        sys.exit(f"{target} is there already: a pool is fixed once")
    researcher = json.loads((HERE / "researchers" / f"{name}.json").read_text())
    week = papers(data / LABELLED_WEEK)
    chosen = pool(week, papers(data / LIKED_WEEK), researcher, name)
    with target.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(
            [("arxiv_id", "label"), *((arxiv_id, "") for arxiv_id in chosen)]
        )
    print(f"{len(chosen)} papers in {target}")


if __name__ == "__main__":
    main()
