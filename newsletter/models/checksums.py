"""A field for the checksums of a mail's fragments: some eighty, in a quarter of the space of JSON."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import Any

from django.db import models

from newsletter.core.digests.message import CHECKSUM_LENGTH


class ChecksumsField(models.JSONField):
    """A list of checksums, stored as one string: their bytes, base64.

    Rows from before, and a list with anything else in it, are stored as a list.
    """

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        if isinstance(value, list) and value and all(len(each) == CHECKSUM_LENGTH for each in value):
            value = b64encode(bytes.fromhex("".join(value))).decode()
        return super().get_db_prep_value(value, connection, prepared)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        found = super().from_db_value(value, expression, connection)
        if not isinstance(found, str):
            return found
        packed = b64decode(found).hex()
        return [packed[at : at + CHECKSUM_LENGTH] for at in range(0, len(packed), CHECKSUM_LENGTH)]
