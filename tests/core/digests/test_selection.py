"""Who gets into a digest: turns, order, budget."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from newsletter.core.digests.selection import (
    Candidate,
    Place,
    Ranking,
    Selected,
    Selection,
    Why,
    WhyCode,
    selection_checksum,
    selection_from_json,
    selection_to_json,
)
from newsletter.core.digests.selection import select_papers as select_ranked

MONDAY = datetime(2026, 6, 15, tzinfo=UTC)
TOPICS = (HEADS, SPEECH, GRAPHS, LATTICES) = (1, 2, 3, 4)


def match(paper_id: int, topic: int, *, score: float = 1.0, hours: float = 0.0) -> Candidate:
    return Candidate(paper_id, topic, score, MONDAY + timedelta(hours=hours))


def select_papers(candidates: Iterable[Candidate], *, topics: Sequence[int], **options: Any) -> Selection:
    """Rank the candidates of each topic, and select."""
    several = list(candidates)
    return select_ranked(
        [Ranking.of(topic, (each for each in several if each.topic == topic)) for topic in topics], **options
    )


def ids(selection: Selection) -> tuple[int, ...]:
    return tuple(paper.paper_id for paper in selection.chosen)


def test_it_never_lets_200_matches_crowd_out_one() -> None:
    crowd = [match(n, HEADS, score=100.0 - n / 10) for n in range(200)]
    selection = select_papers([*crowd, match(900, SPEECH, score=0.01)], topics=TOPICS, max_papers=2)
    assert ids(selection) == (0, 900)


def test_it_goes_round_in_the_subscribers_order_until_the_number_is_reached() -> None:
    candidates = [
        match(n, topic) for topic, first in ((HEADS, 10), (SPEECH, 20)) for n in range(first, first + 4)
    ]
    selection = select_papers(candidates, topics=(SPEECH, HEADS), max_papers=5)
    assert ids(selection) == (20, 10, 21, 11, 22)
    assert list(selection.by_topic()) == [SPEECH, HEADS]


def test_it_gives_the_turns_of_a_finished_topic_to_the_others() -> None:
    candidates = [match(1, HEADS), *(match(n, SPEECH) for n in (2, 3, 4))]
    assert ids(select_papers(candidates, topics=TOPICS, max_papers=4)) == (1, 2, 3, 4)


def test_it_takes_the_best_first_then_the_newest_then_the_lowest_id() -> None:
    candidates = [
        match(1, HEADS, score=1, hours=1),
        match(2, HEADS, score=1, hours=2),
        match(4, HEADS, score=1, hours=2),
        match(3, HEADS, score=9, hours=0),
    ]
    assert ids(select_papers(candidates, topics=TOPICS, max_papers=4)) == (3, 2, 4, 1)


def test_it_shows_a_paper_under_the_subscribers_first_topic_whichever_turn_took_it() -> None:
    candidates = [
        match(1, HEADS, score=9),
        match(2, HEADS, score=1),
        match(2, SPEECH, score=9),
        match(2, GRAPHS, score=9),
    ]
    selection = select_papers(candidates, topics=TOPICS, max_papers=5)
    assert ids(selection) == (1, 2)
    assert (selection.chosen[1].topic, selection.chosen[1].also_in) == (HEADS, (SPEECH, GRAPHS))


def test_it_shows_the_best_of_a_topic_first_even_when_another_turn_took_a_lesser_one_earlier() -> None:
    candidates = [
        match(1, HEADS, score=9),
        match(2, HEADS, score=8),
        match(3, HEADS, score=1),
        match(3, SPEECH, score=9),
    ]
    selection = select_papers(candidates, topics=TOPICS, max_papers=5)
    assert ids(selection) == (1, 3, 2)
    assert [paper.paper_id for paper in selection.by_topic()[HEADS]] == [1, 2, 3]


def test_it_keeps_the_subscribers_order_of_topics_when_a_later_topic_was_shown_earlier() -> None:
    candidates = [
        match(1, HEADS, score=9),
        match(2, HEADS, score=1),
        match(2, SPEECH, score=9),
        match(4, SPEECH, score=1),
        match(3, GRAPHS),
    ]
    assert list(select_papers(candidates, topics=TOPICS, max_papers=9).by_topic()) == [
        HEADS,
        SPEECH,
        GRAPHS,
    ]


def test_it_lists_in_the_same_turns_and_counts_the_rest() -> None:
    candidates = [match(n, HEADS) for n in range(20)] + [match(100, SPEECH), match(101, SPEECH)]
    selection = select_papers(candidates, topics=TOPICS, max_papers=1, list_limit=3)
    assert ids(selection) == (0,)
    assert selection.listed == (100, 1, 101)
    assert selection.counted == {HEADS: BitMap(range(2, 20))}


def test_it_lists_six_unless_told_otherwise() -> None:
    selection = select_papers([match(n, HEADS) for n in range(20)], topics=TOPICS, max_papers=3)
    assert (len(selection.chosen), len(selection.listed), len(selection.counted_ids)) == (3, 6, 11)


def test_it_finds_nothing_in_nothing() -> None:
    assert select_papers([], topics=TOPICS, max_papers=10) == Selection(TOPICS)


@pytest.mark.parametrize(("most", "listed"), [(-1, 10), (1, -1)])
def test_it_refuses_a_negative_budget(most: int, listed: int) -> None:
    with pytest.raises(ValueError, match="negative"):
        select_papers([match(1, HEADS)], topics=TOPICS, max_papers=most, list_limit=listed)


def test_a_ranking_without_seen_papers_keeps_order_and_scores() -> None:
    ranking = Ranking.of(HEADS, [match(number, HEADS, score=9 - number) for number in range(4)])
    assert ranking.without(BitMap([7])) is ranking
    left = ranking.without(BitMap([1, 7]))
    assert (list(left.order), list(left.scores), left.papers) == ([0, 2, 3], [9, 7, 6], BitMap([0, 2, 3]))
    assert left.positions == {0: 0, 2: 1, 3: 2}


CANDIDATES = st.lists(
    st.builds(
        match,
        st.integers(1, 40),
        st.sampled_from(TOPICS),
        score=st.sampled_from([0.5, 1.0, 2.0]),
        hours=st.integers(0, 3),
    ),
    max_size=80,
)
BUDGET = st.integers(0, 12)


@given(st.data())
def test_selections_of_shared_rankings_equal_those_of_rankings_of_their_own(data: st.DataObject) -> None:
    candidates = data.draw(CANDIDATES)

    def rankings() -> dict[int, Ranking]:
        return {
            topic: Ranking.of(topic, (each for each in candidates if each.topic == topic)) for topic in TOPICS
        }

    shared = rankings()
    for _ in range(5):
        topics = data.draw(st.lists(st.sampled_from(TOPICS), unique=True))
        seen, most = BitMap(data.draw(st.sets(st.integers(1, 40), max_size=4))), data.draw(st.integers(1, 12))
        one, other = (
            select_ranked([each[topic].without(seen) for topic in topics], max_papers=most, breadth_seed="x")
            for each in (shared, rankings())
        )
        assert one == other


@given(CANDIDATES, st.permutations(TOPICS), BUDGET, BUDGET)
def test_every_paper_has_exactly_one_place(
    candidates: list[Candidate], topics: list[int], max_papers: int, list_limit: int
) -> None:
    selection = select_papers(candidates, topics=topics, max_papers=max_papers, list_limit=list_limit)
    everywhere = [*ids(selection), *selection.listed, *selection.counted_ids]
    assert sorted(everywhere) == sorted({candidate.paper_id for candidate in candidates})
    assert len(selection.chosen) == min(max_papers, len(everywhere))
    assert len(selection.listed) == min(list_limit, len(everywhere) - len(selection.chosen))


@given(CANDIDATES, st.permutations(TOPICS), BUDGET)
def test_a_paper_stands_under_the_first_topic_that_brought_it_and_names_the_others(
    candidates: list[Candidate], topics: list[int], max_papers: int
) -> None:
    selection = select_papers(candidates, topics=topics, max_papers=max_papers)
    for paper in selection.chosen:
        brought = {candidate.topic for candidate in candidates if candidate.paper_id == paper.paper_id}
        assert (paper.topic, *paper.also_in) == tuple(topic for topic in topics if topic in brought)


@given(CANDIDATES, st.permutations(TOPICS), BUDGET, BUDGET)
def test_the_choice_and_the_list_are_one_order_that_depends_only_on_the_set(
    candidates: list[Candidate], topics: list[int], max_papers: int, list_limit: int
) -> None:
    backwards = select_papers(
        reversed(candidates), topics=topics, max_papers=max_papers, list_limit=list_limit
    )
    assert backwards == select_papers(candidates, topics=topics, max_papers=max_papers, list_limit=list_limit)
    whole = select_papers(candidates, topics=topics, max_papers=len(candidates))
    named = (*ids(backwards), *backwards.listed)
    assert named == ids(whole)[: len(named)]
    assert set(backwards.counted_ids) == set(ids(whole)[len(named) :])


@given(CANDIDATES, st.permutations(TOPICS), st.integers(len(TOPICS), 12))
def test_every_topic_that_brought_something_is_seen_when_the_number_allows(
    candidates: list[Candidate], topics: list[int], max_papers: int
) -> None:
    selection = select_papers(candidates, topics=topics, max_papers=max_papers)
    seen = {topic for paper in selection.chosen for topic in (paper.topic, *paper.also_in)}
    assert seen == {candidate.topic for candidate in candidates}


@given(CANDIDATES, st.permutations(TOPICS), BUDGET)
def test_within_a_topic_the_better_paper_comes_first(
    candidates: list[Candidate], topics: list[int], max_papers: int
) -> None:
    selection = select_papers(candidates, topics=topics, max_papers=max_papers)
    for topic, papers in selection.by_topic().items():
        scores = [
            max(c.score for c in candidates if (c.paper_id, c.topic) == (paper.paper_id, topic))
            for paper in papers
        ]
        assert scores == sorted(scores, reverse=True)


@given(CANDIDATES, st.permutations(TOPICS), BUDGET, BUDGET, st.data())
def test_the_stored_form_gives_back_the_same_selection(
    candidates: list[Candidate], topics: list[int], max_papers: int, list_limit: int, data: st.DataObject
) -> None:
    selection = select_papers(
        candidates, topics=topics, max_papers=max_papers, list_limit=list_limit, scanned=9
    )
    places = {paper.paper_id: data.draw(st.sampled_from(Place)) for paper in selection.papers}
    moved = selection.with_places(places)
    content = json.loads(json.dumps(selection_to_json(moved)))
    assert selection_from_json(content) == moved
    assert selection_checksum(content) == selection_checksum(selection_to_json(moved))
    assert {paper.paper_id: paper.final_place for paper in moved.papers} == places


@given(CANDIDATES, BUDGET)
def test_a_checksum_depends_on_the_set_of_candidates_alone(candidates: list[Candidate], most: int) -> None:
    one, other = (
        selection_checksum(selection_to_json(select_papers(each, topics=TOPICS, max_papers=most)))
        for each in (candidates, list(reversed(candidates)))
    )
    assert one == other


def test_turns_begin_with_the_topic_whose_best_paper_is_best() -> None:
    candidates = [match(1, HEADS), match(2, SPEECH), match(3, GRAPHS)]
    selection = select_papers(candidates, topics=TOPICS, max_papers=2, leads={SPEECH: 2.5, GRAPHS: 1.0})
    assert ids(selection) == (2, 3)
    assert list(selection.by_topic()) == [SPEECH, GRAPHS]
    assert [paper.paper_id for paper in selection.papers if paper.place is Place.LISTED] == [1]


def test_without_leads_the_first_paper_is_of_the_subscribers_first_topic() -> None:
    candidates = [match(1, HEADS), match(2, SPEECH)]
    assert ids(select_papers(candidates, topics=(SPEECH, HEADS), max_papers=2, leads={})) == (2, 1)


@given(most=st.integers(1, 12), number=st.integers(0, 40), seed=st.text(min_size=1, max_size=5))
def test_one_of_three_or_more_places_is_drawn_from_the_list(most: int, number: int, seed: str) -> None:
    candidates = [match(n, HEADS, score=100.0 - n) for n in range(number)]
    plain = select_papers(candidates, topics=TOPICS, max_papers=most)
    broad = select_papers(candidates, topics=TOPICS, max_papers=most, breadth_seed=seed)
    drawn = [paper for paper in broad.papers if paper.why.code is WhyCode.BREADTH]
    assert broad == select_papers(candidates, topics=TOPICS, max_papers=most, breadth_seed=seed)
    assert broad.paper_ids == plain.paper_ids
    assert len(broad.chosen) == len(plain.chosen)
    assert len(broad.listed) == len(plain.listed)
    if most < 3 or number <= most:
        assert broad == plain
    else:
        assert [broad.chosen[-1]] == drawn
        assert drawn[0].paper_id in plain.listed
        assert ids(broad)[:-1] == ids(plain)[:-1]


def test_reasons_survive_being_stored() -> None:
    why = Why(WhyCode.KEPT, papers=("2606.00001", "quant-ph/0201082"), terms=("language agents", "memory"))
    shown = Selected(2, HEADS, 0, 0.25, place=Place.NEAR, why=Why(WhyCode.FOLLOWS, author="Ana Ramírez"))
    selection = Selection(
        TOPICS,
        papers=(
            Selected(1, HEADS, 0, 0.5, why=why),
            shown,
            Selected(3, SPEECH, 1, 0.1, why=Why(WhyCode.GROUP, terms=("speech",), number=7)),
            Selected(4, SPEECH, 2, why=Why(WhyCode.BREADTH)),
            Selected(5, SPEECH, 3),
        ),
    )
    assert selection_from_json(json.loads(json.dumps(selection_to_json(selection)))) == selection
    assert selection.near == (shown,)
    assert selection.matched_ids == {1, 3, 4, 5}
