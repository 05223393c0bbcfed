"""Each test has an outbox and an arXiv of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from tests.fakes.arxiv_server import ArxivServer


@pytest.fixture
def arxiv() -> Iterator[ArxivServer]:
    with ArxivServer() as server:
        yield server


@pytest.fixture
def outbox(tmp_path: Path, settings: Settings) -> Path:
    """A folder of this test's own as the outbox."""
    folder = tmp_path / "outbox"
    settings.CONFIG = settings.CONFIG.model_copy(update={"outbox_dir": folder})
    return folder


@pytest.fixture
def asks(arxiv: ArxivServer, settings: Settings) -> ArxivServer:
    """The service asks this arXiv, without the usual pause."""
    update = {"arxiv_api_url": arxiv.url, "arxiv_interval": 0.05}
    settings.CONFIG = settings.CONFIG.model_copy(update=update)
    return arxiv
