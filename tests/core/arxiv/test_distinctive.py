"""Which words set examples apart."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.core.arxiv.distinctive import distinctive, shared

COUNTS = {"head": 60, "talking head": 2, "model": 900, "gaussian": 40, "avatar": 5}


def _words(*examples: str) -> list[str]:
    papers = [example.split(", ") for example in examples]
    return [found.key for found in distinctive(papers, counts=COUNTS, documents=1_000, times=10)]


def test_what_several_examples_have_and_few_others_do_wins() -> None:
    assert _words("talking head, head, model", "talking head, head", "avatar, model", "avatar") == [
        "talking head",
        "avatar",
    ]


def test_a_word_of_one_example_never_does() -> None:
    assert "gaussian" not in _words("gaussian, avatar", "avatar")
    assert _words("gaussian", "avatar") == []


def test_a_quarter_of_many_examples_is_enough() -> None:
    examples = [{"both"}, {"both"}, *({str(number)} for number in range(6))]
    assert shared(examples) == {"both": 2}
    assert shared([*examples, {"9"}]) == {}


def test_it_asks_for_as_much_difference_as_it_is_told() -> None:
    examples = [["gaussian"], ["gaussian"]]
    assert distinctive(examples, counts=COUNTS, documents=1_000, times=30) == []
    assert distinctive(examples, counts=COUNTS, documents=1_000, times=20) != []


def test_of_a_single_example_every_rare_word_counts() -> None:
    assert _words("gaussian, model") == ["gaussian"]


def test_the_score_by_hand() -> None:
    (found,) = distinctive([["avatar"], ["avatar"], ["head"]], counts=COUNTS, documents=1_000, times=10)
    assert (found.in_examples, found.in_others) == (2, 5)
    assert found.score == pytest.approx(2 / 3 * math.log((2 / 3) / (5.5 / 1_001)))


def test_nothing_has_no_words() -> None:
    assert distinctive([], counts=COUNTS, documents=1_000, times=10) == []
    assert distinctive([[], []], counts={}, documents=0, times=10) == []


@given(st.lists(st.lists(st.sampled_from([*COUNTS, "zebra", "lion"])), max_size=8), st.integers(900, 9_000))
def test_every_word_is_shared_and_rare(examples: list[list[str]], documents: int) -> None:
    for found in distinctive(examples, counts=COUNTS, documents=documents, times=10):
        holders = sum(found.key in words for words in examples)
        assert holders == found.in_examples >= len(examples) / 4
        assert holders > 1 or len(examples) == 1
        assert COUNTS.get(found.key, 0) / documents < 0.1
