"""Many vectors at once: the same scores as one by one, in blocks."""

from __future__ import annotations

import numpy as np
import pytest

from newsletter.adapters.infra import taste_matrix
from newsletter.adapters.infra.taste_matrix import (
    VectorMatrix,
    most_alike,
    scales,
    score_blocks,
    scores,
    week_bars,
)
from newsletter.core.taste.profiles import Profile
from newsletter.core.taste.vectors import Vector, dot, pack, unit


def _matrix(*vectors: Vector) -> VectorMatrix:
    return VectorMatrix.of([pack(vector) for vector in vectors])


def _random(number: int, *, seed: int) -> list[dict[int, float]]:
    rng = np.random.default_rng(seed)
    return [
        unit({int(term): float(rng.normal()) for term in rng.integers(0, 200, size=12)})
        for _ in range(number)
    ]


def test_scores_by_hand() -> None:
    found = scores(_matrix({0: 1.0, 49_999: -0.5}, {}), _matrix({0: 0.5}, {49_999: 1.0}, {7: 1.0}))
    assert found.tolist() == [[0.5, -0.5, 0.0], [0.0, 0.0, 0.0]]
    assert found.dtype == np.float32


def test_they_are_the_scalar_products() -> None:
    profiles, papers = _random(7, seed=1), _random(5, seed=2)
    found = scores(_matrix(*profiles), _matrix(*papers))
    expected = [[dot(profile, paper) for paper in papers] for profile in profiles]
    assert found == pytest.approx(np.array(expected), abs=2e-3)  # weights are stored with three digits


def test_blocks_give_every_profile_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taste_matrix, "BLOCK", 3)
    profiles, papers = _matrix(*_random(7, seed=1)), _matrix(*_random(5, seed=2))
    blocks = list(score_blocks(profiles, papers))
    assert [(block.start, block.scores.shape) for block in blocks] == [(0, (3, 5)), (3, (3, 5)), (6, (1, 5))]
    monkeypatch.undo()
    assert np.concatenate([block.scores for block in blocks]).tolist() == scores(profiles, papers).tolist()


def test_nothing_is_no_error() -> None:
    assert scores(_matrix(), _matrix({1: 1.0})).shape == (0, 1)
    assert scores(_matrix({1: 1.0}), _matrix()).shape == (1, 0)
    assert len(_matrix()) == 0
    assert week_bars(np.zeros((2, 0), dtype=np.float32)).tolist() == [np.inf, np.inf]
    assert [(scale.mean, scale.deviation) for scale in scales(np.zeros((1, 0), dtype=np.float32))] == [(0, 0)]


def test_the_bar_of_a_week_leaves_half_a_percent() -> None:
    scored = np.arange(2_000, dtype=np.float32)[None, ::-1]
    assert week_bars(scored).tolist() == [1_990]
    assert (scored >= week_bars(scored)[:, None]).sum() == 10


def test_of_a_small_week_the_best_paper_passes() -> None:
    assert week_bars(np.array([[0.1, 0.7, 0.3]], dtype=np.float32)).tolist() == [pytest.approx(0.7)]


def test_mean_and_deviation_of_a_profile() -> None:
    [scale] = scales(np.array([[1.0, 3.0]], dtype=np.float32))
    assert (scale.mean, scale.deviation) == (2.0, 1.0)


def test_what_is_most_alike_is_the_best_ten_that_are_not_the_likes() -> None:
    papers = _matrix(*({0: 1 - number / 100} for number in range(20)), {1: 1.0})
    assert most_alike(Profile({0: 1.0}, likes=1), papers, apart={0, 3}) == [1, 2, 4, 5, 6, 7, 8, 9, 10, 11]
    assert most_alike(Profile({1: 1.0}, likes=1), papers) == [20]
    assert most_alike(Profile(), papers) == []
    assert most_alike(Profile({0: 1.0}, likes=1), _matrix()) == []
