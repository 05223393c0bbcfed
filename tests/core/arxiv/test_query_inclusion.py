"""A missed paper taken into a query, by a word that it shares with others nearby."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.adapters.infra.topic_spans import explain
from newsletter.core.arxiv.nearness import Near
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.query import MAX_LENGTH, Query, parse
from newsletter.core.arxiv.query_exclusion import NoRoomError
from newsletter.core.arxiv.query_inclusion import Inclusion, include
from newsletter.errors import BadInput
from tests.fakes.papers import paper_record

Papers = dict[int, PaperRecord]


def _paper(number: int, title: str, abstract: str = "", *, category: str = "cs.CV") -> PaperRecord:
    return paper_record(number, title=title, abstract=abstract, categories=(category,))


PAPERS: Papers = {
    1: _paper(1, "Talking Heads from Speech"),
    2: _paper(2, "Lip Sync for Avatars", "A lip sync network for an avatar."),
    3: _paper(3, "Lip Sync in Films", "Dubbing needs lip sync."),
    4: _paper(4, "Avatars of Trees", "An avatar of a tree."),
    5: _paper(5, "Lip Sync without Labels", "Another lip sync.", category="cs.GR"),
    **{number: _paper(number, f"Segmentation {number}", "Labels for films.") for number in range(6, 20)},
}
NEAR = Near({1: "cs.CV", 2: "cs.CV", 3: "cs.CV", 5: "cs.GR"}).narrowed(8)


def _search(query: Query, papers: Papers = PAPERS) -> frozenset[int]:
    return frozenset(number for number, paper in papers.items() if explain(query, record=paper) is not None)


def _include(text: str, number: int, *, near: Near = NEAR) -> Inclusion:
    found = include(text, wanted=PAPERS[number], wanted_id=number, near=near, search=_search)
    assert found is not None
    assert number in _search(parse(found.text))
    return found


def test_it_adds_what_others_nearby_have_too() -> None:
    found = _include('cat:cs.CV AND "talking heads"', 2)
    assert found.text == 'cat:cs.CV AND ("talking heads" OR "lip sync")'
    assert found.gained == {3}


def test_other_categories_come_with_the_word_only() -> None:
    found = _include('cat:cs.CV AND "talking heads"', 5)
    assert found.text == '(cat:cs.CV AND "talking heads") OR (cat:cs.GR AND "lip sync")'
    assert found.gained == frozenset()


def test_an_exclusion_stays() -> None:
    assert _include('(cat:cs.CV AND "talking heads") ANDNOT dubbing', 2).text == (
        '(cat:cs.CV AND ("talking heads" OR "lip sync")) ANDNOT dubbing'
    )


def test_what_an_exclusion_left_out_comes_in_beside_it() -> None:
    found = _include("cat:cs.CV ANDNOT lip", 3)
    assert found.text == '(cat:cs.CV ANDNOT lip) OR (cat:cs.CV AND "lip sync")'


def test_a_word_alone_gets_another() -> None:
    assert _include("heads", 2).text == 'heads OR "lip sync"'


def test_without_anything_near_the_word_that_costs_least_is_used() -> None:
    found = _include("heads", 4, near=Near())
    assert len(found.gained) <= 1


def test_a_paper_that_is_found_already_changes_nothing() -> None:
    assert include("heads", wanted=PAPERS[1], wanted_id=1, near=NEAR, search=_search) is None


def test_a_paper_that_says_nothing_cannot_be_included() -> None:
    papers = {1: _paper(1, "Avatar"), 2: _paper(2, "On It", "We show this.")}
    found = include(
        "avatar", wanted=papers[2], wanted_id=2, near=Near(), search=lambda query: _search(query, papers)
    )
    assert found is None


def test_it_says_when_there_is_no_room() -> None:
    with pytest.raises(NoRoomError, match="no room"):
        _include(" OR ".join(["heads"] * (MAX_LENGTH // 9)), 2)


def test_a_query_that_cannot_be_read_is_refused_at_its_character() -> None:
    with pytest.raises(BadInput) as refused:
        _include("heads AND", 2)
    assert refused.value.position == 9


_WORDS = st.lists(
    st.sampled_from(["avatar", "Lip-Sync", "the", "Moiré", "NeRF", "A “quote”", "x*", "3D", "ANDNOT"]),
    max_size=6,
).map(" ".join)
_QUERIES = st.sampled_from(
    [
        "cat:cs.CV",
        "cat:cs.CV AND (zebra OR lion)",
        "(cat:cs.CV OR cat:cs.GR) AND zebra ANDNOT lion",
        "ANDNOT avatar",
        "ti:(avatar OR lion)",
        "cat:math.* AND cat:cs.CV AND zebra",
    ]
)


@given(st.lists(st.tuples(_WORDS, st.sampled_from(["cs.CV", "cs.GR"])), min_size=1, max_size=8), _QUERIES)
def test_it_finds_the_paper_and_all_that_it_found_before(texts: list[tuple[str, str]], query: str) -> None:
    papers = {number: _paper(number, title, category=code) for number, (title, code) in enumerate(texts, 1)}

    def search(asked: Query) -> frozenset[int]:
        return _search(asked, papers)

    before = search(parse(query))
    for number, paper in papers.items():
        found = include(query, wanted=paper, wanted_id=number, near=Near(), search=search)
        if found is not None:
            assert number not in before
            assert search(parse(found.text)) == before | {number} | found.gained
