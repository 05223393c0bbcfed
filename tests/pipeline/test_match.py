"""Match: new papers against all topics, changed topics against the look-back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from newsletter.adapters.infra.topic_index import Match as Hit
from newsletter.adapters.infra.topic_index import TopicIndex
from newsletter.audience.topics import add_topic, edit_topic
from newsletter.core.arxiv.query import Query
from newsletter.models import Match, Paper, Topic
from newsletter.pipeline.gather import save_answer
from newsletter.pipeline.match import match_papers
from tests.fakes.papers import ListSource, paper_record

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 16, 22, 0, tzinfo=UTC)
LOOKBACK = timedelta(days=14)


def save(*papers: object, now: datetime = NOW) -> None:
    save_answer(ListSource(*papers).read_file("test"), now=now)  # type: ignore[arg-type]


def matched(slug: str) -> set[str]:
    return set(Match.objects.filter(topic__slug=slug).values_list("paper__arxiv_id", flat=True))


def run(now: datetime = NOW) -> int:
    return match_papers(now=now, lookback=LOOKBACK)


def test_it_matches_each_paper_to_each_topic_once() -> None:
    add_topic("heads", name="Heads", query="cat:cs.CV AND ti:head", now=NOW)
    add_topic("speech", name="Speech", query="abs:speech", now=NOW)
    save(paper_record(1), paper_record(2, title="Graphs", categories=("cs.LG",)))
    assert run() == 2
    assert run() == 0
    assert (matched("heads"), matched("speech")) == ({"2606.00001"}, {"2606.00001", "2606.00002"})


def test_a_topic_added_later_looks_back_fourteen_days() -> None:
    old = NOW - timedelta(days=30)
    save(paper_record(1, published_at=old), now=old)
    save(paper_record(2, published_at=NOW), now=NOW)
    run()
    add_topic("heads", name="Heads", query="ti:head", now=NOW)
    assert run(NOW + timedelta(days=1)) == 1
    assert matched("heads") == {"2606.00002"}


def test_a_changed_topic_is_matched_anew() -> None:
    add_topic("heads", name="Heads", query="ti:head", now=NOW)
    save(paper_record(1), paper_record(2, title="Graphs for Everyone"))
    run()
    edit_topic("heads", query="ti:graph")
    run()
    assert matched("heads") == {"2606.00002"}


def test_an_edit_in_between_is_not_lost() -> None:
    topic = add_topic("heads", name="Heads", query="ti:head", now=NOW)
    run()
    edit_topic("heads", query="ti:graph")
    assert Topic.objects.get(pk=topic.pk).looks_back


def test_a_withdrawn_paper_is_never_matched() -> None:
    add_topic("heads", name="Heads", query="ti:head", now=NOW)
    save(paper_record(1, is_withdrawn=True))
    assert run() == 0
    assert Paper.objects.get().matched_at == NOW


def test_a_new_version_may_match_what_the_old_one_did_not() -> None:
    add_topic("graphs", name="Graphs", query="ti:graph", now=NOW)
    save(paper_record(1))
    assert run() == 0
    save(paper_record(1, version=2, title="Talking Graphs"))
    assert run() == 1


def test_it_survives_being_repeated_after_dying_half_way() -> None:
    add_topic("heads", name="Heads", query="ti:head", now=NOW)
    save(paper_record(1))
    run()
    Paper.objects.update(matched_at=None)
    assert run() == 0
    assert Match.objects.count() == 1


def test_an_edit_during_the_search_is_matched_by_the_next_run(monkeypatch: pytest.MonkeyPatch) -> None:
    add_topic("heads", name="Heads", query="ti:head", now=NOW)
    add_topic("speech", name="Speech", query="ti:speech", now=NOW)
    save(paper_record(1), paper_record(2, title="Graphs for Everyone"))
    Paper.objects.update(matched_at=NOW)
    search = TopicIndex.search

    def edited_meanwhile(index: TopicIndex, query: Query) -> list[Hit]:
        edit_topic("heads", query="ti:graph")
        return search(index, query)

    monkeypatch.setattr(TopicIndex, "search", edited_meanwhile)
    assert run() == 1
    assert (matched("heads"), matched("speech")) == (set(), {"2606.00001"})
    monkeypatch.undo()
    assert run() == 1
    assert matched("heads") == {"2606.00002"}


def test_a_topic_changed_again_keeps_the_matches_that_stay() -> None:
    add_topic("heads", name="Heads", query="ti:head OR ti:graph", now=NOW)
    save(paper_record(1), paper_record(2, title="Graphs for Everyone"), paper_record(3, title="Graphs"))
    run()
    kept = Match.objects.get(paper__arxiv_id="2606.00002").pk
    edit_topic("heads", query="ti:everyone OR ti:speech")
    assert run(NOW + timedelta(days=1)) == 0
    assert matched("heads") == {"2606.00001", "2606.00002"}
    assert Match.objects.get(paper__arxiv_id="2606.00002").pk == kept


def _statements(topics: int, *, looks_back: bool) -> int:
    """Return how many statements it takes to match twenty papers to so many topics."""
    Topic.objects.all().delete()
    Topic.objects.bulk_create(
        Topic(slug=f"t{each}", name="T", query=f"ti:head OR t{each}", created_at=NOW, looks_back=looks_back)
        for each in range(topics)
    )
    Paper.objects.update(matched_at=NOW if looks_back else None)
    with CaptureQueriesContext(connection) as statements:
        assert run() == 20, "papers, however many topics find them"
    return len(statements)


@pytest.mark.parametrize("looks_back", [False, True])
def test_ten_times_the_topics_take_no_more_statements(looks_back: bool) -> None:
    save(*(paper_record(number) for number in range(1, 21)))
    assert _statements(400, looks_back=looks_back) == _statements(40, looks_back=looks_back)
