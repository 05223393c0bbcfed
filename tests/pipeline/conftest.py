"""Fixtures of this stage."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from newsletter.adapters.infra import rate_windows
from tests.pipeline.rate_limits import Clock


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    frozen = SimpleNamespace(time=lambda: clock.now.timestamp())
    monkeypatch.setattr("limits.storage.memory.time", frozen)
    monkeypatch.setattr(rate_windows, "time", frozen)
    return clock
