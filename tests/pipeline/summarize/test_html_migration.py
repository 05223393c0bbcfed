"""From texts of PDFs to texts of HTML, on data: nothing lost, what failed is asked for again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.apps.registry import Apps
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tests.fakes.snapshots import snapshot

BEFORE, AFTER = [("newsletter", "0021_names")], [("newsletter", "0030_html")]
NOW = datetime(2026, 6, 15, 8, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db(transaction=True)


def migrated(target: list[tuple[str, str]]) -> Apps:
    executor = MigrationExecutor(connection)
    executor.migrate(target)
    return executor.loader.project_state(target).apps


@pytest.fixture(autouse=True)
def newest_again(tmp_path: Path) -> Iterator[None]:
    with snapshot(tmp_path) as newest:
        yield
        newest.restore()


def test_facts_and_figures_stay_and_what_had_no_pdf_begins_anew() -> None:
    apps = migrated(BEFORE)
    paper = apps.get_model("newsletter", "Paper").objects.create(
        arxiv_id="2606.00001",
        version=1,
        title="A title",
        abstract="We do.",
        authors=["Ada"],
        primary_category="cs.CV",
        categories=["cs.CV"],
        published_at=NOW,
        updated_at=NOW,
        first_seen_at=NOW,
    )
    records: Any = apps.get_model("newsletter", "FullTextRecord").objects
    figures: Any = apps.get_model("newsletter", "Figure").objects
    read = records.create(paper=paper, paper_version=1, read_at=NOW, pages=9, affiliations=["Somewhere"])
    records.create(paper=paper, paper_version=2, reason="encrypted", is_final=True, attempts=3, retry_at=NOW)
    apps.get_model("newsletter", "KeptText").objects.create(
        record=read, content={"sections": [{"page_starts": [[0, 1]]}]}, kept_until=NOW
    )
    figures.create(
        record=read, position=0, number="2", caption="A map.", page=4, image="a.png", width=9, height=9
    )

    apps = migrated(AFTER)

    first, second = apps.get_model("newsletter", "FullTextRecord").objects.order_by("paper_version")
    assert (first.read_at, first.affiliations, first.cites) == (NOW, ["Somewhere"], [])
    assert (second.reason, second.is_final, second.attempts, second.retry_at) == ("", False, 0, None)
    [figure] = apps.get_model("newsletter", "Figure").objects.all()
    assert (figure.number, figure.caption, figure.image) == ("2", "A map.", "a.png")
    assert not apps.get_model("newsletter", "KeptText").objects.exists()
