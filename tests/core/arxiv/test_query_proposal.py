"""A query proposed from papers, and a false friend taken out of one."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.adapters.infra.topic_spans import explain
from newsletter.core.arxiv.nearness import Near
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.arxiv.query import MAX_LENGTH, Field, Query, parse
from newsletter.core.arxiv.query_exclusion import Exclusion, NoRoomError, exclude
from newsletter.core.arxiv.query_proposal import MAX_CATEGORIES, Proposal, propose
from newsletter.errors import BadInput
from tests.fakes.papers import paper_record


class Library:
    """Papers by number from 1, asked as the service asks its recent ones."""

    def __init__(self, papers: Sequence[PaperRecord]) -> None:
        self.papers = dict(enumerate(papers, 1))

    def search(self, query: Query) -> frozenset[int]:
        """Return what the index would, which takes longer to build than all these papers to read."""
        return frozenset(
            number for number, paper in self.papers.items() if explain(query, record=paper) is not None
        )

    def propose(self, *numbers: int, categories: Sequence[str] = ()) -> Proposal:
        given = {number: self.papers[number] for number in numbers}
        near = Near(known=frozenset(numbers))
        found = propose(given, categories=categories, near=near, search=self.search, share=_never)
        assert found is not None
        return found

    def exclude(self, text: str, number: int) -> Exclusion:
        return exclude(text, wrong=self.papers[number], wrong_id=number, search=self.search)


def _paper(number: int, title: str, abstract: str = "", *, category: str = "cs.CV") -> PaperRecord:
    return paper_record(number, title=title, abstract=abstract, categories=(category,))


def _never(_key: tuple[str, ...]) -> float:
    """No word is common to all papers."""
    return 0.0


HEADS = Library(
    [
        _paper(1, "Talking Head Synthesis from Speech", "We animate a talking head. It is a novel method."),
        _paper(2, "Lip Sync for Talking Heads", "Our talking heads keep lip sync.", category="cs.GR"),
        _paper(3, "A Talking Head in Real Time", "One talking head."),
        _paper(4, "Head Pose in Crowds", "A novel method for crowds."),
        *(_paper(number, f"Segmentation {number}", "A novel method.") for number in range(5, 40)),
    ]
)


def test_it_proposes_what_the_papers_share_in_their_categories() -> None:
    found = HEADS.propose(1, 2)
    assert found.categories == ("cs.CV", "cs.GR")
    assert found.phrases[0].text == "talking head"
    assert (found.phrases[0].in_given, found.phrases[0].in_recent) == (2, 1)
    assert {1, 2, 3} <= HEADS.search(found.query)
    assert 4 not in HEADS.search(found.query)


def test_the_text_says_what_the_tree_says() -> None:
    found = HEADS.propose(1, 2)
    assert parse(found.text) == found.query


def test_categories_that_were_named_come_first() -> None:
    assert HEADS.propose(1, categories=["eess.AS", "cs.*"]).categories == ("eess.AS", "cs.*", "cs.CV")


def test_categories_alone_are_a_query() -> None:
    found = propose({}, categories=["cs.SD"], near=Near(), search=HEADS.search, share=_never)
    assert found is not None
    assert (found.text, found.phrases) == ("cat:cs.SD", ())


def test_nothing_makes_no_proposal() -> None:
    assert propose({}, near=Near(), search=HEADS.search, share=_never) is None


def test_a_paper_that_says_nothing_gives_its_category() -> None:
    library = Library([_paper(1, "On It", "We show this."), _paper(2, "Cats")])
    assert library.propose(1).text == "cat:cs.CV"


_TITLES = (
    "gaussian avatar",
    "Lip-Sync",
    "the",
    "of",
    "Moiré",
    "NeRF",
    "novel",
    "heads",
    "A “quote”",
    "x*",
    "3D",
    "ANDNOT",
)
_TEXT = st.lists(st.sampled_from(_TITLES) | st.text(max_size=8), max_size=12).map(" ".join)
_PAPERS = st.lists(
    st.tuples(_TEXT, _TEXT, st.sampled_from(["cs.CV", "math.AG", "hep-th", "q-bio.NC", "cs.CL"])),
    min_size=1,
    max_size=14,
)


@given(_PAPERS, st.integers(1, 10))
def test_a_proposal_can_always_be_read_and_finds_the_papers_it_came_from(
    papers: list[tuple[str, str, str]], given_papers: int
) -> None:
    library = Library(
        [_paper(number, title, text, category=code) for number, (title, text, code) in enumerate(papers, 1)]
    )
    numbers = list(library.papers)[:given_papers]
    found = library.propose(*numbers)
    assert parse(found.text) == found.query
    assert len(found.text) <= MAX_LENGTH
    assert len(found.categories) <= MAX_CATEGORIES
    assert library.search(found.query) & set(numbers)


# --- excluding ---------------------------------------------------------------------------------------------

POWER = Library(
    [
        _paper(1, "Transformer Language Models", "A transformer reads tokens."),
        _paper(2, "Vision Transformer", "A transformer sees patches."),
        _paper(
            3, "Transformer Faults in the Power Grid", "The power grid needs a transformer. The grid fails."
        ),
        _paper(4, "Power Grid Forecasts", "The power grid of tomorrow."),
        _paper(5, "Power Grid Markets", "Prices in the power grid."),
    ]
)


def test_it_excludes_by_what_the_false_friend_is_about() -> None:
    found = POWER.exclude("ti:transformer", 3)
    assert found.text == 'ti:transformer ANDNOT "power grid"'
    assert found.lost == frozenset()
    assert POWER.search(parse(found.text)) == {1, 2}


def test_what_was_typed_stays_and_gets_parentheses() -> None:
    assert POWER.exclude("ti:transformer OR abs:_transformer_", 3).text.startswith(
        "(ti:transformer OR abs:_transformer_) ANDNOT "
    )


def test_a_second_exclusion_joins_the_first() -> None:
    first = POWER.exclude("transformer", 3).text
    second = POWER.exclude(first, 2).text
    assert second.startswith('transformer ANDNOT ("power grid" OR ')
    assert POWER.search(parse(second)) == {1}


def test_where_no_phrase_would_do_the_paper_itself_is_excluded() -> None:
    library = Library([_paper(number, "Avatar", "An avatar.") for number in (1, 2, 3)])
    found = library.exclude("avatar", 2)
    assert found.dropped.field is Field.ID
    assert library.search(parse(found.text)) == {1, 3}


def test_it_says_when_there_is_no_room() -> None:
    query = " OR ".join(["transformer"] * 66)
    with pytest.raises(NoRoomError, match="no room"):
        POWER.exclude(query, 3)


def test_a_query_that_cannot_be_read_is_refused_at_its_character() -> None:
    with pytest.raises(BadInput) as refused:
        POWER.exclude("transformer AND", 3)
    assert refused.value.position == 15


_QUERIES = st.sampled_from(
    [
        "cat:cs.CV",
        "cat:cs.CV OR cat:math.AG AND all:heads",
        "ANDNOT ti:zebra",
        "(cat:cs.CV OR cat:cs.CL) ANDNOT zebra",
        "cat:cs.* ANDNOT (zebra OR ti:lion)",
        "cat:cs.* ANDNOT ti:(zebra OR lion)",
        "ti:(gaussian OR heads) ANDNOT zebra ANDNOT lion",
    ]
)


@given(_PAPERS, _QUERIES, st.data())
def test_an_exclusion_leaves_out_the_one_and_loses_what_it_says(
    papers: list[tuple[str, str, str]], query: str, data: st.DataObject
) -> None:
    library = Library(
        [_paper(number, title, text, category=code) for number, (title, text, code) in enumerate(papers, 1)]
    )
    before = library.search(parse(query))
    if not before:
        return
    wrong = data.draw(st.sampled_from(sorted(before)))
    found = library.exclude(query, wrong)
    after = library.search(parse(found.text))
    assert wrong not in after
    assert after == before - {wrong} - found.lost
