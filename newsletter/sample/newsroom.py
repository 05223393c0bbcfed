"""The sample newsroom: topics, readers and a week of papers, moved to the present."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

LAST_DAY = date(2026, 11, 20)
"""The last announcement day in the sample files."""
FILES = ("week.xml", "revisions.xml")
_MOMENT = re.compile(r"(?<=>)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ(?=<)")


@dataclass(frozen=True, slots=True)
class Newsroom:
    topics: list[dict[str, Any]]
    subscribers: list[dict[str, Any]]
    kept: list[dict[str, Any]]
    """Papers that a subscriber saved before: email, arxiv_id, title, abstract, categories."""


def newsroom() -> Newsroom:
    data = tomllib.loads((files("newsletter.sample") / "newsroom.toml").read_text(encoding="utf-8"))
    return Newsroom(topics=data["topics"], subscribers=data["readers"], kept=data["kept"])


def write_week(folder: Path, *, last_day: date) -> list[Path]:
    """Write the saved answers into ``folder`` with every date moved so that the week ends on ``last_day``."""
    shift = timedelta(days=(last_day - LAST_DAY).days)
    written = []
    for name in FILES:
        text = (files("newsletter.sample") / name).read_text(encoding="utf-8")
        path = folder / name
        path.write_text(_MOMENT.sub(lambda found: _moved(found[0], shift), text), encoding="utf-8")
        written.append(path)
    return written


def _moved(moment: str, shift: timedelta) -> str:
    moved = datetime.fromisoformat(moment) + shift
    return moved.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
