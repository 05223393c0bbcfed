"""All rows of the test database, kept to be put there again for another test."""

from __future__ import annotations

from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management.color import no_style
from django.db import connection, models, transaction

from newsletter.models import PageChange

Rows = dict[type[models.Model], list[models.Model]]


def take_rows() -> Rows:
    """Return all but what Django puts there with the migrations, and what triggers write."""
    found = {
        model: list(model._base_manager.all())
        for model in apps.get_models(include_auto_created=True)
        if model not in (ContentType, Permission, PageChange)
    }
    return {model: rows for model, rows in found.items() if rows}


def put_rows(kept: Rows) -> None:
    """Put them into empty tables. Foreign keys are checked when the transaction ends."""
    with transaction.atomic(), connection.cursor() as cursor:
        for model, rows in kept.items():
            model._base_manager.bulk_create(rows)
        for statement in connection.ops.sequence_reset_sql(no_style(), list(kept)):
            cursor.execute(statement)
