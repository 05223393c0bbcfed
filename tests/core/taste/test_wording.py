"""Phrases of a paper: whole words as printed, and the same stems in another paper."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from newsletter.adapters.infra.taste_snapshot import shipped_snapshot
from newsletter.core.taste.wording import Text

SHIPPED = shipped_snapshot()


def _written(title: str, abstract: str = "") -> set[str]:
    return {phrase.written for phrase in Text(title, abstract).phrases(SHIPPED)}


def test_a_phrase_has_no_stop_word_and_does_not_bridge_a_mark() -> None:
    found = _written("Entropy of agents, splatting: lattices/qubits")
    assert {"Entropy", "agents", "splatting", "lattices"} <= found
    assert not {each for each in found if " " in each}


def test_a_compound_is_one_word_and_a_number_or_unit_is_none() -> None:
    found = _written("", "A p-adic field after 10 Myr. The Myr scale, Type II supergravity, a 3D lattice.")
    assert "p-adic" in found
    assert not {"adic", "Myr", "II supergravity", "10 Myr"} & found
    assert {"supergravity", "3D lattice"} <= found


def test_the_form_within_a_sentence_is_preferred_to_one_that_opens_it_and_to_the_title() -> None:
    assert "Virtual elements" in _written("Virtual Elements", "Virtual elements converge.")
    assert "virtual elements" in _written("Virtual Elements", "Virtual elements err; so virtual elements.")


def test_where_to_get_the_code_is_no_phrase() -> None:
    assert "splatting" not in _written("Codes", "Our splatting code is available at https://example.org/s.")


def test_the_title_counts_two_and_compounds_by_their_parts() -> None:
    text = Text("Low-Density Codes", "The low density codes of Gallager’s are robustly low-density codes.")
    [phrase] = [each for each in text.phrases(SHIPPED) if each.written == "low density codes"]
    assert text.times(phrase) == 4


def test_a_phrase_is_whole_unless_a_word_that_belongs_to_it_is_cut_off() -> None:
    detector = Text("A superconducting nanowire", "Nanowire detectors.")
    cut = Text("Superconducting nanowire detectors", "")
    [nanowire] = [each for each in detector.phrases(SHIPPED) if each.written == "superconducting nanowire"]
    assert detector.has_whole(nanowire, snapshot=SHIPPED)
    assert not cut.has_whole(nanowire, snapshot=SHIPPED)


@given(st.text(max_size=200), st.text(max_size=400))
def test_any_text_has_phrases_that_it_prints(title: str, abstract: str) -> None:
    text = Text(title, abstract)
    assert text.stems.startswith(" | ")
    for phrase in text.phrases(SHIPPED):
        assert phrase.written
        assert phrase.terms
