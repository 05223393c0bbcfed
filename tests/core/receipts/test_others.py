"""Sentences about other people's work, told by how they are written."""

from __future__ import annotations

import pytest

from newsletter.core.receipts.others import tells_of_others


@pytest.mark.parametrize(
    "sentence",
    [
        "SEINE [5] proposes a transition model.",
        "[12] introduces a memory of frames.",
        "Hedda et al. train on interviews.",
        "Moran (2023) showed that frames repeat.",
        "Existing methods need a text prompt.",
        "Most existing studies ask for a rubric.",
        "Prior work ignores the face.",
        "However, previous datasets record hands only.",
        "Conventional decoders fall behind.",
        "Recent methods rely on text.",
        "Commonly used metrics lack context.",
        "Earlier memories [11] store every frame.",
    ],
)
def test_it_tells_of_others(sentence: str) -> None:
    assert tells_of_others(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "We propose a transition model.",
        "Unlike existing methods, ours needs no text.",
        "We train with Adam [12].",
        "The current study assessed six models.",
        "Our memory extends that of Hedda et al.",
        "A memory of frames is built from the portrait.",
        "Identity drift falls from 0.34 to 0.18.",
    ],
)
def test_it_tells_of_the_authors_own(sentence: str) -> None:
    assert not tells_of_others(sentence)


def test_a_sentence_that_opens_with_an_own_name_is_the_authors() -> None:
    sentence = "GullSync builds on the memory of Hedda (2024) and trains faster."
    assert tells_of_others("SaltNet builds on Hedda (2024) and was trained faster.") is False
    assert not tells_of_others(sentence, own=frozenset({"gullsync"}))
