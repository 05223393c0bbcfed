"""The test database as it stood at one moment, to go back to as often as a test likes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

COPY = "snapshot"


class Snapshot:
    """Of SQLite's file, or of PostgreSQL's database beside it."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / COPY
        self._name = connection.settings_dict["NAME"]
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("VACUUM INTO %s", [str(self._file)])
        else:
            _copy_database(self._name, into=COPY)

    def restore(self) -> None:
        connection.close()
        if connection.vendor == "postgresql":
            _copy_database(COPY, into=self._name)
            return
        for name in (f"{self._name}-wal", f"{self._name}-shm"):
            Path(name).unlink(missing_ok=True)
        shutil.copy(self._file, self._name)

    def remove(self) -> None:
        if connection.vendor == "postgresql":
            with connection._nodb_cursor() as cursor:
                cursor.execute(f"DROP DATABASE {COPY}")


@contextmanager
def snapshot(folder: Path) -> Iterator[Snapshot]:
    taken = Snapshot(folder)
    yield taken
    taken.remove()


def _copy_database(name: str, *, into: str) -> None:
    """Nobody may be connected to either: what is still there is sent away."""
    connection.close()
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {into} WITH (FORCE)")
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        cursor.execute(f"CREATE DATABASE {into} TEMPLATE {name}")
