"""After an outage: a digest whose slot passed meanwhile goes once papers were asked for, or could not be."""

from __future__ import annotations

from datetime import timedelta

import pytest

from newsletter.errors import TemporaryError
from newsletter.models import Delivery, GatherRun, Topic
from newsletter.models.delivery import PATIENCE
from newsletter.pipeline.gather import gather_files
from tests.fakes.papers import ListSource, paper_record
from tests.pipeline.newsroom import MONDAY, SUNDAY
from tests.worker.workers import MINUTE, Workers

pytestmark = pytest.mark.django_db(transaction=True)

BACK = MONDAY + timedelta(hours=5)
"""When the service runs again; the slot was on Monday at 08:00."""
SOON = BACK + 2 * MINUTE


@pytest.fixture
def arxiv(workers: Workers) -> ListSource:
    """Answer for arXiv with one paper, for a reader each Monday; nothing was gathered so far."""
    workers.room.topic("heads", "cat:cs.CV")
    workers.room.subscriber("ann@example.org", "heads")
    source = ListSource(paper_record(published_at=SUNDAY))
    workers.context.__dict__["source"] = source
    return source


def states() -> list[str]:
    return list(Delivery.objects.values_list("state", flat=True))


def start(workers: Workers) -> None:
    """Do what the workers do as they start: the tick plans and wakes composing."""
    workers.run("tick", at=BACK)
    workers.run("compose", at=BACK)


def test_it_waits_until_arxiv_was_asked_and_has_its_papers(workers: Workers, arxiv: ListSource) -> None:
    start(workers)
    assert states() == ["PLANNED"]
    workers.run("gather_if_due", at=SOON)
    assert len(arxiv.asked) == 1
    workers.run("compose", at=SOON + MINUTE)
    [digest] = Delivery.objects.all()
    assert (digest.state, len(digest.paper_ids)) == ("COMPOSED", 1)


def test_one_that_was_planned_ahead_of_the_outage_waits_as_well(workers: Workers, arxiv: ListSource) -> None:
    workers.run("tick", at=MONDAY - timedelta(hours=3))
    assert states() == ["PLANNED"]
    start(workers)
    assert states() == ["PLANNED"]
    workers.run("gather_if_due", at=SOON)
    workers.run("compose", at=SOON + MINUTE)
    assert states() == ["COMPOSED"]
    assert len(arxiv.asked) == 1


def test_once_arxiv_has_refused_it_goes_and_says_so(workers: Workers, arxiv: ListSource) -> None:
    arxiv.papers, arxiv.error = (), TemporaryError("503")
    start(workers)
    workers.run("gather_if_due", at=SOON)
    workers.run("compose", at=SOON + MINUTE)
    assert states() == ["COMPOSED"]
    assert "could not be asked" in Delivery.objects.get().subject


def test_papers_from_a_file_are_enough(workers: Workers, arxiv: ListSource) -> None:
    gather_files(arxiv, paths=["saved.xml"], now=BACK)
    start(workers)
    assert states() == ["COMPOSED"]
    assert arxiv.asked == []


def test_papers_from_a_file_of_before_the_slot_are_not(workers: Workers, arxiv: ListSource) -> None:
    gather_files(arxiv, paths=["saved.xml"], now=MONDAY - MINUTE)
    start(workers)
    assert states() == ["PLANNED"]


@pytest.mark.usefixtures("arxiv")
def test_it_waits_for_half_an_hour_from_its_planning_at_most(workers: Workers) -> None:
    start(workers)
    workers.run("compose", at=BACK + PATIENCE - timedelta(seconds=1))
    assert states() == ["PLANNED"]
    workers.run("compose", at=BACK + PATIENCE + MINUTE)
    assert states() == ["COMPOSED"]


def _answered(**fields: object) -> None:
    GatherRun.objects.create(**({"started_at": MONDAY - timedelta(hours=6), "query": "all"} | fields))


def test_nothing_is_waited_for_where_arxiv_has_answered(workers: Workers, arxiv: ListSource) -> None:
    _answered(new=200, received=200, is_enough=True)
    start(workers)
    assert states() == ["COMPOSED"]
    workers.run("gather_if_due", at=SOON)
    assert arxiv.asked == []


def test_nothing_is_waited_for_while_arxiv_asks_to_be_left_alone(workers: Workers, arxiv: ListSource) -> None:
    _answered(error="503", retry_at=BACK + timedelta(hours=3))
    start(workers)
    assert states() == ["COMPOSED"]
    workers.run("gather_if_due", at=SOON)
    assert arxiv.asked == []


def test_nothing_is_waited_for_where_no_topic_asks_for_papers(workers: Workers, arxiv: ListSource) -> None:
    Topic.objects.update(is_active=False)
    start(workers)
    assert "PLANNED" not in states()
    assert arxiv.asked == []


def test_a_look_that_finds_new_papers_is_waited_past(workers: Workers, arxiv: ListSource) -> None:
    """They are asked for next: by then the digest must not have gone without them."""
    _answered(new=3, received=3)
    _answered(started_at=BACK, new=5, is_probe=True)
    start(workers)
    assert states() == ["PLANNED"]
    workers.run("gather", at=BACK + timedelta(seconds=5))  # as the task that looked goes on
    workers.run("compose", at=SOON)
    assert states() == ["COMPOSED"]
    assert len(arxiv.asked) == 1


def test_in_time_nobody_waits_for_the_hourly_look(workers: Workers, arxiv: ListSource) -> None:
    _answered(new=3, received=3)
    workers.run("tick", at=MONDAY)
    workers.run("compose", at=MONDAY + MINUTE)
    assert states() == ["COMPOSED"]
    assert arxiv.probed == []
