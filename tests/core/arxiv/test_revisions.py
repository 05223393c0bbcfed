"""What happened to a paper between two records of it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.plain_words import STOP_WORDS
from newsletter.core.arxiv.revisions import Change, Revision, revision_between, says_something_else
from tests.fakes.papers import ABSTRACT, paper_record

OLD = paper_record(1)


def then(**fields: Any) -> PaperRecord:
    return replace(OLD, **{"version": 2} | fields)


def test_a_withdrawal_is_told_once_and_nothing_else_with_it() -> None:
    gone = then(is_withdrawn=True, comment="This paper has been withdrawn by the authors", abstract="Gone.")
    assert revision_between(OLD, gone) == Revision(2, (Change.WITHDRAWN,))
    assert revision_between(gone, replace(gone, version=3, title="Withdrawn")) is None


def test_a_withdrawal_by_arxiv_is_not_its_authors() -> None:
    gone = then(is_withdrawn=True, comment="This submission has been withdrawn by arXiv administrators")
    assert revision_between(OLD, gone) == Revision(2, (Change.REMOVED,))


def test_another_abstract_or_title_is_told() -> None:
    other = "Faces are easy to draw. A diffusion prior renders them from text alone, without any rig."
    assert revision_between(OLD, then(abstract=other)) == Revision(2, (Change.ABSTRACT,))
    title = "Speaking Portraits: One Network for All"
    assert revision_between(OLD, then(title=title)) == Revision(2, (Change.TITLE,))
    both = revision_between(OLD, then(title=title, abstract=other, comment="Accepted at NeurIPS 2026"))
    assert both == Revision(2, (Change.TITLE, Change.ABSTRACT, Change.ACCEPTED), "NeurIPS 2026")


def test_one_other_number_is_told() -> None:
    assert revision_between(OLD, then(abstract=ABSTRACT.replace("12%", "9%"))) == Revision(
        2, (Change.ABSTRACT,)
    )
    assert revision_between(OLD, then(abstract=ABSTRACT.replace("three", "five"))) is not None


def test_a_text_that_changes_without_a_version_is_not_the_authors_doing() -> None:
    assert revision_between(OLD, then(version=1, abstract="Another text altogether.")) is None


def test_a_new_version_of_the_same_text_is_not_told() -> None:
    assert (
        revision_between(OLD, then(comment="8 pages, fixed a typo in Eq. 3", authors=("Ada Lovelace",)))
        is None
    )


def test_an_acceptance_is_told_in_the_words_of_the_comment() -> None:
    accepted = then(comment="8 pages. Accepted at NeurIPS 2026 (Oral)")
    assert revision_between(OLD, accepted) == Revision(2, (Change.ACCEPTED,), "NeurIPS 2026")
    assert revision_between(accepted, replace(accepted, version=3, comment="NeurIPS2026, 9 pages")) is None
    elsewhere = revision_between(accepted, replace(accepted, version=3, comment="Accepted by TPAMI"))
    assert elsewhere == Revision(3, (Change.ACCEPTED,), "TPAMI")


def test_a_journal_reference_comes_without_a_new_version() -> None:
    published = then(version=1, journal_ref="Phys. Rev. D 113, 014001 (2026)")
    assert revision_between(OLD, published) == Revision(
        1, (Change.PUBLISHED,), "Phys. Rev. D 113, 014001 (2026)"
    )
    assert revision_between(published, replace(published, journal_ref="Phys.Rev.D 113 014001")) is None


def test_a_long_journal_reference_is_cut_at_a_word() -> None:
    revision = revision_between(OLD, then(journal_ref="Proceedings " * 30))
    assert revision is not None
    assert len(revision.venue) <= 120
    assert revision.venue.endswith("Proceedings…")


# --- the rule for texts ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "We pre-train a modelling tool, 1,000 colour images.",
            "We pretrain a modeling tool; 1000 color images",
        ),
        ("A real-time method for large-scale scenes", "A real time method for large scale scenes"),
        ("It lowers the error by 12 % on ten tasks.", "It lowers the error by 12% on 10 tasks"),
        ("We proove that e^x \u2265 1 for x\u00b2", "We prove that  e^x >= 1 for x^2"),
        ("Robust avatars from speech", "Robust avatar from speeches"),
        ("The method is fast. It is exact.", "It is exact; the method is fast."),
        ("Errors fall by 5.0 points", "errors fall by 5 points"),
        ("Code: https://example.org/v1/2025", "Code: https://example.org/v2/2026"),
        ("na\u00efve Bayes of Erd\u0151s", "naive Bayes of Erdos"),
    ],
)
def test_spelling_spacing_punctuation_and_order_do_not_count(before: str, after: str) -> None:
    assert not says_something_else(before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("A supervised method for faces", "An unsupervised method for faces"),
        ("It lowers errors by 12%", "It lowers errors by 14%"),
        ("Tests on three benchmarks", "Tests on four benchmarks"),
        ("The bound is tight", "The bound is tight up to 3 factors"),
        ("LampNet: Reading Lamps", "LampNet: Reading Lamps with Diffusion"),
        ("", "An abstract."),
    ],
)
def test_other_content_counts(before: str, after: str) -> None:
    assert says_something_else(before, after)


WORDS = st.lists(
    st.text(alphabet="abcdefghijklmnoprstuvwyz", min_size=4, max_size=9).filter(
        lambda w: w not in STOP_WORDS
    ),
    min_size=1,
    max_size=40,
)


@given(WORDS, st.randoms(use_true_random=False))
def test_typesetting_and_order_never_count(words: list[str], chance: Any) -> None:
    before, after = ("", "the ", "("), (" ", ", ", "-", "\u2014", ")\n", ".  ")
    typeset = "".join(
        chance.choice(before) + chance.choice((word, word.upper(), word.title())) + chance.choice(after)
        for word in chance.sample(words, len(words))
    )
    assert not says_something_else(" ".join(words), typeset)


@given(WORDS, st.integers(min_value=13, max_value=10**6))
def test_a_number_more_or_less_always_counts(words: list[str], number: int) -> None:
    text = " ".join(words)
    assert says_something_else(text, f"{text} {number}")
    assert says_something_else(f"{number} {text}", text)


@given(WORDS)
def test_a_text_of_other_words_always_counts(words: list[str]) -> None:
    assert says_something_else(" ".join(words), " ".join(f"qx{word}" for word in words))


@given(st.text(max_size=300))
def test_a_text_says_the_same_as_itself(text: str) -> None:
    assert not says_something_else(text, text)


def test_two_long_texts_are_compared_in_a_moment() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    before, after = (" ".join(f"ab{a}{b}{end * 7}" for a in letters for b in letters) for end in "xy")
    began = time.process_time()
    assert says_something_else(before, after)
    assert time.process_time() - began < 1


# --- several revisions of one paper ------------------------------------------------------------------------


def test_revisions_that_follow_each_other_are_told_as_one() -> None:
    second, third = Revision(2, (Change.ABSTRACT,)), Revision(3, (Change.TITLE, Change.ACCEPTED), "TMLR")
    both = second.then(third)
    assert both == Revision(3, (Change.TITLE, Change.ABSTRACT, Change.ACCEPTED), "TMLR")
    assert both.covers(second)
    assert both.covers(third)
    assert not second.covers(third)
    published = both.then(Revision(3, (Change.PUBLISHED,), "TMLR 2026"))
    assert published == Revision(3, (Change.TITLE, Change.ABSTRACT, Change.PUBLISHED), "TMLR 2026")


def test_a_withdrawal_ends_what_was_before() -> None:
    gone, back = Revision(3, (Change.WITHDRAWN,)), Revision(4, (Change.ABSTRACT,))
    assert Revision(2, (Change.TITLE,)).then(gone) == gone
    assert gone.covers(Revision(2, (Change.TITLE,)))
    assert gone.then(back) == back
    assert not gone.covers(back)


CHANGES = st.sets(st.sampled_from(list(Change)), min_size=1).map(
    lambda found: tuple(change for change in Change if change in found)
)


@given(st.lists(st.builds(Revision, st.integers(1, 9), CHANGES), min_size=1, max_size=5))
def test_one_is_always_left_to_tell(revisions: list[Revision]) -> None:
    told = revisions[0]
    for later in revisions[1:]:
        told = told.then(later)
    assert told.version == revisions[-1].version
    assert told.changes
