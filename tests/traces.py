"""Everything the service has written down, as text: to search it for what must not be there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection


def every_table() -> dict[str, list[tuple[Any, ...]]]:
    """Return each row of each table, sessions and migrations included."""
    tables = {}
    with connection.cursor() as cursor:
        for name in sorted(connection.introspection.table_names(cursor)):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(name)} ORDER BY 1")  # noqa: S608 - names of our own
            tables[name] = cursor.fetchall()
    return tables


def files_that_hold(words: Iterator[str] | list[str], *, folders: list[Path]) -> list[tuple[str, Path]]:
    """Return (word, file) for each of the words in each file, upper or lower case."""
    found = []
    sought = [(word, word.lower().encode()) for word in words]
    for path in (path for folder in folders for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes().lower()
        found += [(word, path) for word, code in sought if code in content]
    return found


def database_files() -> list[Path]:
    """Return SQLite's file and what lies beside it; none for a server."""
    if connection.vendor != "sqlite":
        return []
    path = Path(str(connection.settings_dict["NAME"]))
    return [each for each in path.parent.glob(f"{path.name}*") if each.is_file()]


def data_folder() -> Path:
    folder: Path = settings.DATA_DIR
    return folder
