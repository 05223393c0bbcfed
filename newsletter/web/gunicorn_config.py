"""How the web server runs."""

from __future__ import annotations

from typing import Any

from newsletter.adapters.children import die_with_parent

workers = 1
threads = 8
worker_class = "gthread"
graceful_timeout = 5
control_socket_disable = True


def post_fork(_server: Any, _worker: Any) -> None:
    """A web worker must not outlive a killed master."""
    die_with_parent()
