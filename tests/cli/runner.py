"""The command line in this process: what it printed where, how it ended, what it changed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from click.testing import CliRunner
from django.apps import apps

from newsletter.cli import cli
from newsletter.models import KeyFingerprint, SuppressionKey

JOINED = "2026-06-14T12:00Z"
"""A Sunday."""
DUE = "2026-06-15T08:00Z"


@dataclass(frozen=True, slots=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Return the one object on stdout; fails when there is more."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found

    @property
    def line(self) -> str:
        """Return the one line on stderr."""
        [line] = self.err.splitlines()
        assert line.startswith("newsletter: ")
        assert "Traceback" not in line
        return line.removeprefix("newsletter: ")


def newsletter(*words: str) -> Result:
    """Run one command; an exception that nobody foresaw fails the test."""
    result = CliRunner().invoke(cli, list(words), prog_name="newsletter", catch_exceptions=False)
    return Result(code=result.exit_code, out=result.stdout, err=result.stderr)


def done(*words: str) -> Result:
    """Run a command that must succeed."""
    result = newsletter(*words)
    assert (result.code, result.err) == (0, "")
    return result


def rows() -> dict[str, int]:
    """Return how many rows each of our tables has, apart from the keys that a first start records."""
    return {
        model.__name__: model._default_manager.count()
        for model in apps.get_app_config("newsletter").get_models()
        if model not in (KeyFingerprint, SuppressionKey)
    }


def add_topic(slug: str = "heads", query: str = "cat:cs.CV") -> None:
    done("topic", "add", slug, "--name", slug.title(), "--query", query, "--now", JOINED)


def add_subscriber(email: str = "a@example.org", *options: str, topics: str = "heads") -> None:
    done("subscriber", "add", email, "--topics", topics, "--now", JOINED, *options)
