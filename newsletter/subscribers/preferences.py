"""A reader's preferences: every value is checked here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from newsletter.core.delivery.addresses import clean_address
from newsletter.core.delivery.cadence import Cadence, parse_time, parse_zone
from newsletter.core.digests.headers import wire_address
from newsletter.core.summaries.summary import DetailLevel
from newsletter.errors import BadInput
from newsletter.languages import ALIASES, INTERFACE_LANGUAGES, normal
from newsletter.models.subscriber import MAX_SUBSCRIBER_NAME

COLUMNS = ("cadence", "at", "timezone", "language", "depth")
"""Those that are words or a time, by the names they have in forms, CSV files and the database."""
MIN_PAPERS, MAX_PAPERS = 1, 50
MAX_ADDRESS = 254
"""RFC 5321 §4.5.3.1.3: a path of 256 octets, without its angle brackets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """Checked preferences."""

    cadence: Cadence
    at: time
    timezone: str
    language: str
    depth: DetailLevel
    max_papers: int

    @classmethod
    def checked(
        cls,
        *,
        cadence: str = "weekly:mon",
        at: str = "08:00",
        timezone: str = "UTC",
        language: str = "en",
        depth: str = "takeaways",
        max_papers: int = 10,
    ) -> Preferences:
        """Check each value as it was typed. Raises BadInput that says what is allowed."""
        if not MIN_PAPERS <= max_papers <= MAX_PAPERS:
            raise BadInput(f"max-papers is {max_papers}, but must be {MIN_PAPERS} to {MAX_PAPERS}")
        return cls(
            cadence=Cadence.parse(cadence),
            at=parse_time(at),
            timezone=parse_zone(timezone).key,
            language=checked_language(language),
            depth=checked_depth(depth),
            max_papers=max_papers,
        )

    def fields(self) -> dict[str, object]:
        """Return them as a reader's columns."""
        return {
            "cadence": str(self.cadence),
            "at": self.at,
            "timezone": self.timezone,
            "language": self.language,
            "depth": self.depth.value,
            "max_papers": self.max_papers,
        }


def offered_languages() -> tuple[str, ...]:
    """Return the codes a reader may choose from: those of mails and pages, and the operator's."""
    return (*INTERFACE_LANGUAGES, *settings.CONFIG.languages)


def checked_language(language: str) -> str:
    code, offered = normal(language), offered_languages()
    if code not in offered:
        allowed = ", ".join((*offered, *ALIASES))
        raise BadInput(f"language is {language!r}, but must be one of: {allowed}")
    return code


def checked_depth(depth: str) -> DetailLevel:
    try:
        return DetailLevel(depth.strip().lower())
    except ValueError:
        raise BadInput(f"depth is {depth!r}, but must be one of: {', '.join(DetailLevel)}") from None


def checked_address(email: str) -> str:
    """Return an address that mail can be sent to, its local part in any script. Raises BadInput."""
    email = email.strip()
    local, at, domain = email.rpartition("@")
    try:
        # Django allows only ASCII local parts; others follow RFC 6531.
        validate_email(email if local.isascii() else f"x{at}{domain}")
        wire_address(email)
    except (ValidationError, BadInput):
        raise BadInput(f"{email[:80]!r} is not an e-mail address") from None
    if len(email.encode()) > MAX_ADDRESS:
        raise BadInput(f"{email[:80]!r}… is longer than an e-mail address may be ({MAX_ADDRESS} characters)")
    return email


def checked_name(name: str) -> str:
    """Return a reader's name on one line. Raises BadInput."""
    name = " ".join(name.split())
    if not name.isprintable():
        raise BadInput(f"name is {name!r}, which holds characters that cannot be printed")
    if len(name) > MAX_SUBSCRIBER_NAME:
        raise BadInput(f"name has {len(name)} characters, but may have {MAX_SUBSCRIBER_NAME} at most")
    return name


def read_address(text: str) -> str:
    """Return the address in an operator's list or query, checked like that of a sign-up.

    Unlike a form, it accepts ``Ada <ada@example.org>``: a suppression list must not lose such entries.
    """
    return checked_address(clean_address(text))
