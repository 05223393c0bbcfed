"""The orders that ``relevance.py`` compares: today's, ours, and other services' rankings written anew.

A ranker gets a researcher and the rows they liked, and returns a score for each candidate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import numpy as np
from relevance_corpus import Corpus, Researcher
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.svm import LinearSVC

from newsletter.adapters.infra.taste_matrix import VectorMatrix, most_alike, scores
from newsletter.core.taste.profiles import Examples, Liked, Profile, blend, learn
from newsletter.core.taste.vectors import pack

Ranker = Callable[[Researcher, Sequence[int], np.ndarray], np.ndarray]
"""Researcher, liked rows, candidates (rows) → scores of the candidates."""
LIKED_AT = datetime(2026, 6, 6, tzinfo=UTC)
SVM_C = 0.01


class Rankers:
    def __init__(self, corpus: Corpus, *, embeddings: Path | None) -> None:
        self.corpus = corpus
        self._embeddings = embeddings

    def all(self) -> dict[str, Ranker]:
        found: dict[str, Ranker] = {
            "today (BM25 of the query)": self.today,
            "newest first": self.newest,
            "BM25 with the likes as query": self.bm25,
            "tf-idf, mean cosine": self.mean_cosine,
            "tf-idf + SVM (arxiv-sanity-lite)": self.sanity_lite,
        }
        if self._embeddings:
            found["embeddings (zotero-arxiv-daily)"] = self.zotero
        return {**found, "ours, but a linear SVM": self.linear, "ours": self.ours}

    def today(self, who: Researcher, _likes: Sequence[int], rows: np.ndarray) -> np.ndarray:
        place = {row: place for place, row in enumerate(who.matches)}
        return np.array([-place[row] for row in rows], dtype=float)

    def newest(self, _who: Researcher, _likes: Sequence[int], rows: np.ndarray) -> np.ndarray:
        return np.array([self.corpus.papers[row].published_at.timestamp() for row in rows])

    # --- words --------------------------------------------------------------------------------------------

    @cached_property
    def _texts(self) -> list[str]:
        return [f"{paper.title}. {paper.abstract}" for paper in self.corpus.papers]

    @cached_property
    def _bm25(self) -> tuple[np.ndarray, np.ndarray]:
        """(counts, BM25 weights of every paper's words), k1 = 1.2, b = 0.75."""
        counts = CountVectorizer(stop_words="english", strip_accents="unicode").fit_transform(self._texts)
        lengths = np.asarray(counts.sum(axis=1)).ravel()
        held = np.bincount(counts.indices, minlength=counts.shape[1])
        rarity = np.log(1 + (counts.shape[0] - held + 0.5) / (held + 0.5))
        weights = counts.astype(float).tocoo()
        damped = weights.data + 1.2 * (0.25 + 0.75 * lengths[weights.row] / lengths.mean())
        weights.data = weights.data * 2.2 / damped * rarity[weights.col]
        return counts, weights.tocsr()

    def bm25(self, _who: Researcher, likes: Sequence[int], rows: np.ndarray) -> np.ndarray:
        counts, weights = self._bm25
        query = np.asarray(counts[list(likes)].sum(axis=0)).ravel()
        return weights[rows] @ query

    @cached_property
    def _tfidf(self) -> np.ndarray:
        words = TfidfVectorizer(
            stop_words="english", strip_accents="unicode", ngram_range=(1, 2), min_df=2, sublinear_tf=True
        )
        return words.fit_transform(self._texts)

    def mean_cosine(self, _who: Researcher, likes: Sequence[int], rows: np.ndarray) -> np.ndarray:
        return np.asarray((self._tfidf[rows] @ self._tfidf[list(likes)].T).mean(axis=1)).ravel()

    @cached_property
    def _sanity(self) -> np.ndarray:
        """Its own features, of both weeks."""
        words = TfidfVectorizer(
            strip_accents="unicode",
            stop_words="english",
            token_pattern=r"(?u)\b[a-zA-Z_][a-zA-Z0-9_]+\b",  # noqa: S106 - a pattern, not a password
            ngram_range=(1, 2),
            max_features=10_000,
            sublinear_tf=True,
            max_df=0.5,
            min_df=5,
        )
        authors = (" ".join(paper.authors) for paper in self.corpus.papers)
        return words.fit_transform(
            f"{text} {names}" for text, names in zip(self._texts, authors, strict=True)
        ).astype(np.float32)

    def sanity_lite(self, _who: Researcher, likes: Sequence[int], rows: np.ndarray) -> np.ndarray:
        """Its ``svm_rank``: every paper that was not tagged, also what is ranked, is a negative."""
        wanted = np.zeros(len(self.corpus.papers))
        wanted[list(likes)] = 1
        machine = LinearSVC(class_weight="balanced", max_iter=10_000, tol=1e-6, C=0.1, random_state=0)
        return machine.fit(self._sanity, wanted).decision_function(self._sanity[rows])

    # --- embeddings ---------------------------------------------------------------------------------------

    @cached_property
    def _vectors(self) -> np.ndarray:
        saved = np.load(self._embeddings)
        place = {name: row for row, name in enumerate(saved["ids"].tolist())}
        found = saved["vectors"].astype(np.float32)[[place[paper.arxiv_id] for paper in self.corpus.papers]]
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    def zotero(self, _who: Researcher, likes: Sequence[int], rows: np.ndarray) -> np.ndarray:
        """Its ``rerank``: cosines of abstracts, the newest like first and weighed most."""
        newest = sorted(likes, key=lambda row: self.corpus.papers[row].published_at, reverse=True)
        decay = 1 / (1 + np.log10(np.arange(len(newest)) + 1))
        return self._vectors[rows] @ self._vectors[newest].T @ (decay / decay.sum())

    # --- ours ---------------------------------------------------------------------------------------------

    def examples(self, who: Researcher, likes: Sequence[int]) -> Examples:
        """As the service has them: beside the likes, the papers most like them that the query found."""
        examples = Examples(likes=tuple(Liked(row, self.corpus.vectors[row], LIKED_AT) for row in likes))
        found = most_alike(
            learn(examples, snapshot=self.corpus.snapshot),
            VectorMatrix.of([self.corpus.packed[row] for row in who.matches]),
            apart={place for place, row in enumerate(who.matches) if row in likes},
        )
        return replace(examples, alike=tuple(self.corpus.vectors[who.matches[place]] for place in found))

    def profile(self, who: Researcher, likes: Sequence[int]) -> Profile:
        """The likes are the topic's and the subscriber's."""
        learned = learn(self.examples(who, likes), snapshot=self.corpus.snapshot)
        return blend(learned, learned)

    def ours(self, who: Researcher, likes: Sequence[int], rows: np.ndarray) -> np.ndarray:
        profile = VectorMatrix.of([pack(self.profile(who, likes).vector)])
        return scores(profile, VectorMatrix.of([self.corpus.packed[row] for row in rows]))[0]

    def linear(self, who: Researcher, likes: Sequence[int], rows: np.ndarray) -> np.ndarray:
        """Our vectors, but a linear SVM against the rest of the topic instead of Rocchio's rule."""
        matched = [row for row in who.matches if row not in likes]
        known = [*likes, *matched]
        wanted = np.array([1] * len(likes) + [0] * len(matched))
        machine = LinearSVC(class_weight="balanced", max_iter=10_000, C=SVM_C, random_state=0)
        machine.fit(self.corpus.matrix.rows[known], wanted)
        return machine.decision_function(self.corpus.matrix.rows[rows])
