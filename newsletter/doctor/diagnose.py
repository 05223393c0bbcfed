"""Every check, in the order in which it is said. What is outside is asked by threads, with time-outs."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from django.conf import settings
from django.db import connection
from django.utils import timezone

from newsletter.adapters.infra.dns import Dns, DnsError
from newsletter.config import Config
from newsletter.doctor import installation, mail, outside, work
from newsletter.doctor.finding import Finding, look
from newsletter.models.tables import are_current

log = logging.getLogger(__name__)
Check = tuple[str, Callable[[], Iterator[Finding]]]
THREADS = 10


def diagnose(
    config: Config, *, now: datetime, dns: Dns | None = None, is_offline: bool = False
) -> Iterator[Finding]:
    """Yield what is found, part by part. ``is_offline``: nothing beyond this machine is asked."""
    with ThreadPoolExecutor(THREADS) as pool:
        # These need no database, so they may run at the same time as the rest.
        asked = (
            []
            if is_offline
            else [(name, pool.submit(_found, name, check)) for name, check in _outside(config, dns or Dns())]
        )
        for name, check in _here(now=now, is_offline=is_offline):
            yield from _found(name, check)
        for _, future in asked:
            yield from future.result()


def _here(*, now: datetime, is_offline: bool) -> Iterator[Check]:
    config = settings.CONFIG
    if (path := installation.named_env_file(os.environ)) is not None:
        yield "env-file", lambda: installation.env_file(path)
    yield "identity", lambda: installation.identity(config)
    yield "data-folder", lambda: installation.data_folder(settings.DATA_DIR)
    yield "disk", lambda: installation.disk(settings.DATA_DIR)
    yield "database", installation.database
    if _tables_are_there():
        yield "secret-key", installation.secret_key
        yield "clock", installation.database_clock
        yield "contents", lambda: work.contents(now=now)
        yield "health", lambda: work.health(now=now)
        if not is_offline:
            yield "arxiv", lambda: outside.arxiv(config, now=timezone.now)
            yield "model", lambda: outside.model(config)
    yield "workers", work.workers
    yield "webhook", lambda: outside.webhook(config)


def _outside(config: Config, dns: Dns) -> list[Check]:
    return [
        ("mailer", lambda: mail.login(config)),
        *mail.sender_checks(config, dns),
        ("site", lambda: outside.site(config)),
    ]


def _found(name: str, check: Callable[[], Iterator[Finding]]) -> list[Finding]:
    """Return what a check finds. One that breaks off is a finding too: the others go on."""
    try:
        return list(check())
    except DnsError as error:
        return [mail.unknown(name, error)]
    except Exception as error:  # what is broken may break its own check
        log.debug("the check %s broke off", name, exc_info=True)
        said = " ".join(str(error).split())[:160]
        return [
            look(name, f"Could not be checked: {type(error).__name__}: {said}", why="Nothing is known of it.")
        ]


def _tables_are_there() -> bool:
    try:
        return "newsletter_subscriber" in connection.introspection.table_names() and are_current()
    except Exception:  # said by the check of the database
        return False
