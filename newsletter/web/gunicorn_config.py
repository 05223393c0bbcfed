"""How the web server runs."""

from __future__ import annotations

import sys
import warnings
from typing import Any

from newsletter.adapters.children import die_with_parent
from newsletter.web.log_lines import LogLine

workers = 1
threads = 8
worker_class = "gthread"
graceful_timeout = 5
control_socket_disable = True
loglevel = "warning"
# Static files are served from the package: what collectstatic would make need not be there.
warnings.filterwarnings("ignore", message="No directory at", category=UserWarning)


def on_starting(server: Any) -> None:
    """Hide the keys of readers: the log names paths when a request breaks off."""
    lines = {
        server.log.error_log: LogLine(server.log.error_fmt, server.log.datefmt),
        server.log.access_log: LogLine(server.log.access_fmt),
    }
    for log, line in lines.items():
        for handler in log.handlers:
            handler.setFormatter(line)


on_reload = on_starting


def post_fork(server: Any, _worker: Any) -> None:
    """A web worker must not outlive a killed master."""
    die_with_parent(server.pid)


def post_worker_init(worker: Any) -> None:
    addresses = ", ".join(str(listener) for listener in worker.sockets)
    sys.stderr.write(f"newsletter: the site answers on {addresses}\n")
