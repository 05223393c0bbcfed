"""Each test has a data folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings


@pytest.fixture
def data(tmp_path: Path, settings: Settings) -> Path:
    folder = tmp_path / "data"
    settings.CONFIG = settings.CONFIG.model_copy(update={"data_dir": folder, "outbox_dir": folder / "outbox"})
    return folder
