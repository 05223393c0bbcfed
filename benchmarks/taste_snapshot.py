"""Make the snapshot of terms that ships with the project, from saved arXiv answers.

    python benchmarks/taste_snapshot.py FOLDER      FOLDER holds one saved answer a day, YYYY-MM-DD.xml

Writes newsletter/data/taste_snapshot.zlib: the terms of at least three papers, each with the number of papers
and how most of them write it. The same answers give the same bytes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from newsletter.adapters.arxiv.feed import parse
from newsletter.adapters.infra.taste_snapshot import FILE
from newsletter.core.taste.snapshot import make_snapshot

DATA = Path(__file__).resolve().parents[1] / "newsletter" / "data"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    days = sorted(options.folder.glob("????-??-??.xml"))
    if not days:
        parser.error(f"no YYYY-MM-DD.xml in {options.folder}")
    papers = {paper.arxiv_id: paper for day in days for paper in parse(day.read_bytes()).papers}
    snapshot = make_snapshot(((paper.title, paper.abstract) for paper in papers.values()), name=days[-1].stem)
    stored = snapshot.pack()
    (DATA / FILE).write_bytes(stored)
    print(f"{len(papers):,} papers, {len(snapshot.keys):,} terms, {len(stored):,} bytes")


if __name__ == "__main__":
    main()
