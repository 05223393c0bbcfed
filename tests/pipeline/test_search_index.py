"""The search index follows the database: whatever was committed there is found, in whatever order it came."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from newsletter.adapters import registry
from newsletter.adapters.infra.paper_index import DiskPaperIndex
from newsletter.core.arxiv.search import read_search
from newsletter.models import Paper
from newsletter.pipeline import search_index, stages
from newsletter.pipeline.context import Context
from newsletter.pipeline.gather import save_papers
from newsletter.pipeline.search_index import IndexKeeper, IndexReport, keep_up_quietly
from newsletter.pipeline.stages import Work
from tests.fakes.papers import ListSource, paper_record
from tests.pipeline.newsroom import MONDAY, Newsroom

pytestmark = pytest.mark.django_db
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def index(tmp_path: Path) -> DiskPaperIndex:
    return DiskPaperIndex(tmp_path / "search")


@pytest.fixture
def keeper(index: DiskPaperIndex) -> IndexKeeper:
    return IndexKeeper(index)


def save(*numbers: int, changed_at: datetime | None = None, **fields: Any) -> None:
    papers = [paper_record(number, **fields) for number in numbers]
    save_papers(papers, now=MONDAY)
    if changed_at:
        Paper.objects.filter(arxiv_id__in=[paper.arxiv_id for paper in papers]).update(changed_at=changed_at)


def found(index: DiskPaperIndex, text: str) -> set[str]:
    hits = index.search(read_search(text), limit=50)
    assert hits is not None
    return set(Paper.objects.filter(pk__in=hits.paper_ids).values_list("arxiv_id", flat=True))


@contextmanager
def statements() -> Iterator[list[str]]:
    said: list[str] = []

    def note(execute: Any, sql: str, *arguments: Any) -> Any:
        said.append(sql)
        return execute(sql, *arguments)

    with connection.execute_wrapper(note):
        yield said


def test_new_revised_and_withdrawn_papers_are_followed(index: DiskPaperIndex, keeper: IndexKeeper) -> None:
    save(1, 2)
    assert keeper.keep_up() == IndexReport(written=2, removed=0, papers=2)
    save(3)
    save(1, version=2, title="Zebrafish")
    save(2, version=2, comment="This paper has been withdrawn", is_withdrawn=True)
    assert keeper.keep_up() == IndexReport(written=3, removed=0, papers=3)
    assert found(index, "zebrafish") == {"2606.00001"}
    assert found(index, "ti:avatar") == {"2606.00002", "2606.00003"}
    assert found(index, "co:withdrawn") == {"2606.00002"}


def test_a_paper_that_did_not_change_is_not_written_again(keeper: IndexKeeper) -> None:
    save(1)
    keeper.keep_up()
    save(1)
    Paper.objects.update(matched_at=MONDAY, state_asked_at=MONDAY)
    assert keeper.keep_up() == IndexReport(written=0, removed=0, papers=1)


def test_what_commits_late_is_found_though_others_are_newer(
    index: DiskPaperIndex, keeper: IndexKeeper
) -> None:
    save(1)
    keeper.keep_up()
    save(2, changed_at=timezone.now() - search_index.OVERLAP / 2)
    assert keeper.keep_up() == IndexReport(written=1, removed=0, papers=2)
    # Even far behind: there is one more paper than the index holds.
    save(3, changed_at=LONG_AGO)
    assert keeper.keep_up() == IndexReport(written=1, removed=0, papers=3)
    assert found(index, "avatar") == {"2606.00001", "2606.00002", "2606.00003"}


def test_what_the_database_has_no_more_is_removed(index: DiskPaperIndex, keeper: IndexKeeper) -> None:
    save(1, 2, 3)
    keeper.keep_up()
    Paper.objects.filter(arxiv_id="2606.00002").delete()
    assert keeper.keep_up() == IndexReport(written=0, removed=1, papers=2)
    assert index.papers == 2


def test_a_change_that_took_hours_to_commit_is_found_by_comparing_all(
    index: DiskPaperIndex, keeper: IndexKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_index, "BATCH", 2)
    save(*range(1, 8))
    keeper.keep_up()
    Paper.objects.filter(arxiv_id="2606.00004").update(title="Zebrafish", changed_at=LONG_AGO)
    Paper.objects.filter(arxiv_id="2606.00006").delete()
    save(9, changed_at=LONG_AGO)
    assert keeper.keep_up() == IndexReport(written=0, removed=0, papers=7)
    assert keeper.keep_up(is_thorough=True) == IndexReport(written=2, removed=1, papers=7)
    assert found(index, "zebrafish") == {"2606.00004"}
    assert found(index, "2606.00009") == {"2606.00009"}


def test_a_killed_writer_loses_nothing(
    index: DiskPaperIndex, keeper: IndexKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_index, "BATCH", 2)
    monkeypatch.setattr(search_index, "CHUNK", 2)
    monkeypatch.setattr(search_index, "COMMIT_EVERY", 4)
    for number in range(1, 8):
        save(number, changed_at=LONG_AGO + timedelta(days=number))
    put, times = search_index._Update._put, 0

    def killed(self: Any, rows: Any) -> None:
        nonlocal times
        times += 1
        if times == 4:
            raise KeyboardInterrupt
        put(self, rows)

    with monkeypatch.context() as patch:
        patch.setattr(search_index._Update, "_put", killed)
        with pytest.raises(KeyboardInterrupt):
            keeper.keep_up()
    half = index.search(read_search("avatar"), limit=1)
    assert half is not None
    assert (half.papers, half.is_whole) == (4, False)
    assert IndexKeeper(index).keep_up() == IndexReport(written=3, removed=0, papers=7)
    whole = index.search(read_search("avatar"), limit=1)
    assert whole is not None
    assert (whole.total, whole.is_whole) == (7, True)


def test_many_with_one_time_of_change_are_all_found(
    keeper: IndexKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after the migration that brought the column."""
    monkeypatch.setattr(search_index, "BATCH", 3)
    save(*range(1, 11), changed_at=LONG_AGO)
    assert keeper.keep_up() == IndexReport(written=10, removed=0, papers=10)
    assert IndexKeeper(keeper.index).keep_up() == IndexReport(written=0, removed=0, papers=10)


