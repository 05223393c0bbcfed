"""The vocabulary with its counts: made, stored, and turned into vectors."""

from __future__ import annotations

import math
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.core.taste import snapshot as module
from newsletter.core.taste.snapshot import Snapshot, make_snapshot
from newsletter.core.taste.vectors import norm
from tests.core.taste.papers import ALL, BEES, BOATS, snapshot


def _known(*counted: tuple[str, int, str], documents: int = 9) -> Snapshot:
    keys, counts, surfaces = zip(*sorted(counted), strict=True)
    return Snapshot(name="2026-06-05", documents=documents, keys=keys, counts=counts, surfaces=surfaces)


def test_a_term_of_three_papers_is_known_and_written_as_most_write_it() -> None:
    known = make_snapshot(
        [("On It", "Language agents plan."), ("", "The Language agent."), ("", "Many language agents fly.")],
        name="2026-06-05",
    )
    assert known.documents == 3
    assert known.keys == ("agent", "languag", "languag agent")
    assert known.counts == (3, 3, 3)
    assert known.surface(known.numbers["agent"]) == "agents"


def test_it_knows_at_most_the_most_frequent_terms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_TERMS_KNOWN", 2)
    texts = [("", "alpha beta")] * 4 + [("", "beta. gamma")] * 3
    assert make_snapshot(texts, name="2026-06-05").keys == ("alpha", "beta")


def test_weights_by_hand() -> None:
    known = _known(("agent", 9, "agents"), ("hive", 1, "hive"))
    assert known.weights == (1.0, math.log(5) + 1)
    vector = known.vector("", "Agents: agents. Hive.")
    twice, once = (1 + math.log(2)) * 1.0, math.log(5) + 1
    length = math.hypot(twice, once)
    assert vector == pytest.approx({0: twice / length, 1: once / length})


def test_the_background_by_hand() -> None:
    known = _known(("agent", 9, "agents"), ("hive", 1, "hive"))
    assert known.background(0) == pytest.approx(0.02 * 1.0)
    assert known.background(1) == pytest.approx(0.02 / 9 * (math.log(5) + 1))
    assert known.common_terms == (0, 1)


def test_a_text_without_known_terms_has_an_empty_vector() -> None:
    assert snapshot().vector("", "") == {}
    assert snapshot().vector("大语言模型", "Zebras.") == {}


def test_a_text_of_one_known_word_is_that_word() -> None:
    known = snapshot()
    assert known.vector("Tides", "") == {known.numbers["tide"]: 1.0}


def test_a_term_is_written_as_most_papers_write_it() -> None:
    known = snapshot()
    assert known.surface(known.numbers["boat"]) == "boats"


def test_a_modifier_stands_before_other_words_and_seldom_after_them() -> None:
    texts = [("Orthogonal maps", f"Orthogonal maps and orthogonal groups in {name}.") for name in "abcdefgh"]
    assert make_snapshot(texts, name="2026-06-05").modifiers == {"orthogon"}


def test_the_order_of_the_texts_does_not_matter() -> None:
    assert make_snapshot(reversed(ALL), name="2026-06-05") == snapshot()


@given(st.lists(st.sampled_from(ALL), max_size=12))
def test_what_is_stored_comes_back(texts: list[tuple[str, str]]) -> None:
    known = make_snapshot(texts, name="2026-06-05")
    assert Snapshot.unpack(known.pack()) == known


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"no zlib",
        zlib.compress(b""),
        zlib.compress(b"\xff"),
        zlib.compress(b"taste-snapshot 2\tx\t1"),
        zlib.compress(b"taste-snapshot 1\tx\t1\nagent\t3"),
        snapshot().pack()[:-3],
    ],
)
def test_damaged_bytes_are_refused(damaged: bytes) -> None:
    with pytest.raises(ValueError, match="not a snapshot"):
        Snapshot.unpack(damaged)


@given(st.sampled_from([*BOATS, *BEES]), st.integers(1, 4))
def test_a_vector_has_length_one_and_repeating_the_text_keeps_its_terms(
    text: tuple[str, str], times: int
) -> None:
    known = snapshot()
    vector = known.vector(text[0], " ".join([text[1]] * times))
    assert math.isclose(norm(vector), 1)
    assert vector.keys() >= known.vector(*text).keys()
