"""The snapshot that ships with the project."""

from __future__ import annotations

from importlib.resources import files

from newsletter.adapters.infra.taste_snapshot import FILE, shipped_snapshot
from newsletter.core.taste.snapshot import MOST_TERMS_KNOWN
from newsletter.core.taste.vectors import pack


def test_it_is_small_and_whole() -> None:
    shipped = shipped_snapshot()
    stored = (files("newsletter") / "data" / FILE).read_bytes()
    assert len(stored) <= 600_000
    assert shipped.name == "2026-06-05"
    assert shipped.documents == 3_338
    assert 20_000 < len(shipped.keys) <= MOST_TERMS_KNOWN
    assert list(shipped.keys) == sorted(shipped.keys)
    assert all(2 <= count <= shipped.documents for count in shipped.counts)
    assert shipped.pack() == stored


def test_it_knows_the_words_of_arxiv_as_people_write_them() -> None:
    shipped = shipped_snapshot()
    surfaces = {shipped.surface(shipped.numbers[key]) for key in ("languag agent", "llm", "gaussian splat")}
    assert surfaces == {"language agents", "LLM", "Gaussian Splatting"}
    assert "languag agent" not in shipped.surfaces


def test_a_paper_takes_at_most_1500_bytes() -> None:
    vector = shipped_snapshot().vector("Language agents", " ".join(shipped_snapshot().surfaces[:2_000]))
    assert len(pack(vector)) == 1_500
