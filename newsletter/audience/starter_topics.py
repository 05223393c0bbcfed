"""The topics a new service may start with: about forty across arXiv's archives, read from a data file.

It owns the list; adding the topics to the database is left to its callers.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True, kw_only=True)
class StarterTopic:
    slug: str
    name: str
    """In English; ``languages`` has its names in others."""
    group: str
    """What topics are listed under, in English."""
    query: str
    """In arXiv's language, on one line."""


@cache
def starter_topics() -> tuple[StarterTopic, ...]:
    """Return the starter topics in the order in which they are offered, each group together."""
    text = (files("newsletter") / "data" / "starter_topics.toml").read_text(encoding="utf-8")
    return tuple(
        StarterTopic(**{**entry, "query": " ".join(entry["query"].split())})
        for entry in tomllib.loads(text)["topic"]
    )
