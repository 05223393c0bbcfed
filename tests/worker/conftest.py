"""Fixtures of the workers' tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from newsletter.pipeline import work
from tests.pipeline.newsroom import Newsroom
from tests.worker.workers import Workers


@pytest.fixture
def workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workers:
    """Bind the tasks to an outbox of this test's, and note whom they wake."""
    room = Newsroom(tmp_path / "outbox")
    workers = Workers(room, room.stages)
    monkeypatch.setattr(work, "stages", lambda: workers.stages)
    monkeypatch.setattr(work, "wake", workers.wake)
    return workers
