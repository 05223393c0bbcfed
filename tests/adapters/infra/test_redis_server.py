"""The embedded Redis: where its binary comes from and where it listens."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from newsletter.adapters.infra.redis_server import SOCKET_PATH_LIMIT, socket_path
from newsletter.errors import ConfigurationError


def test_it_listens_in_the_data_folder() -> None:
    assert socket_path(Path("/srv/news")) == Path("/srv/news/redis.sock")


def test_a_deep_data_folder_gets_a_private_one_that_stays_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    deep = Path("/srv") / ("x" * SOCKET_PATH_LIMIT)
    path = socket_path(deep)
    assert path == socket_path(deep) != socket_path(deep / "other")
    assert path.parent.parent == tmp_path
    assert path.parent.stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_that_somebody_else_prepared_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    deep = Path("/srv") / ("x" * SOCKET_PATH_LIMIT)
    os.chown(socket_path(deep).parent, 12345, 12345)
    with pytest.raises(ConfigurationError, match="belongs to somebody else"):
        socket_path(deep)
