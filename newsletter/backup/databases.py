"""Copy a database into files at one instant, and load it from them, all or nothing.

SQLite: its own online back-up. PostgreSQL: COPY of each table in one snapshot, by the driver that is there
anyway. pg_dump would have to be installed in every container, and to be as new as the server. The tables are
made by the migrations that the back-up names.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import DatabaseError, OperationalError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from newsletter.backup.archive import BLOCK, Manifest
from newsletter.errors import NewsletterError
from newsletter.models import Paper, Subscriber, Topic
from newsletter.models.tables import are_current

SQLITE, TABLES = "database.sqlite3", "tables"
LEFT_OUT = ("django_session", "newsletter_pagechange")
"""Logins, and what caches of pages go by: neither holds in a restored service."""


def dump(folder: Path) -> dict[str, Any]:
    """Write the database into the folder; return what the manifest says of it. Others may go on writing."""
    return _dump_postgresql(folder) if connection.vendor == "postgresql" else _dump_sqlite(folder)


@contextmanager
def loaded(folder: Path, manifest: Manifest) -> Iterator[None]:
    """Load and migrate the database; inside, Django's connection is to it.

    What others see changes at the end, and not at all after an exception.
    """
    load = _loaded_postgresql if connection.vendor == "postgresql" else _loaded_sqlite
    with load(folder, manifest):
        ContentType.objects.clear_cache()
        yield
    ContentType.objects.clear_cache()


def holds_anything() -> bool:
    """Whether readers, topics or papers are there, or something that cannot be read."""
    try:
        there = set(connection.introspection.table_names())
        models = [model for model in (Subscriber, Topic, Paper) if model._meta.db_table in there]
        return any(model.objects.exists() for model in models)
    except DatabaseError:
        if connection.vendor == "postgresql":
            raise  # it does not answer
        connection.close()
        return True


def unknown_migrations(manifest: Manifest) -> list[tuple[str, str]]:
    """Return what the back-up's database has had done to it and this version does not know."""
    known = MigrationLoader(None, ignore_no_migrations=True).disk_migrations or {}
    return [each for each in manifest.migrations if each not in known]


# --- SQLite ----------------------------------------------------------------------------------------------


def _dump_sqlite(folder: Path) -> dict[str, Any]:
    connection.ensure_connection()
    with closing(sqlite3.connect(folder / SQLITE)) as copy:
        connection.connection.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file
        if (found := copy.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise NewsletterError(f"the database is damaged, and was not backed up: {found}")
        migrations = copy.execute("SELECT app, name FROM django_migrations ORDER BY id").fetchall()
        counts = {
            table: copy.execute(f'SELECT COUNT(*) FROM "{table}"').fetchone()[0]  # noqa: S608 - our own names
            for table in _tables()
        }
    return {"database": "sqlite", "migrations": migrations, "rows": counts}


@contextmanager
def _loaded_sqlite(folder: Path, manifest: Manifest) -> Iterator[None]:
    """Work on the unpacked file; its pages take the place of the database's in one transaction at the end."""
    staged, name = folder / SQLITE, connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = str(staged)
    try:
        _check_rows(manifest)
        _migrate()
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = name
    with closing(sqlite3.connect(staged)) as source:
        try:
            connection.ensure_connection()
            source.backup(connection.connection)
        except (DatabaseError, sqlite3.DatabaseError) as error:
            if isinstance(error, OperationalError | sqlite3.OperationalError):  # locked, or no space
                raise
            connection.close()
            _put_aside(Path(name))
            connection.ensure_connection()
            source.backup(connection.connection)
    connection.close()


def _put_aside(path: Path) -> None:
    """Move what SQLite cannot read out of the way."""
    for tail in ("", "-wal", "-shm"):
        old = Path(f"{path}{tail}")
        if old.exists():
            old.replace(f"{old}.unreadable")


# --- PostgreSQL ------------------------------------------------------------------------------------------


def _dump_postgresql(folder: Path) -> dict[str, Any]:
    (folder / TABLES).mkdir()
    counts = {}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        migrations = list(MigrationRecorder(connection).applied_migrations())
        for table in _tables():
            with (folder / TABLES / f"{table}.copy").open("wb") as file:
                file.write(",".join(_columns(table)).encode() + b"\n")
                with cursor.copy(f"COPY {_named(table, _columns(table))} TO STDOUT") as copy:
                    for block in copy:
                        file.write(block)
            counts[table] = cursor.rowcount
        cursor.execute(
            "SELECT sequencename, last_value FROM pg_sequences "
            "WHERE schemaname = current_schema() AND last_value IS NOT NULL"
        )
        sequences = {name: last for name, last in cursor.fetchall() if not name.startswith(LEFT_OUT)}
    return {"database": "postgresql", "migrations": migrations, "rows": counts, "sequences": sequences}


@contextmanager
def _loaded_postgresql(folder: Path, manifest: Manifest) -> Iterator[None]:
    """Do all in one transaction: tables as the back-up's were, its rows, then the migrations since."""
    with transaction.atomic(), connection.cursor() as cursor:
        if set(MigrationRecorder(connection).applied_migrations()) != set(manifest.migrations):
            _drop_tables(cursor)
            MigrationExecutor(connection).migrate(manifest.migrations)
        tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
        cursor.execute(f"TRUNCATE {', '.join(map(connection.ops.quote_name, tables))}")
        for table in manifest.rows:
            _fill(cursor, table, folder / TABLES / f"{table}.copy")
        _check_rows(manifest)
        # For the migrations every constraint is checked at once: no table can be changed with checks to come.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for name, value in manifest.sequences.items():
            cursor.execute("SELECT setval(to_regclass(%s), %s)", [connection.ops.quote_name(name), value])
        _migrate()
        # As ever: Django deletes a reader before their deliveries.
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        yield


def _drop_tables(cursor: Any) -> None:
    ours = (*(f"{config.label}_" for config in apps.get_app_configs()), "django_")
    found = [name for name in connection.introspection.table_names(cursor) if name.startswith(ours)]
    if found:
        cursor.execute(f"DROP TABLE {', '.join(map(connection.ops.quote_name, found))} CASCADE")


def _fill(cursor: Any, table: str, path: Path) -> None:
    with path.open("rb") as file:
        columns = file.readline().decode().strip().split(",")
        with cursor.copy(f"COPY {_named(table, columns)} FROM STDIN") as copy:
            while block := file.read(BLOCK):
                copy.write(block)


def _named(table: str, columns: list[str]) -> str:
    quoted = connection.ops.quote_name
    return f"{quoted(table)} ({', '.join(map(quoted, columns))})"


def _columns(table: str) -> list[str]:
    with connection.cursor() as cursor:
        return [each.name for each in connection.introspection.get_table_description(cursor, table)]


# --- both ------------------------------------------------------------------------------------------------


def _tables() -> list[str]:
    found = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return sorted(set(found) - set(LEFT_OUT))


def _migrate() -> None:
    if not are_current():
        call_command("migrate", verbosity=0)


def _check_rows(manifest: Manifest) -> None:
    """Raises NewsletterError unless every table has the rows that the manifest says."""
    with connection.cursor() as cursor:
        for table, expected in manifest.rows.items():
            cursor.execute(f"SELECT COUNT(*) FROM {connection.ops.quote_name(table)}")  # noqa: S608 - our own names
            [found] = cursor.fetchone()
            if found != expected:
                raise NewsletterError(f"{table} has {found} rows, and the back-up says {expected}")
