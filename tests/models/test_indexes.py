"""What every row of a large table costs to write: no index that nothing needs."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import connection, models

LARGE = ("newsletter_delivery", "newsletter_selection", "newsletter_fragmentrow", "newsletter_subscriber")


def test_no_field_has_an_index_that_a_unique_constraint_of_it_begins_with_already() -> None:
    twice = [
        f"{model.__name__}.{constraint.fields[0]}"
        for model in apps.get_app_config("newsletter").get_models()
        for constraint in model._meta.constraints
        if isinstance(constraint, models.UniqueConstraint) and constraint.fields and not constraint.condition
        if getattr(model._meta.get_field(constraint.fields[0]), "db_index", False)
    ]
    assert twice == []


@pytest.mark.django_db
def test_large_tables_have_no_index_for_searches_by_a_beginning() -> None:
    """Django makes one on PostgreSQL for every text that is unique or a key."""
    with connection.cursor() as cursor:
        names = [
            name
            for table in LARGE
            for name in connection.introspection.get_constraints(cursor, table)
            if name.endswith("_like")
        ]
    assert names == []
