"""How well each order finds the papers that a researcher would have chosen, over labels made by hand.

    python benchmarks/relevance.py DATA [--embeddings FILE.npz] [--group first]

DATA holds the folders of saved arXiv answers 2026-06-01 (likes) and 2026-06-15-wide (ranked). The labels are
in benchmarks/relevance; its README says where they come from. Ranked are a researcher's matches within the
pool that was labelled, near are papers of the pool outside them. The model was tuned on the first half of the
researchers, in the order of their names; the second half is held out.

FILE.npz has ``ids`` and ``vectors`` of every abstract by a sentence model (all-MiniLM-L6-v2 here), for the
ranking of zotero-arxiv-daily; nothing of it is fetched, and without it that row is left out.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from relevance_corpus import Corpus, Researcher, researchers
from relevance_rankers import Ranker, Rankers
from relevance_topics import print_topics

from newsletter.adapters.infra.taste_bars import own_bar
from newsletter.adapters.infra.taste_matrix import VectorMatrix, scores, week_bars
from newsletter.adapters.infra.taste_snapshot import shipped_snapshot
from newsletter.core.taste.near import MOST_NEAR, is_close, is_near
from newsletter.core.taste.vectors import pack

TOP = 10
DRAWS = 12
"""Random choices of n likes out of eight; of one like there are eight."""
RESAMPLES = 10_000
SEED = 20260615
NUMBERS = (1, 2, 4, 8)
GROUPS = {
    "first": "first half of the researchers (tuned on)",
    "second": "second half (held out)",
    "all": "all researchers",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--embeddings", type=Path)
    parser.add_argument("--per-researcher", action="store_true")
    parser.add_argument("--group", choices=GROUPS, action="append", help="print these researchers only")
    options = parser.parse_args()
    begun = time.perf_counter()
    corpus = Corpus.read(options.data, snapshot=shipped_snapshot())
    read = time.perf_counter() - begun
    people = researchers(corpus)
    half = (len(people) + 1) // 2
    rankers = Rankers(corpus, embeddings=options.embeddings)
    print(f"{len(corpus.papers):,} papers read in {read:.0f} s, {len(people)} researchers\n")
    groups = {"first": people[:half], "second": people[half:], "all": people}
    for name in options.group or GROUPS:
        print(f"== {GROUPS[name]}: {', '.join(who.name for who in groups[name])}\n")
        print_orders(rankers, groups[name], corpus=corpus)
        print_near(rankers, groups[name], corpus=corpus)
        if options.per_researcher:
            print_each(rankers, groups[name], corpus=corpus)
    print_topics(corpus)
    print_cost(corpus, rankers, people)


# --- measures ---------------------------------------------------------------------------------------------


def ndcg(labels: Sequence[int], *, top: int = TOP) -> float:
    """Järvelin and Kekäläinen's nDCG with the labels 0, 1, 2 as gains."""
    discounts = 1 / np.log2(np.arange(2, top + 2))
    best = np.sort(labels)[::-1][:top]
    ideal = float(best @ discounts[: len(best)])
    return float(np.asarray(labels[:top]) @ discounts[: len(labels[:top])]) / ideal if ideal else 0.0


def measures(labels: Sequence[int]) -> np.ndarray:
    """(nDCG@10, share of 2 in the first ten, share of 1 and 2 in them)."""
    first = np.asarray(labels[:TOP])
    return np.array([ndcg(labels), float((first == 2).mean()), float((first >= 1).mean())])


def draws(who: Researcher, number: int) -> list[tuple[int, ...]]:
    """Return choices of so many likes, the same in every run and for every ranker."""
    if number >= len(who.likes):
        return [who.likes]
    if number == 1:
        return [(row,) for row in who.likes]
    rng = random.Random(f"{SEED} {who.name} {number}")  # noqa: S311 - a draw, not a secret
    return [tuple(sorted(rng.sample(who.likes, number))) for _ in range(DRAWS)]


def measured(
    ranker: Ranker, who: Researcher, chosen: Iterable[Sequence[int]], *, corpus: Corpus
) -> np.ndarray:
    rows = who.candidates(corpus)
    found = []
    for likes in chosen:
        order = rows[np.argsort(-ranker(who, likes, rows), kind="stable")]
        found.append(measures([who.labels[row] for row in order]))
    return np.mean(found, axis=0)


def at_random(who: Researcher, *, corpus: Corpus) -> np.ndarray:
    rng = np.random.default_rng(SEED)
    labels = np.array([who.labels[row] for row in who.candidates(corpus)])
    return np.mean([measures(rng.permutation(labels)) for _ in range(500)], axis=0)


