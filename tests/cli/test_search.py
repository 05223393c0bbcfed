"""``newsletter search rebuild``, and that gathering keeps an index up."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from newsletter.adapters.infra.paper_index import DiskPaperIndex
from newsletter.models import Paper
from newsletter.pipeline.gather import save_papers
from tests.cli.runner import done, newsletter
from tests.fakes.papers import paper_record
from tests.pipeline.newsroom import MONDAY

pytestmark = pytest.mark.django_db


@pytest.fixture
def index(tmp_path: Path, settings: Settings) -> DiskPaperIndex:
    settings.CONFIG = settings.CONFIG.model_copy(update={"data_dir": tmp_path})
    return DiskPaperIndex(settings.CONFIG.search_folder)


def test_it_makes_the_index_anew(index: DiskPaperIndex) -> None:
    save_papers([paper_record(1), paper_record(2)], now=MONDAY)
    assert done("search", "rebuild").out.splitlines() == ["indexed     2 papers"]
    Paper.objects.filter(arxiv_id="2606.00001").delete()
    assert done("search", "rebuild", "--json").json == {"papers": 1}
    assert index.papers == 1


def test_it_says_when_another_process_writes(index: DiskPaperIndex) -> None:
    with index.writing():
        failed = newsletter("search", "rebuild")
    assert failed.code == 1
    assert "try again when it has finished" in failed.err
