"""Where a sentence of an abstract ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.core.arxiv.sentences import sentences


@pytest.mark.parametrize(
    "whole",
    [
        "Older models, e.g. Parser (Doe et al. 2020), are slow, i.e. they need days.",
        "As Fig. 3 and Eq. (4) show, 3.5 vs. 4.2 holds w.r.t. the norm.",
        "Banks of the U.S. Treasury kind were surveyed by J. Smith.",
        "Growth of E. coli takes 300K--600K steps with v2.0 of the tool.",
        "The tool (see the manual. It is long.) parses text.",
        "Ratings improved by approx. 5 points, cf. Sec. 2.",
        "We prove a conjecture of Y.-G. Chen and of J. H. Doe on sums.",
        "The scheme is equivalent to that of Ref. [Doe et al. 2023] on ten tasks.",
        "We compare with an earlier scheme [Doe et al., Trans. Comm., 2023] on ten tasks.",
    ],
)
def test_it_keeps_a_sentence_whole(whole: str) -> None:
    assert sentences(f"{whole} We then stop.") == [whole, "We then stop."]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Is it so?! ``It is.'' They say so... and go on.",
            ["Is it so?!", "``It is.''", "They say so... and go on."],
        ),
        ("We extend Doe et al. We also prove it.", ["We extend Doe et al.", "We also prove it."]),
        ("They screen for DR. Therefore we ask.", ["They screen for DR.", "Therefore we ask."]),
        ("It is one view.Each view is a crop.", ["It is one view.", "Each view is a crop."]),
        ("It parses. eParse needs no data.", ["It parses.", "eParse needs no data."]),
        ("We embed. word2vec is one. iPhone too.", ["We embed.", "word2vec is one.", "iPhone too."]),
        ("It is served. vLLM does it. k-means not.", ["It is served.", "vLLM does it.", "k-means not."]),
        ("It fits. scikit-learn has it. p53 not.", ["It fits.", "scikit-learn has it.", "p53 not."]),
        ("It fits approx. k-means, e.g. word2vec.", ["It fits approx. k-means, e.g. word2vec."]),
        ("It fits the temp. of water. and air.", ["It fits the temp. of water. and air."]),
        ("It melts at 25 K. Further tests agree.", ["It melts at 25 K.", "Further tests agree."]),
        ("(We did this.) Then it ended.", ["(We did this.)", "Then it ended."]),
        ("One line\nand another", ["One line", "and another"]),
        ("Code: https://example.org/a.b.c. Try it.", ["Code: https://example.org/a.b.c.", "Try it."]),
        ("  \n ", []),
    ],
)
def test_it_ends_a_sentence(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@given(st.text(alphabet="aB. (\"')\n3e.g!?é", max_size=80))
def test_every_sentence_is_a_slice_and_nothing_is_lost(text: str) -> None:
    found = sentences(text)
    assert all(sentence in text and sentence == sentence.strip() for sentence in found)
    assert "".join("".join(found).split()) == "".join(text.split())
