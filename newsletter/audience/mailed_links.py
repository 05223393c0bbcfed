"""The link of a transactional mail: its parts are stored with the delivery, the link itself nowhere.

A link is as good as a password. It is built at send, so that a copy of the database opens nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from newsletter.audience.tokens import Purpose, make_timed_token, make_token


class Place(StrEnum):
    """Where it leads: the first part of its path."""

    CONFIRM = "confirm"
    PREFERENCES = "preferences"
    ACCOUNT = "account"
    ADDRESS = "address"
    ADMIN = "admin"


_TIMED = {
    Place.CONFIRM: Purpose.CONFIRM,
    Place.ACCOUNT: Purpose.FRESH,
    Place.ADDRESS: Purpose.ADDRESS,
}


@dataclass(frozen=True, slots=True)
class MailedLink:
    place: Place
    key: str = ""
    """Key of the row it opens; empty for the reader's own page, which the reader's link key opens."""

    @classmethod
    def of(cls, placeholders: Mapping[str, Any]) -> Self | None:
        """Return what ``as_placeholders`` wrote; None for a delivery without a link."""
        return (
            cls(Place(placeholders["link"]), placeholders.get("key", "")) if "link" in placeholders else None
        )

    def as_placeholders(self) -> dict[str, str]:
        return {"link": self.place.value} | ({"key": self.key} if self.key else {})

    def url(self, *, base_url: str, made_at: datetime, link_key: str) -> str:
        """Return the same link each time it is asked for, until the keys change."""
        if self.place is Place.ADMIN:
            return f"{base_url}/admin/"
        if self.place is Place.PREFERENCES:
            token = make_token(Purpose.PREFERENCES, subject=link_key)
        else:
            token = make_timed_token(_TIMED[self.place], subject=self.key, now=made_at)
        return f"{base_url}/{self.place}/{token}"
