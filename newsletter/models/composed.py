"""Queries of which Django composes the SQL once a process: composing takes five times as long as running.

For those that pages make each time. What they find is read anew each time; only the text of the SQL is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from django.db import connection, models
from django.db.models.query import RawQuerySet

M = TypeVar("M", bound=models.Model)


class Composed(Generic[M]):
    """A query on one value, of one table; for ``rows`` of texts and numbers only."""

    def __init__(self, query: Callable[[Any], models.QuerySet[M, Any]], *, sample: str | int) -> None:
        """``sample``: a value of the right type that is in the query for no other reason."""
        self._query, self._sample = query, sample
        self._known: dict[str, tuple[type[M], str, tuple[Any, ...]]] = {}

    def models(self, value: str | int) -> RawQuerySet[M]:
        model, sql, given = self._composed(value)
        return model._default_manager.raw(sql, given)

    def rows(self, value: str | int) -> list[tuple[Any, ...]]:
        _, sql, given = self._composed(value)
        with connection.cursor() as cursor:
            cursor.execute(sql, given)
            return list(cursor.fetchall())

    def _composed(self, value: str | int) -> tuple[type[M], str, list[Any]]:
        found = self._known.get(connection.vendor)
        if found is None:
            query = self._query(self._sample)
            found = self._known[connection.vendor] = (query.model, *query.query.sql_with_params())
        model, sql, given = found
        return model, sql, [value if each == self._sample else each for each in given]
