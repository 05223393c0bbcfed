"""A real Redis for as long as a test needs it, on a socket of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from newsletter.adapters.infra.redis_server import server_command
from newsletter.errors import ConfigurationError
from tests.fakes.processes import Processes, processes, wait_until


@contextmanager
def redis_server() -> Iterator[str]:
    """Yield its REDIS_URL."""
    with tempfile.TemporaryDirectory(prefix="newsletter-") as name, processes(Path(name)) as started:
        path = Path(name) / "redis.sock"  # short enough for a socket's name
        start_redis(started, path=path)
        yield f"unix://{path}"


def start_redis(started: Processes, *, path: Path) -> None:
    """Start one on this socket. Where there is no server to start, the test is skipped and says so."""
    try:
        command = server_command(socket=path)
    except ConfigurationError as error:
        pytest.skip(str(error))
    server = started.start("redis", command, environment={})
    wait_until(path.is_socket, seconds=60, otherwise=server.said)
