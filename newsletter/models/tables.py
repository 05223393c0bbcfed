"""The database's tables: whether they are those that this code wants, and bringing them up to date.

An empty SQLite database begins with what all migrations would make of it (``data/tables.sql``, ADR 53).
"""

from __future__ import annotations

import pkgutil
import sqlite3
from functools import cache
from importlib.resources import files
from importlib.util import find_spec

from django.apps import apps
from django.core.management import call_command
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder


def are_current() -> bool:
    """Whether all migrations were applied, told by their names: loading them takes half a second of CPU.

    Raises DatabaseError where the database does not answer.
    """
    return _migrations() <= MigrationRecorder(connection).applied_migrations().keys()


@cache
def _migrations() -> frozenset[tuple[str, str]]:
    """Return (app, name) of each; none of them replaces others."""
    found = set()
    for app in apps.get_app_configs():
        module, _ = MigrationLoader.migrations_module(app.label)
        spec = find_spec(module) if module else None
        folders = spec.submodule_search_locations if spec else None
        found |= {(app.label, each.name) for each in pkgutil.iter_modules(folders or [])}
    return frozenset(found)


def bring_up_to_date() -> None:
    """Make what tables are missing, and change those of an earlier version."""
    begin(connection)
    call_command("migrate", verbosity=0)


def begin(database: BaseDatabaseWrapper) -> None:
    """Make the tables of an empty SQLite database, all or none. Migrations newer than the file come after."""
    if database.vendor != "sqlite" or database.introspection.table_names():
        return
    script = files("newsletter").joinpath("data", "tables.sql").read_text(encoding="utf-8")
    try:
        database.connection.executescript(script)
    except sqlite3.OperationalError:
        database.connection.rollback()
        if not database.introspection.table_names():
            raise
        # Another process was first.
