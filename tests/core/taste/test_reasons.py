"""Why a paper was chosen: nothing that both sides do not hold."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from newsletter.core.taste.profiles import Examples, learn
from newsletter.core.taste.reasons import Why, shared_terms, why
from newsletter.core.taste.vectors import Vector
from tests.core.taste.papers import ALL, liked, snapshot

KNOWN = snapshot()


def _vector(number: int) -> Vector:
    return KNOWN.vector(*ALL[number])


def _why(paper: int, *likes: int, written: dict[int, str] | None = None) -> Why:
    profile = learn(Examples(tuple(liked(number) for number in likes)), snapshot=KNOWN)
    return why(
        _vector(paper),
        profile=profile.vector,
        likes={number: _vector(number) for number in likes},
        snapshot=KNOWN,
        written=written,
    )


def test_it_names_the_nearest_like_and_what_both_are_about() -> None:
    found = _why(3, 2, 4)
    assert found.papers == (2,)
    assert "sailing boats" in found.terms
    assert "rudder angle" in found.terms


def test_a_pair_of_words_is_not_said_twice() -> None:
    words = [word for term in _why(3, 0, 1, 2).terms for word in term.split()]
    assert words.count("boats") <= 1


def test_it_says_nothing_where_nothing_is_shared() -> None:
    assert _why(3, 4) == Why()
    assert _why(3) == Why()
    assert why({}, profile={}, likes={1: {}}, snapshot=KNOWN) == Why()


def test_the_paper_itself_says_how_its_terms_are_written() -> None:
    number = KNOWN.numbers["sail boat"]
    assert "Sailing Boats" in _why(3, 2, written={number: "Sailing Boats"}).terms


def test_words_of_every_abstract_are_never_a_reason() -> None:
    assert "model" not in _why(9, 8, 10, 11).terms


def test_what_a_cluster_has_in_common() -> None:
    found = shared_terms(_vector(4), others=[_vector(5), _vector(6), _vector(7)], snapshot=KNOWN)
    assert "honey bees" in found
    assert len(found) <= 3
    assert shared_terms(_vector(4), others=[_vector(0), _vector(8)], snapshot=KNOWN) == ()
    assert shared_terms(_vector(4), others=[], snapshot=KNOWN) == ()


@given(st.integers(0, 11), st.sets(st.integers(0, 11), max_size=6))
def test_every_named_term_is_in_the_paper_and_in_a_named_like(paper: int, likes: set[int]) -> None:
    found = _why(paper, *sorted(likes))
    assert (2 <= len(found.terms) <= 4 and 1 <= len(found.papers) <= 3) or found == Why()
    held = {number: set(map(KNOWN.surface, _vector(number))) for number in (paper, *found.papers)}
    for term in found.terms:
        assert term in held[paper]
        assert any(term in held[number] for number in found.papers)
    assert all(held[number] & set(found.terms) for number in found.papers)


@given(st.permutations(range(4)))
def test_the_order_of_likes_changes_nothing(order: list[int]) -> None:
    assert _why(3, *order) == _why(3, 0, 1, 2, 3)
