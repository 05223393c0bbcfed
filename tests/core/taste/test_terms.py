"""What counts as a term of a paper."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.core.taste.terms import Term, fold, paper_terms


def _keys(title: str = "", abstract: str = "") -> set[str]:
    return set(paper_terms(title=title, abstract=abstract))


def test_words_and_pairs_of_neighbours_are_stems_and_keep_how_they_are_written() -> None:
    found = paper_terms(title="", abstract="Language agents plan.")
    assert found == {
        "languag": Term(1, "Language"),
        "agent": Term(1, "agents"),
        "plan": Term(1, "plan"),
        "languag agent": Term(1, "Language agents"),
        "agent plan": Term(1, "agents plan"),
    }


def test_a_title_counts_three_and_loses_its_capitals_except_in_names() -> None:
    found = paper_terms(title="Faster NeRF Rendering", abstract="NeRF is slow. NeRF is here.")
    assert found["nerf"] == Term(5, "NeRF")
    assert found["nerf render"] == Term(3, "NeRF rendering")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Schrödinger equation", "schrodinger EQUATIONS"),
        ("Erdős–Rényi graphs", "Erdos-Renyi graph"),
        ("Łojasiewicz inequality", "Lojasiewicz inequalities"),
        ("naïve Bayes", "naive bayes"),
        ("re\u0301sume\u0301 parsing", "résumé parsing"),
        ("ﬁnite ﬁelds", "finite fields"),
    ],
)
def test_accents_case_and_endings_do_not_matter(one: str, other: str) -> None:
    assert _keys(one) == _keys(other) != set()


def test_pairs_do_not_cross_punctuation_or_little_words_except_of() -> None:
    assert "agent memori" not in _keys(abstract="We study agents, memory.")
    assert "agent memori" not in _keys(abstract="We give agents a memory.")
    assert paper_terms(title="", abstract="a chain of thought")["chain thought"].surface == "chain of thought"


def test_numbers_and_letters_count_only_beside_a_word() -> None:
    found = _keys(abstract="GPT-4 and p-adic numbers on 3-manifolds: 17 of 42.")
    assert {"gpt 4", "p adic", "3 manifold"} <= found
    assert found.isdisjoint({"4", "p", "3", "17", "42", "17 42"})


@pytest.mark.parametrize(
    "offer",
    [
        "Code is available at https://github.com/zebra/giraffe.",
        "Our code and checkpoints will be released.",
        "The source code can be found online.",
        "We release all zebra code.",
        "Project page: https://zebra.github.io/giraffe",
        "See www.zebra.org/giraffe.",
        "More at zebra.org/giraffe today.",
    ],
)
def test_what_only_offers_code_is_left_out(offer: str) -> None:
    found = _keys(abstract=f"We segment organs. {offer} It works.")
    assert {"segment", "organ"} <= found
    assert not {key for key in found if "zebra" in key or "giraff" in key or "github" in key or "code" in key}


def test_a_long_sentence_with_an_address_keeps_what_it_says() -> None:
    sentence = (
        "We introduce a corpus of forty thousand annotated whale songs that were recorded over twelve years "
        "in four oceans by divers and buoys, https://whales.org/songs, and a detector."
    )
    found = _keys(abstract=sentence)
    assert {"whale song", "detector"} <= found
    assert "org" not in found


def test_sentences_about_code_as_a_subject_stay() -> None:
    assert "surfac code" in _keys(abstract="The surface code corrects errors of qubits.")
    assert "code generat" in _keys(abstract="Code generation by agents is hard.")


def test_an_empty_or_foreign_text_is_no_error() -> None:
    assert _keys() == set()
    assert _keys("On It") == set()
    assert _keys("大语言模型") == {"大语言模型"}
    assert _keys("Avatar") == {"avatar"}
    assert _keys(abstract="∫ f(x) dx = 0 ∀ x ∈ ℝ") <= {"dx", "f x", "x dx", "dx 0"}


@given(st.text(max_size=300), st.text(max_size=600))
def test_any_text_has_terms_that_can_be_stored_on_one_line(title: str, abstract: str) -> None:
    for key, term in paper_terms(title=title, abstract=abstract).items():
        assert len(key.split(" ")) in (1, 2)
        assert term.count >= 1
        assert not {"\t", "\n", "\r"} & set(key + term.surface)


@given(st.text(max_size=50))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)
