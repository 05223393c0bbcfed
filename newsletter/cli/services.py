"""The services of ``newsletter up``, each for a process of its own (ADR 43).

They are forked from a process that has loaded what they share: its memory is taken once, and they start at
once. docker-compose.yml starts the same ones as commands.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import sys
from typing import Any

from newsletter.adapters.infra.children import give_memory_back

SHARED = (
    "worker.tasks",
    "worker.beat",
    *(f"billiard.{name}" for name in ("popen_fork", "sharedctypes")),
    *(f"celery.app.{name}" for name in ("amqp", "control", "events", "log", "routes")),
    *(f"celery.apps.{name}" for name in ("beat", "worker")),
    "celery.concurrency.prefork",
    *(f"celery.events.{name}" for name in ("dispatcher", "receiver")),
    *(f"celery.worker.{name}" for name in ("autoscale", "components", "consumer", "strategy")),
    "celery.worker.consumer.delayed_delivery",
    "kombu.transport.redis",
    "netrc",
    "newsletter.web.server",
    "django.contrib.messages.storage.fallback",
)
"""What is loaded before the services begin: the rest of what one needs would be its own."""
QUEUES = "gather,summarize,compose,send,events"
_QUIET = {"loglevel": "WARNING", "quiet": True}


def load_shared() -> None:
    """Load what the services share, once Django is started; no connection is opened and no thread started."""
    from django.urls import get_resolver

    give_memory_back()
    for name in SHARED:
        importlib.import_module(name)
    worker: Any = importlib.import_module("worker.app")
    worker.app.finalize()
    worker.app.loader.import_default_modules()
    _make_parser_of_c()
    len(get_resolver().url_patterns)


def _make_parser_of_c() -> None:
    """Each process of a pool asks the kernel for a signal, and billiard declares that call in C."""
    ask: Any = importlib.import_module("billiard.util").get_pdeathsig
    with contextlib.suppress(OSError):  # not on Linux
        ask()


def share() -> None:
    """Load the site, which looks at the database, and keep garbage collections away from all that is loaded.

    A collection in a service would write to, and so copy, what is shared.
    """
    importlib.import_module("newsletter.web.wsgi")
    gc.collect()
    gc.freeze()


def web(address: str) -> None:
    from newsletter.adapters.infra.broker import forget_connections
    from newsletter.web.server import main

    forget_connections()
    main([f"--bind={address}"], standalone_mode=False)


def work(queues: str, *, processes: int) -> None:
    """Work on these queues; the first names the worker."""
    host_names: Any = importlib.import_module("celery.utils.nodenames")
    name = f"{queues.partition(',')[0]}-{os.getppid()}@%h"
    worker = _app("worker.app").Worker(
        hostname=host_names.host_format(name),
        queues=queues,
        concurrency=processes,
        without_gossip=True,
        without_mingle=True,
        **_QUIET,
    )
    worker.start()
    sys.exit(worker.exitcode)


def beat() -> None:
    # The schedule is kept in memory: a killed process can leave no broken file.
    _app("worker.beat").Beat(scheduler_cls="celery.beat:Scheduler", **_QUIET).run()


def _app(module: str) -> Any:
    """Return the Celery app. Its command line would load a shell's completion, 12 MiB of it."""
    from newsletter.adapters.infra.broker import forget_connections

    forget_connections()
    return importlib.import_module(module).app
