"""``docker-compose.yml`` as data: what each service runs, with what environment, and its health check.

Docker itself is not needed. Of Compose's interpolation only the forms that the file uses are understood:
``${NAME:?what to do}``, ``${NAME:-otherwise}`` and ``$$``.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
OUR_IMAGE = "arxiv-newsletter"
_VARIABLE = re.compile(r"\$\$|\$\{([A-Z_]+):([?-])([^}]*)\}")


@dataclass(frozen=True, slots=True)
class Service:
    name: str
    written: Mapping[str, Any]
    """As it stands in the file, anchors merged."""

    @property
    def is_ours(self) -> bool:
        return bool(self.written["image"] == OUR_IMAGE)

    @property
    def is_short(self) -> bool:
        """Whether it does one thing at a start and ends."""
        return bool(self.written.get("restart") == "no")

    @property
    def environment(self) -> dict[str, str]:
        return dict(self.written.get("environment", {}))

    @property
    def queues(self) -> list[str]:
        """The queues a worker drains; none for any other service."""
        words = shlex.split(self.written.get("command", ""))
        return words[words.index("-Q") + 1].split(",") if "-Q" in words else []

    def command(self, *, given: Mapping[str, str]) -> list[str]:
        return [interpolate(word, given=given) for word in shlex.split(self.written["command"])]

    def health_command(self, *, given: Mapping[str, str]) -> list[str]:
        """Return the health check as a command for exec."""
        form, *words = (interpolate(word, given=given) for word in self.written["healthcheck"]["test"])
        return ["sh", "-c", *words] if form == "CMD-SHELL" else words


@lru_cache(maxsize=1)
def compose_file() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return loaded


def services() -> list[Service]:
    return [Service(name, written) for name, written in compose_file()["services"].items()]


def our_services() -> Iterator[Service]:
    return (service for service in services() if service.is_ours)


def interpolate(value: str, *, given: Mapping[str, str]) -> str:
    """Fill in ``${NAME:?…}`` and ``${NAME:-…}`` as Compose does.

    Raises KeyError, in the file's words, where one is needed and not given.
    """

    def fill(found: re.Match[str]) -> str:
        name, kind, otherwise = found.groups()
        if name is None:
            return "$"
        if not given.get(name) and kind == "-":
            return str(otherwise)
        if not given.get(name):
            raise KeyError(f"{name}: {otherwise}")
        return given[name]

    if "$" in _VARIABLE.sub("", value):
        raise ValueError(f"a form of interpolation that is not understood here: {value}")
    return _VARIABLE.sub(fill, value)
