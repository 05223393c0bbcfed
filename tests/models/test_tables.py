"""The tables of a new SQLite database come from a file, and are those that the migrations make."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.recorder import MigrationRecorder
from django.db.utils import ConnectionHandler

from newsletter.models.tables import are_current, begin
from tests.models import tables

pytestmark = pytest.mark.django_db


@contextmanager
def database(path: Path) -> Iterator[BaseDatabaseWrapper]:
    found = ConnectionHandler({"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path)}})
    try:
        yield found["default"]
    finally:
        found.close_all()


def statements(script: str) -> set[str]:
    return set(script.split(";\n"))


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the file is SQLite's")
def test_the_file_holds_what_the_migrations_make() -> None:
    command = [sys.executable, "-m", "tests.models.tables", "--print"]
    made = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    new = statements(made) ^ statements(tables.FILE.read_text(encoding="utf-8"))
    assert not new, f"after a new migration: python -m tests.models.tables; {sorted(new)}"


def test_all_migrations_are_told_by_their_names() -> None:
    assert are_current()
    MigrationRecorder(connection).record_unapplied("axes", "0001_initial")
    assert not are_current()


def test_an_empty_database_begins_with_the_tables_and_all_migrations_applied(tmp_path: Path) -> None:
    with database(tmp_path / "new.sqlite3") as new:
        begin(new)
        assert {"newsletter_subscriber", "auth_user"} < set(new.introspection.table_names())
        applied = MigrationRecorder(new).applied_migrations()
        begin(new)  # once more: nothing
        assert MigrationRecorder(new).applied_migrations().keys() == applied.keys()
        newest = max(Path("newsletter/migrations").glob("[0-9]*.py")).stem
        assert ("newsletter", newest) in applied


def test_a_database_with_a_table_is_left_to_the_migrations(tmp_path: Path) -> None:
    with database(tmp_path / "old.sqlite3") as old:
        with old.cursor() as cursor:
            cursor.execute("CREATE TABLE somebody_elses (id integer)")
        begin(old)
        assert old.introspection.table_names() == ["somebody_elses"]


def test_of_two_processes_that_begin_at_once_one_makes_the_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database(tmp_path / "new.sqlite3") as first, database(tmp_path / "new.sqlite3") as second:
        look = second.introspection.table_names

        def look_too_early() -> list[str]:
            monkeypatch.setattr(second.introspection, "table_names", look)
            found = look()
            begin(first)
            return found

        monkeypatch.setattr(second.introspection, "table_names", look_too_early)
        begin(second)
        assert second.introspection.table_names() == first.introspection.table_names()
        assert not second.connection.in_transaction
