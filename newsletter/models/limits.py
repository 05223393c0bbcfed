"""Check rows filled from outside against their fields, alike on every database.

PostgreSQL refuses a value that is too long or too large, and with it the whole statement; SQLite stores it.
Rows are checked before they are saved, so that a bad one costs only itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.backends.base.operations import BaseDatabaseOperations

from newsletter.core.storable import fault_of

FIRST_YEAR, LAST_YEAR = 1900, 2200
LONGEST_JSON = 2_000_000
"""Characters of one JSON value; the longest list of authors has a tenth of that."""
_RANGES = BaseDatabaseOperations.integer_field_ranges
"""PostgreSQL's; SQLite has wider ones."""


def faults(row: models.Model) -> list[str]:
    """Return what keeps a row from being saved on some database, a phrase for each field at fault."""
    found = []
    for field in row._meta.concrete_fields:
        value = getattr(row, field.attname)
        if value is not None and (fault := next(_faults(field, value), "")):
            found.append(f"{field.verbose_name}: {fault}")
    return found


def _faults(field: models.Field[Any, Any], value: object) -> Iterator[str]:
    if isinstance(value, str):
        longest = getattr(field, "max_length", None)
        if longest is not None and len(value) > longest:
            yield f"{len(value)} characters, at most {longest} are kept"
    if isinstance(value, int) and field.get_internal_type() in _RANGES:
        least, most = _RANGES[field.get_internal_type()]
        if not least <= value <= most:
            yield f"{value} is not between {least} and {most}"
    if isinstance(value, datetime) and not _is_usual(value):
        yield f"the date {value} is not of these centuries"
    if fault := fault_of(value):
        yield fault
    try:
        field.run_validators(value)
    except ValidationError as error:
        yield " ".join(error.messages)
    if isinstance(field, models.JSONField) and len(json.dumps(value)) > LONGEST_JSON:
        yield f"more than {LONGEST_JSON} characters"


def _is_usual(moment: datetime) -> bool:
    """Years near 1 and 9999 overflow when they are converted to another zone."""
    return moment.tzinfo is not None and FIRST_YEAR <= moment.year <= LAST_YEAR
