"""Write many rows in one statement: update each to values of its own, or insert rows that are nearly equal.

Django's ``bulk_update`` builds a CASE a row and column, ``bulk_create`` prepares every field of every row:
milliseconds of Python for fifty rows. Here the values that differ are a table: ``unnest`` on PostgreSQL,
``VALUES`` on SQLite (its JSON cannot hold bytes). What is the same for all is given once.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, connections, models

Field: TypeAlias = "models.Field[Any, Any]"
Row = TypeVar("Row", bound=models.Model)


def update_each(
    model: type[models.Model],
    rows: Sequence[Sequence[Any]],
    *,
    match: Sequence[str],
    change: Sequence[str],
    to_all: Mapping[str, Any] | None = None,
    where: Mapping[str, Collection[Any]] | None = None,
    only_raising: str = "",
) -> set[Any]:
    """Update the rows whose ``match`` fields equal those given; return the primary keys of what was updated.

    Each of ``rows`` has the values of ``match``, then those of ``change``; no two may match the same row.
    ``to_all``: fields set to one value. ``where``: what a field must be one of. ``only_raising``: a field of
    ``change`` that must be NULL or lower before.
    """
    if not rows:
        return set()
    fields, to_all = _fields(model), dict(to_all or {})
    columns = dict(zip((*match, *change), zip(*rows, strict=True), strict=True))
    for name in change:
        # What is the same for all is passed, and converted, once.
        if name != only_raising and columns[name].count(columns[name][0]) == len(rows):
            to_all[name] = columns.pop(name)[0]
    given, values = _table([fields[name] for name in columns], list(columns.values()))
    table = _quoted(model._meta.db_table)
    names = {name: _quoted(field.column) for name, field in fields.items()}
    key = next(name for name, field in fields.items() if field.primary_key)
    settings = [f"{names[name]} = given.{names[name]}" for name in change if name in columns]
    settings += [f"{names[name]} = %s" for name in to_all]
    conditions = [f"{table}.{names[name]} = given.{names[name]}" for name in match]
    for name, allowed in (where or {}).items():
        conditions.append(f"{table}.{names[name]} IN ({_places(len(allowed))})")
    if only_raising:
        before, after = (f"{owner}.{names[only_raising]}" for owner in (table, "given"))
        conditions.append(f"({before} IS NULL OR {before} < {after})")
    parameters = [
        *(_prepared(fields[name], value) for name, value in to_all.items()),
        *values,
        *(_prepared(fields[name], each) for name, allowed in (where or {}).items() for each in allowed),
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {', '.join(settings)} FROM {given} "  # noqa: S608 - names of our own
            f"WHERE {' AND '.join(conditions)} RETURNING {table}.{names[key]}",
            parameters,
        )
        return {fields[key].to_python(found) for (found,) in cursor.fetchall()}


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


def _table(fields: Sequence[Field], columns: Sequence[Sequence[Any]]) -> tuple[str, list[Any]]:
    """Return the columns as a table ``given`` with the fields' names, and its parameters."""
    own = connections[DEFAULT_DB_ALIAS]  # ``connection`` looks it up for every attribute
    prepared = [
        [field.get_db_prep_save(value, own) for value in column]
        for field, column in zip(fields, columns, strict=True)
    ]
    names = [_quoted(field.column) for field in fields]
    if own.vendor == "postgresql":
        arrays = ", ".join(f"%s::{_type(field)}[]" for field in fields)
        return f"unnest({arrays}) AS given({', '.join(names)})", prepared
    lines = ", ".join([f"({_places(len(fields))})"] * len(columns[0]))
    columns_as = ", ".join(f"column{place} AS {name}" for place, name in enumerate(names, 1))
    select = f"(SELECT {columns_as} FROM (VALUES {lines})) AS given"  # noqa: S608 - names of our own
    return select, [value for row in zip(*prepared, strict=True) for value in row]


def _fields(model: type[models.Model]) -> dict[str, Field]:
    return {field.name: field for field in model._meta.concrete_fields}


def _prepared(field: Field, value: Any) -> Any:
    return field.get_db_prep_save(value, connection)


def _type(field: Field) -> str:
    """Return the column's type without its length, to which a cast would cut silently."""
    return re.sub(r"\(.*\)", "", str(field.db_type(connection)))


def _places(count: int) -> str:
    return ", ".join(["%s"] * count)


def _quoted(name: str | None) -> str:
    return connection.ops.quote_name(str(name))
