"""The order without likes: one of every kind first, every day, no ties."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from newsletter.adapters.infra.taste_clusters import FEWEST, ColdPaper, ColdPapers, ColdPlace
from newsletter.core.taste.vectors import Vector, pack, unit
from tests.core.taste.papers import ALL, BEES, BOATS, TIDES, snapshot

MONDAY = datetime(2026, 6, 15, tzinfo=UTC)
KNOWN = snapshot()


def _paper(paper_id: int, vector: Vector, *, day: int = 0) -> ColdPaper:
    at = MONDAY + timedelta(days=day, minutes=paper_id)
    return ColdPaper(paper_id, day=at.date(), published_at=at, packed=pack(vector))


def _papers(*texts: tuple[str, str], day: int = 0) -> list[ColdPaper]:
    return [_paper(number, KNOWN.vector(*text), day=day) for number, text in enumerate(texts)]


def _ids(places: Sequence[ColdPlace]) -> list[int]:
    return [place.paper_id for place in places]


def test_the_first_places_are_one_of_every_kind() -> None:
    order = ColdPapers(_papers(*ALL)).order(places=3)
    assert {place.paper_id // 4 for place in order[:3]} == {0, 1, 2}
    kinds = {place.paper_id // 4: set(place.cluster) for place in order[:3]}
    assert kinds == {0: {0, 1, 2, 3}, 1: {4, 5, 6, 7}, 2: {8, 9, 10, 11}}
    assert all(place.cluster == () for place in order[3:])


def test_a_medoid_stands_for_a_cluster_that_holds_it() -> None:
    order = ColdPapers(_papers(*ALL)).order(places=5)
    clusters = [place.cluster for place in order if place.cluster]
    assert all(place.paper_id in place.cluster for place in order[:5])
    assert sorted(paper for cluster in clusters for paper in cluster) == list(range(12))


def test_a_larger_kind_comes_first_and_a_paper_like_no_other_last() -> None:
    order = ColdPapers(_papers(*BOATS, *BEES[:3], ("Avatar", ""))).order(places=2)
    assert order[0].paper_id in range(4)
    assert order[1].paper_id in (4, 5, 6)
    assert order[-1].paper_id == 7


def test_under_five_papers_the_newest_comes_first() -> None:
    assert FEWEST == 5
    order = ColdPapers(_papers(*BOATS)).order(places=3)
    assert _ids(order) == [3, 2, 1, 0]
    assert all(place.cluster == () for place in order)
    assert ColdPapers([]).order(places=3) == []


def test_every_day_of_the_period_is_there() -> None:
    busy = _papers(*BOATS, *BEES)
    quiet = [_paper(100 + day, KNOWN.vector(*TIDES[day]), day=day) for day in range(1, 4)]
    odd = [_paper(200, {}, day=4)]
    order = ColdPapers([*busy, *quiet, *odd]).order(places=5)
    days = {paper.paper_id: paper.day for paper in (*busy, *quiet, *odd)}
    assert {days[paper_id] for paper_id in _ids(order)[:5]} == {date(2026, 6, day) for day in range(15, 20)}


def test_more_days_than_places_is_no_error() -> None:
    order = ColdPapers([_paper(day, {0: 1.0}, day=day) for day in range(9)]).order(places=3)
    assert len({_ids(order)[place] for place in range(3)}) == 3
    assert len(order) == 9


def test_no_places_give_the_typical_ones_first() -> None:
    order = ColdPapers(_papers(*BOATS, BEES[0])).order(places=0)
    assert order[-1].paper_id == 4
    assert len(order) == 5


def test_a_long_title_is_neither_an_advantage_nor_a_burden() -> None:
    """The same papers, one with its title said three times: it keeps its place."""
    plain = ColdPapers(_papers(*ALL)).order(places=3)
    title, abstract = BOATS[0]
    longer = ColdPapers(_papers((f"{title}: {title}, {title}", abstract), *ALL[1:])).order(places=3)
    assert abs(_ids(plain).index(0) - _ids(longer).index(0)) <= 1


_VECTORS = st.dictionaries(st.integers(0, 30), st.sampled_from([0.5, 1.0]), max_size=6).map(unit)
_MANY = st.lists(st.tuples(_VECTORS, st.integers(0, 4)), max_size=24)


@given(_MANY, st.integers(0, 12), st.randoms())
def test_an_order_has_every_paper_once_no_ties_and_does_not_depend_on_the_input(
    several: list[tuple[dict[int, float], int]], places: int, rng: object
) -> None:
    papers = [_paper(number, vector, day=day) for number, (vector, day) in enumerate(several)]
    order = ColdPapers(papers).order(places=places)
    assert sorted(_ids(order)) == list(range(len(papers)))
    scores = [place.score for place in order]
    assert all(one > other for one, other in pairwise(scores))
    assert all(0 < score <= 1 for score in scores)
    days = {paper.paper_id: paper.day for paper in papers}
    if len(papers) >= FEWEST and places >= len(set(days.values())):
        assert {days[paper_id] for paper_id in _ids(order)[:places]} == set(days.values())
    rng.shuffle(papers)  # type: ignore[attr-defined]
    assert ColdPapers(papers).order(places=places) == order
