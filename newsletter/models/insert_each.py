"""Insert many rows in one statement that are equal but for a few fields.

Django's ``bulk_create`` prepares every field of every row: thirty of a planned digest, most of what planning
takes. Here the fields that differ are a table (``update_each.py``), and the others are given once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from django.db import connection, models

from newsletter.models.update_each import _fields, _prepared, _quoted, _table, _type

Row = TypeVar("Row", bound=models.Model)


def insert_each(rows: Sequence[Row], *, vary: Sequence[str]) -> None:
    """Insert these rows, whose primary keys are set, but for those that conflict with what is there."""
    if not rows:
        return
    fields = _fields(type(rows[0]))
    varied = [fields[name] for name in vary]
    given, values = _table(varied, [[getattr(row, field.attname) for row in rows] for field in varied])
    fixed = [field for name, field in fields.items() if name not in vary]
    columns = ", ".join(_quoted(field.column) for field in (*varied, *fixed))
    taken = ", ".join(f"given.{_quoted(field.column)}" for field in varied)
    is_typed = connection.vendor == "postgresql"
    constants = ", ".join(f"%s::{_type(field)}" if is_typed else "%s" for field in fixed)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {_quoted(rows[0]._meta.db_table)} ({columns}) SELECT {taken}, {constants} "  # noqa: S608 - names of our own
            f"FROM {given} WHERE true ON CONFLICT DO NOTHING",
            [*(_prepared(field, getattr(rows[0], field.attname)) for field in fixed), *values],
        )
