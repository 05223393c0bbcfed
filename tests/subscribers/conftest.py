"""Two topics, and a way to write a CSV file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from newsletter.audience.topics import add_topic

NOW = datetime(2026, 6, 12, 8, 0, tzinfo=UTC)
Write = Callable[[str | bytes], Path]


@pytest.fixture
def topics(db: None) -> None:  # noqa: ARG001 - the database
    for slug in ("heads", "quiet"):
        add_topic(slug, name=slug.title(), query="cat:cs.CV", now=NOW)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(content: str | bytes) -> Path:
        path = tmp_path / "list.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file
