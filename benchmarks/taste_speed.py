"""How long a week's papers take to score for 100,000 subscribers, and how much memory.

    python benchmarks/taste_speed.py [--subscribers 100000] [--papers 3000]

Half of the subscribers have likes, each in two topics: 100,000 profiles of 300 terms, drawn from the shipped
vocabulary as often as terms occur. Per block of 1,000 profiles it scores every paper and finds the week's
bar, as ``select`` does, and keeps the best ten. Prints seconds and the peak of this process's memory.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from newsletter.adapters.infra.taste_matrix import VectorMatrix, score_blocks, week_bars
from newsletter.adapters.infra.taste_snapshot import shipped_snapshot
from newsletter.core.taste.profiles import MOST_PROFILE_TERMS

BEST = 10
TERMS_OF_A_PAPER = 110
"""About what a paper has of the shipped vocabulary (measured on 2026-06-15-wide)."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--subscribers", type=int, default=100_000)
    parser.add_argument("--papers", type=int, default=3_000)
    options = parser.parse_args()
    rng = np.random.default_rng(1)
    papers = packed(rng, options.papers, terms=TERMS_OF_A_PAPER)
    profiles = packed(rng, options.subscribers, terms=MOST_PROFILE_TERMS)  # half have likes, in two topics
    before = peak_mb()
    begun = time.perf_counter()
    rows, columns = VectorMatrix.of(profiles), VectorMatrix.of(papers)
    read = time.perf_counter() - begun
    for block in score_blocks(rows, columns):
        bars = week_bars(block.scores)
        assert len(bars) == len(np.argpartition(block.scores, -BEST, axis=1)[:, -BEST:])
    seconds = time.perf_counter() - begun
    print(
        f"{len(rows):,} profiles × {len(columns):,} papers: {seconds:.0f} s, {read:.0f} s of it to read them"
    )
    print(f"peak {peak_mb():.0f} MB; {before:.0f} MB before, with the stored profiles")


def packed(rng: np.random.Generator, number: int, *, terms: int) -> list[bytes]:
    """Return stored vectors with random terms, the frequent ones more often."""
    counts = np.array(shipped_snapshot().counts, dtype=float)
    chances = counts / counts.sum()
    found = []
    for _ in range(number):
        held = np.unique(rng.choice(len(counts), size=2 * terms, p=chances))[:terms].astype("<u2")
        weights = rng.standard_normal(len(held)).astype("<f2")
        found.append(held.tobytes() + weights.tobytes())
    return found


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
