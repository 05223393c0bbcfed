"""What doctor says of one thing: is it well, and if not, why that matters and what to type."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from newsletter.config.locations import env_file
from newsletter.errors import ConfigurationError


class Level(StrEnum):
    FINE = "fine"
    LOOK = "look"
    """Not as it should be, or not known; mails go out."""
    MEND = "mend"
    """Must be mended: mails do not go out, or do not arrive, or harm."""


@dataclass(frozen=True, slots=True)
class Finding:
    check: str
    """Its name, stable: scripts may look for it."""
    level: Level
    what: str
    why: str = ""
    type: tuple[str, ...] = ()
    """What to type, one line each: commands, lines of ``.env``, or records of DNS."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"type": list(self.type)}


def wrong_settings(error: ConfigurationError) -> Finding:
    """Return the finding for settings with which nothing starts."""
    try:
        typed = f"${{EDITOR:-vi}} {env_file(os.environ)}"
    except ConfigurationError:  # two files, or one that is not there: the error says so
        typed = ""
    why = "Nothing starts with it: neither web nor workers nor commands."
    return Finding("settings", Level.MEND, str(error), why, (typed,) if typed else ())


def sentence(error: object) -> str:
    """Return an error's words as a sentence."""
    said = str(error)
    return f"{said[:1].upper()}{said[1:]}{'' if said.endswith(('.', '?', '!')) else '.'}"


def fine(check: str, what: str) -> Finding:
    return Finding(check, Level.FINE, what)


def look(check: str, what: str, *, why: str, type: tuple[str, ...] | str = ()) -> Finding:  # noqa: A002 - its name
    return Finding(check, Level.LOOK, what, why, (type,) if isinstance(type, str) else type)


def mend(check: str, what: str, *, why: str, type: tuple[str, ...] | str = ()) -> Finding:  # noqa: A002 - its name
    return Finding(check, Level.MEND, what, why, (type,) if isinstance(type, str) else type)