def test_a_look_at_nothing_new_is_one_statement(keeper: IndexKeeper) -> None:
    save(1, changed_at=LONG_AGO)
    keeper.keep_up()
    with statements() as said:
        assert keeper.keep_up() is None
    assert len(said) == 1, said
    # The index may be another one meanwhile.
    with keeper.index.writing(anew=True):
        pass
    assert keeper.keep_up() == IndexReport(written=1, removed=0, papers=1)


def test_the_cost_of_a_turn_grows_with_what_changed_only(keeper: IndexKeeper) -> None:
    save(*range(1, 31), changed_at=LONG_AGO)
    keeper.keep_up()
    counts = []
    for number in (31, 32):
        save(number)
        with statements() as said:
            keeper.keep_up()
        counts.append(len(said))
    assert counts[0] == counts[1] <= 6


def test_a_rebuild_begins_from_nothing(index: DiskPaperIndex, keeper: IndexKeeper) -> None:
    save(1, 2)
    keeper.keep_up()
    with index.writing() as writer:
        assert writer is not None
        writer.put([(999, paper_record(9, title="Never gathered"), timezone.now())])
        writer.commit(is_whole=True)
    assert keeper.keep_up(anew=True) == IndexReport(written=2, removed=0, papers=2)


def test_while_another_process_writes_nothing_is_done(keeper: IndexKeeper) -> None:
    save(1)
    with keeper.index.writing():
        assert keeper.keep_up() is None
    assert keeper.keep_up() is not None


@pytest.fixture
def own_folder(tmp_path: Path, settings: Settings) -> Path:
    settings.CONFIG = settings.CONFIG.model_copy(update={"data_dir": tmp_path})
    return tmp_path / "search"


def test_gathering_keeps_an_index_up_and_makes_none(own_folder: Path, tmp_path: Path) -> None:
    Newsroom(tmp_path).topic("heads", "cat:cs.CV")
    context = Context(settings.CONFIG)
    for number in (1, 2):
        context.__dict__["source"] = ListSource(paper_record(number))
        context.__dict__["finder"] = None
        stages.gather(Work(context=context, now=MONDAY, is_worker=True))
        if number == 1:
            assert not own_folder.exists()
            context.index_keeper.keep_up()
    assert registry.paper_index(settings.CONFIG).papers == 2


def test_a_failure_does_not_stop_a_gather(own_folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    context = Context(settings.CONFIG)
    save(1)
    own_folder.write_text("a file where the folder should be")
    keep_up_quietly(context.index_keeper, is_made=True)
    assert "the search index was not kept up" in caplog.text


def test_searching_goes_on_while_it_is_written(index: DiskPaperIndex, keeper: IndexKeeper) -> None:
    save(*range(1, 41))
    keeper.keep_up()
    stop, totals, errors = threading.Event(), set[int](), list[Exception]()

    def search() -> None:
        reader = DiskPaperIndex(index._root)
        while not stop.is_set():
            try:
                hits = reader.search(read_search("avatar"), limit=5)
                totals.add(hits.total if hits else -1)
            except Exception as error:
                errors.append(error)
                return

    thread = threading.Thread(target=search)
    thread.start()
    for number in range(1, 6):
        save(number, version=2, abstract=f"Version two of {number}.")
        keeper.keep_up()
    stop.set()
    thread.join()
    assert not errors
    assert totals == {40}
