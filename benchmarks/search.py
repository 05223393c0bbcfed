"""What a search costs: a page of results, by kind of query, over an index of so many papers.

    python benchmarks/search.py [--papers 50000] [--from FOLDER] [--times 40]

Papers are synthetic copies: sentences of different papers mixed, with made-up rare words in Zipf's
proportions. The sources are the sample's sixty papers, or saved arXiv answers (Atom). A search is the query
read and run for 20 papers, and the hits of each found, as the page does it; the database's part (20 rows by
key) is not in it. Prints milliseconds on the clock and of CPU, and what the index takes.
"""

from __future__ import annotations

import argparse
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from service import fresh_service

if TYPE_CHECKING:
    from newsletter.core.arxiv.papers import PaperRecord

CHANCE = random.Random(20260615)  # noqa: S311  # the same papers in every run
YEARS = timedelta(days=3 * 365)
NEWEST = datetime(2026, 6, 20, tzinfo=UTC)
RARE = 100_000
"""Made-up words."""
LIMIT = 20
Query = Callable[["PaperRecord"], str]
KINDS: dict[str, Query] = {
    "one word": lambda paper: _word(paper),
    "two words": lambda paper: f"{_word(paper)} {_word(paper)}",
    "a word that most have": lambda _: "model",
    "five words, all common": lambda _: "we show that the results",
    "phrase": lambda paper: f'"{_phrase(paper)}"',
    "author": lambda paper: f'au:"{paper.authors[0].replace(chr(34), "")}"',
    "word in a category and month": lambda paper: (
        f"{_word(paper)} cat:{paper.primary_category} date:{paper.published_at:%Y-%m}"
    ),
    "word without another": lambda paper: f"{_word(paper)} -{_word(paper)}",
    "star": lambda paper: f"{_word(paper)[:4]}*",
    "three stars": lambda _: "con* pro* int*",
    "phrase with a star": lambda _: "large_lan*",
    "a topic's query": lambda paper: (
        f'cat:cs.* AND (abs:"{_phrase(paper)}" OR ti:{_word(paper)} OR abs:{_word(paper)}) ANDNOT ti:survey'
    ),
    "forty terms": lambda paper: " OR ".join(_word(paper) for _ in range(40)),
    "only excluded": lambda _: "-survey",
    "the fiftieth page": lambda _: "model page",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--papers", type=int, default=50_000)
    parser.add_argument("--from", dest="folder", type=Path, help="saved arXiv answers")
    parser.add_argument("--times", type=int, default=40, help="queries of a kind")
    options = parser.parse_args()
    with fresh_service(), tempfile.TemporaryDirectory() as folder:
        from newsletter.adapters.infra.paper_index import DiskPaperIndex

        sources = read_sources(options.folder)
        index = DiskPaperIndex(Path(folder))
        clock, cpu = time.monotonic(), time.process_time()
        with index.writing() as writer:
            if writer is None:
                raise RuntimeError("somebody else writes the index")
            papers = enumerate(copies(sources, options.papers), start=1)
            while some := list(islice(papers, 20_000)):
                writer.put((number, paper, NEWEST) for number, paper in some)
                writer.commit(is_whole=False)
            writer.commit(is_whole=True)
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
        print(
            f"{options.papers:,} copies of {len(sources):,} papers: indexed in "
            f"{time.monotonic() - clock:.0f} s ({time.process_time() - cpu:.0f} s of CPU, with making the "
            f"copies), {size / 1e6:,.0f} MB on disk, "
            f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB of memory at most"
        )
        print(f"{'':30}   p50 ms   p95 ms  CPU p50  CPU p95     found")
        chosen = list(copies(sources, 200))
        for kind, query in KINDS.items():
            measure(kind, [query(CHANCE.choice(chosen)) for _ in range(options.times)], index, sources[0])


def measure(kind: str, queries: Sequence[str], index: object, paper: PaperRecord) -> None:
    from newsletter.adapters.infra.topic_spans import explain
    from newsletter.core.arxiv.search import read_search

    clock, cpu, found = [], [], []
    for text in queries:
        began, cpu_began = time.perf_counter(), time.process_time()
        search = read_search(text.removesuffix(" page"))
        hits = index.search(search, limit=LIMIT, offset=980 if text.endswith(" page") else 0)  # type: ignore[attr-defined]
        for _ in hits.paper_ids:
            if search.query is not None:
                explain(search.query, record=paper)
        clock.append((time.perf_counter() - began) * 1000)
        cpu.append((time.process_time() - cpu_began) * 1000)
        found.append(hits.total)
    numbers = [f"{_at(times, share):8.1f}" for times in (clock, cpu) for share in (50, 95)]
    print(f"{kind:30} {' '.join(numbers)} {statistics.median(found):9,.0f}")


def _at(times: Sequence[float], percent: int) -> float:
    return statistics.quantiles(times, n=100, method="inclusive")[percent - 1]


def read_sources(folder: Path | None) -> list[PaperRecord]:
    from newsletter.adapters.arxiv.feed import parse

    if folder is None:
        return list(parse((files("newsletter.sample") / "week.xml").read_bytes()).papers)
    return [paper for path in sorted(folder.rglob("*.xml")) for paper in parse(path.read_bytes()).papers]


def copies(sources: Sequence[PaperRecord], number: int) -> Iterator[PaperRecord]:
    sentences = [sentence for paper in sources for sentence in paper.abstract.split(". ")]
    names = [name for paper in sources for name in paper.authors]
    for at in range(1, number + 1):
        paper, day = CHANCE.choice(sources), NEWEST - YEARS * CHANCE.random()
        rare = [f"zq{int(CHANCE.paretovariate(0.5)) % RARE:x}" for _ in range(12)]
        yield replace(
            paper,
            arxiv_id=f"{day:%y%m}.{at:05d}",
            title=f"{paper.title} {rare[0]}",
            abstract=". ".join([*CHANCE.choices(sentences, k=7), " ".join(rare)]),
            authors=tuple(CHANCE.choices(names, k=4)),
            published_at=day,
        )


def _word(paper: PaperRecord) -> str:
    words = [word for word in paper.abstract.split() if word.isalnum() and len(word) > 3]
    return CHANCE.choice(words).lower()


def _phrase(paper: PaperRecord) -> str:
    words = paper.title.replace('"', "").split()
    start = CHANCE.randrange(max(1, len(words) - 2))
    return " ".join(words[start : start + 2])


if __name__ == "__main__":
    main()
