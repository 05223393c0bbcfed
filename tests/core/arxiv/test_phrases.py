"""What counts as a phrase of a paper."""

from __future__ import annotations

from newsletter.core.arxiv.phrases import Phrase, is_within, phrase_key, phrases
from tests.fakes.papers import paper_record


def _phrases(title: str, abstract: str = "") -> dict[str, Phrase]:
    return {each.text: each for each in phrases(paper_record(title=title, abstract=abstract)).values()}


def test_it_finds_runs_of_up_to_three_words() -> None:
    assert set(_phrases("Talking Head Video")) == {
        "talking",
        "talking head",
        "talking head video",
        "head",
        "head video",
        "video",
    }


def test_no_phrase_crosses_a_stop_word_or_a_mark() -> None:
    found = _phrases("Splatting for avatars, gestures: lips")
    assert set(found) == {"splatting", "avatars", "gestures", "lips"}


def test_words_of_any_abstract_are_no_phrase_of_their_own() -> None:
    assert set(_phrases("A novel method significantly improves avatar results")) == {
        "avatar",
        "avatar results",
        "improves avatar",
        "improves avatar results",
    }


def test_singular_and_plural_are_one_phrase_and_hyphens_do_not_count() -> None:
    assert phrase_key(("Talking", "Heads")) == phrase_key(("talking-head",))
    (found,) = (
        each for each in _phrases("Avatar", "Avatars are avatars.").values() if each.key == ("avatar",)
    )
    assert (found.worth, found.in_title) == (5, True)


def test_names_keep_their_capitals() -> None:
    assert {"NeRF", "ClinicalBERT", "GPT-4o", "co-speech"} <= set(
        _phrases("NeRF, ClinicalBERT, GPT-4o, Co-Speech")
    )


def test_of_joins_two_words() -> None:
    assert "theory of mind" in _phrases("Theory of Mind")
    assert "of mind" not in _phrases("Theory of Mind")


def test_a_phrase_within_another_is_recognised() -> None:
    assert is_within(("head",), ("talking", "head"))
    assert not is_within(("talking", "video"), ("talking", "head", "video"))