def interval(differences: np.ndarray) -> tuple[float, float]:
    """95 % of the mean differences over researchers drawn again."""
    rng = np.random.default_rng(SEED)
    drawn = rng.integers(0, len(differences), size=(RESAMPLES, len(differences)))
    low, high = np.percentile(differences[drawn].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


# --- tables -----------------------------------------------------------------------------------------------


def print_orders(rankers: Rankers, people: Sequence[Researcher], *, corpus: Corpus) -> None:
    """A row an order; columns by number of likes, and with stray ones."""
    sets = {str(number): {who.name: draws(who, number) for who in people} for number in NUMBERS}
    sets["8 + 3 stray"] = {who.name: [(*who.likes, *who.stray)] for who in people}
    print(f"{'nDCG@10 by likes':34}" + "".join(f"{name:>12}" for name in sets) + "    P@10 of 2   of 1, 2")
    chance = np.mean([at_random(who, corpus=corpus) for who in people], axis=0)
    print(f"{'random':34}{chance[0]:12.2f}{'':48}{chance[1]:12.2f}{chance[2]:10.2f}")
    found: dict[str, dict[str, np.ndarray]] = {}
    for order, ranker in rankers.all().items():
        found[order] = {
            name: np.array([measured(ranker, who, chosen[who.name], corpus=corpus) for who in people])
            for name, chosen in sets.items()
        }
        means = {name: values.mean(axis=0) for name, values in found[order].items()}
        columns = "".join(f"{values[0]:12.2f}" for values in means.values())
        print(f"{order:34}{columns}{means['8'][1]:12.2f}{means['8'][2]:10.2f}")
    ours = found.pop("ours")
    print()
    for name, values in ours.items():
        best = max(found, key=lambda order: found[order][name][:, 0].mean())
        differences = values[:, 0] - found[best][name][:, 0]
        low, high = interval(differences)
        print(
            f"ours with {name} likes, minus {best}: {differences.mean():+.3f} "
            f"(95 % of resampled researchers: {low:+.3f} to {high:+.3f})"
        )
    print()


def print_near(rankers: Rankers, people: Sequence[Researcher], *, corpus: Corpus) -> None:
    """What stands under "near your topics": the two best of those that pass, in the pool and in the week."""
    pooled: list[int] = []
    whole: list[int] = []
    without = unlabelled = 0
    for who in people:
        picks = near_picks(rankers, who, who.outside(), corpus=corpus)
        pooled += [who.labels[row] for row in picks]
        without += not picks
        matched = set(who.matches)
        week = near_picks(
            rankers, who, np.array([row for row in corpus.week if row not in matched]), corpus=corpus
        )
        whole += [who.labels[row] for row in week if row in who.labels]
        unlabelled += sum(row not in who.labels for row in week)
    print(
        f"near, of the labelled papers outside: {len(pooled)} picks for {len(people)} researchers "
        f"({without} have none): {share(pooled, 1)} are 1 or 2, {share(pooled, 2)} are 2"
    )
    print(
        f"near, of all papers outside: {len(whole)} labelled picks, {share(whole, 1)} are 1 or 2, "
        f"{share(whole, 2)} are 2; {unlabelled} more have no label\n"
    )


def near_picks(rankers: Rankers, who: Researcher, rows: np.ndarray, *, corpus: Corpus) -> list[int]:
    examples = rankers.examples(who, who.likes)
    profile = VectorMatrix.of([pack(rankers.profile(who, who.likes).vector)])
    week = VectorMatrix.of([corpus.packed[row] for row in corpus.week])
    scored = scores(profile, week)
    own, bar = own_bar(examples, examples, snapshot=corpus.snapshot), float(week_bars(scored)[0])
    by_row = dict(zip(corpus.week, scored[0].tolist(), strict=True))
    kept = [corpus.vectors[row] for row in who.likes]
    fields = {category for row in who.likes for category in corpus.papers[row].categories}
    passing = [
        row
        for row in rows.tolist()
        if corpus.papers[row].primary_category in fields
        and is_near(by_row[row], own_bar=own, week_bar=bar)
        and is_close(corpus.vectors[row], to=kept, than=())
    ]
    return sorted(passing, key=lambda row: (-by_row[row], row))[:MOST_NEAR]


def share(labels: Sequence[int], least: int) -> str:
    return f"{np.mean([label >= least for label in labels]):.0%}" if labels else "none"


def print_each(rankers: Rankers, people: Sequence[Researcher], *, corpus: Corpus) -> None:
    print(
        f"{'nDCG@10, 8 likes':34}{'matches':>8}{'of 2':>6}{'of 1':>6}"
        + "".join(f"{name[:14]:>16}" for name in rankers.all())
    )
    for who in people:
        labels = [who.labels[row] for row in who.candidates(corpus)]
        values = [measured(each, who, [who.likes], corpus=corpus)[0] for each in rankers.all().values()]
        counts = f"{len(labels):8}{labels.count(2):6}{labels.count(1):6}"
        print(f"{who.name:34}{counts}" + "".join(f"{value:16.2f}" for value in values))
    print()


def print_cost(corpus: Corpus, rankers: Rankers, people: Sequence[Researcher]) -> None:
    """Milliseconds a paper and megabytes, of ours."""
    some = corpus.papers[:500]
    begun = time.perf_counter()
    for paper in some:
        pack(corpus.snapshot.vector(paper.title, paper.abstract))
    each = (time.perf_counter() - begun) / len(some)
    stored = sum(map(len, corpus.packed)) / len(corpus.packed)
    profiles = [pack(rankers.profile(who, who.likes).vector) for who in people]
    begun = time.perf_counter()
    scores(VectorMatrix.of(profiles), corpus.matrix)
    one = (time.perf_counter() - begun) / len(profiles) / len(corpus.papers)
    print(
        f"ours: {1000 * each:.2f} ms a paper to make its vector, "
        f"{1e6 * one:.2f} µs a paper and profile to score; "
        f"{stored:.0f} bytes a paper (at most {max(map(len, corpus.packed))}), "
        f"{np.mean([len(profile) for profile in profiles]):.0f} bytes a profile; "
        f"snapshot {len(corpus.snapshot.pack()) / 1e6:.2f} MB, {len(corpus.snapshot.keys):,} terms"
    )


if __name__ == "__main__":
    main()
