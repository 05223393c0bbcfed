"""Django's ``flush``, for tests: it empties the tables that hold something, which are few after a test.

Django's own empties each one, and makes content types and permissions anew; no test changes those.
"""

from __future__ import annotations

from typing import Any

from django.core.management.commands import flush
from django.db import connection, transaction

KEPT = {"auth_permission", "django_content_type"}


class Command(flush.Command):
    def handle(self, **options: Any) -> None:  # noqa: ARG002  # there is one database
        quoted = connection.ops.quote_name
        names = connection.introspection.django_table_names(only_existing=True, include_views=False)
        tables = sorted(set(names) - KEPT)
        asked = (f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {quoted(name)})" for name in tables)  # noqa: S608
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(" UNION ALL ".join(asked))
            for (name,) in cursor.fetchall():  # foreign keys are checked when the transaction ends
                cursor.execute(f"DELETE FROM {quoted(name)}")  # noqa: S608
