"""The task that looks up the libraries readers brought: woken by a form, or found by the tick."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from newsletter.adapters.infra import broker
from newsletter.adapters.library.files import read_library
from newsletter.models import LibraryImport, Subscriber
from newsletter.subscribers.taste.imports import begin_import, search_of
from tests.fakes.arxiv_server import ArxivServer, entry, throttled
from tests.pipeline.deliveries import NOW, new_subscriber
from worker.app import app

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def arxiv(settings: Settings) -> Iterator[ArxivServer]:
    with ArxivServer(entries=[entry("2401.00001v1", title="Old")]) as server:
        update = {"arxiv_api_url": server.url, "arxiv_interval": 0.01}
        settings.CONFIG = settings.CONFIG.model_copy(update=update)
        yield server


@pytest.fixture
def published(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note what is published, as with a broker."""
    tasks: list[str] = []
    settings.CONFIG = settings.CONFIG.model_copy(update={"redis_url": "redis://localhost:1/0"})
    monkeypatch.setattr(broker, "_publish", lambda task, **_: tasks.append(task))
    return tasks


def bring(subscriber: Subscriber, text: str = "2401.00001") -> None:
    assert begin_import(subscriber, read_library(text.encode()), name="x", now=NOW)


def look_up() -> None:
    app.loader.import_default_modules()
    app.tasks["worker.tasks.look_up_libraries"].run()


def test_a_form_wakes_it_and_it_asks_through_the_gate(arxiv: ArxivServer, published: list[str]) -> None:
    bring(new_subscriber())
    assert published == ["look_up_libraries"]
    look_up()
    row = LibraryImport.objects.get()
    assert [paper.title for paper in search_of(row).papers()] == ["Old"]
    assert row.sought == []
    assert len(arxiv.requests) == 1
    assert published == ["look_up_libraries"]


def test_nothing_to_look_up_asks_nothing(arxiv: ArxivServer, published: list[str]) -> None:
    look_up()
    bring(new_subscriber(), "no id in here")
    assert (arxiv.requests, published) == ([], [])


def test_where_arxiv_fails_the_tick_tries_again_not_at_once(arxiv: ArxivServer, published: list[str]) -> None:
    bring(new_subscriber())
    arxiv.fail(throttled("600"))
    look_up()
    assert published == ["look_up_libraries"]
    look_up()
    assert LibraryImport.objects.get().sought == []


def test_several_readers_libraries_are_looked_up_in_their_order(arxiv: ArxivServer) -> None:
    for text in ("2401.00001", "2401.00001 2401.00002"):
        bring(new_subscriber(), text)
    look_up()
    assert [request.parameters["id_list"] for request in arxiv.requests] == [
        "2401.00001",
        "2401.00001,2401.00002",
    ]
    assert not LibraryImport.objects.exclude(sought=[]).exists()
