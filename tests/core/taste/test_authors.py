"""Names of authors, and who is who."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.core.taste.authors import (
    AuthorMatch,
    Byline,
    Followed,
    known_from,
    match_author,
    tell_apart,
)
from newsletter.core.taste.names import Agreement, compare_names, family_keys

FULL, INITIAL, NONE = Agreement.FULL, Agreement.INITIAL, Agreement.NONE


@pytest.mark.parametrize(
    ("one", "other", "agreement"),
    [
        ("José M. F. Moura", "Jose Moura", FULL),
        ("José M. F. Moura", "J. Moura", INITIAL),
        ("Moura, Jose", "José M. F. Moura", FULL),
        ("M. Moura", "José Moura", NONE),
        ("Laurens van der Maaten", "L. Maaten", INITIAL),
        ("Vandermaaten, L", "L. van der Maaten", INITIAL),
        ("Nando de Freitas", "Nando Freitas", FULL),
        ("Thomas Müller", "Thomas Mueller", FULL),
        ("Thomas Müller", "Thomas Muller", FULL),
        ("Ulrich Weiß", "Ulrich Weiss", FULL),
        ("Łukasz Kaiser", "Lukasz Kaiser", FULL),
        ("Paul O'Brien", "P. OBrien", INITIAL),
        ("Xiao-Ming Li", "Xiaoming Li", FULL),
        ("Jean-Pierre Serre", "J.-P. Serre", INITIAL),
        ("Jean-Pierre Serre", "JP Serre", INITIAL),
        ("Gabriel García Márquez", "Gabriel García-Márquez", FULL),
        ("Sammy Davis, Jr.", "Sammy Davis", FULL),
        ("Wei Zhang", "Wen Zhang", NONE),
        ("W. Zhang", "Wen Zhang", INITIAL),
        ("Hinton", "Geoffrey Hinton", INITIAL),
        ("J. Smith", "J. Smith", INITIAL),
        ("ATLAS Collaboration", "CMS Collaboration", NONE),
        ("王伟", "王伟", INITIAL),
        ("", "Wei Zhang", NONE),
        (":", ":", NONE),
    ],
)
def test_how_far_two_spellings_agree(one: str, other: str, agreement: Agreement) -> None:
    assert compare_names(one, other) is agreement
    assert compare_names(other, one) is agreement
    assert agreement is NONE or family_keys(one) & family_keys(other)


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_two_texts_compare_the_same_both_ways_and_are_found_by_their_keys(one: str, other: str) -> None:
    agreement = compare_names(one, other)
    assert compare_names(other, one) is agreement
    assert agreement is NONE or family_keys(one) & family_keys(other)


def _byline(authors: str, *categories: str) -> Byline:
    return Byline(authors=tuple(authors.split("; ")), categories=categories)


KNOWN = Followed("Wei Zhang", coauthors=frozenset({"Ada Lovelace"}), categories=frozenset({"cs.CV"}))


def test_a_co_author_tells_who_it_is_also_by_an_initial() -> None:
    assert match_author(KNOWN, _byline("W. Zhang; Ada Lovelace", "math.NT")) is AuthorMatch.SAME


def test_a_field_tells_who_it_is_where_the_name_is_in_full() -> None:
    assert match_author(KNOWN, _byline("Wei Zhang; Bo Li", "cs.CV")) is AuthorMatch.SAME
    assert match_author(KNOWN, _byline("W. Zhang; Bo Li", "cs.CV")) is AuthorMatch.AMBIGUOUS


def test_another_field_without_a_co_author_is_ambiguous() -> None:
    assert match_author(KNOWN, _byline("Wei Zhang; Bo Li", "math.NT")) is AuthorMatch.AMBIGUOUS
    assert match_author(Followed("Wei Zhang"), _byline("Wei Zhang", "cs.CV")) is AuthorMatch.AMBIGUOUS


def test_a_co_author_by_initial_proves_nothing() -> None:
    assert match_author(KNOWN, _byline("Wei Zhang; A. Lovelace", "math.NT")) is AuthorMatch.AMBIGUOUS


def test_another_name_is_no_match() -> None:
    assert match_author(KNOWN, _byline("Wen Zhang; Ada Lovelace", "cs.CV")) is None
    assert match_author(KNOWN, Byline((), ())) is None


def test_homonyms_are_told_apart_by_co_authors_and_fields() -> None:
    papers = {
        1: _byline("Wei Zhang; Ada Lovelace", "cs.CV"),
        2: _byline("Wei Zhang; Bo Li", "cs.CV"),
        3: _byline("Wei Zhang; Cai Wu", "math.NT"),
        4: _byline("W. Zhang; Cai Wu", "math.AG"),
        5: _byline("Somebody Else", "math.NT"),
    }
    assert tell_apart("Wei Zhang", papers) == [frozenset({1, 2}), frozenset({3, 4})]


def test_a_paper_between_two_groups_joins_them() -> None:
    papers = {
        1: _byline("Wei Zhang; Ada Lovelace", "cs.CV"),
        2: _byline("Wei Zhang; Cai Wu", "math.NT"),
        3: _byline("Wei Zhang; Ada Lovelace; Cai Wu", "stat.ME"),
    }
    assert tell_apart("Wei Zhang", papers) == [frozenset({1, 2, 3})]


def test_what_is_known_of_a_person_leaves_their_own_name_out() -> None:
    found = known_from("Wei Zhang", [_byline("W. Zhang; Ada Lovelace", "cs.CV", "cs.LG")])
    assert found == Followed(
        "Wei Zhang", coauthors=frozenset({"Ada Lovelace"}), categories=frozenset({"cs.CV", "cs.LG"})
    )
