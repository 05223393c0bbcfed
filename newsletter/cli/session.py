"""What every command shares: start Django, the clock, one-line errors, plain or JSON output."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NoReturn, ParamSpec

import click

from newsletter.errors import BadInput, ConfigurationError, NewsletterError

FAILED, BAD_USE = 1, 2
P = ParamSpec("P")


class Session:
    """One command's clock and voice. With ``--json`` only ``finish`` speaks, once, on stdout."""

    def __init__(self, *, as_json: bool, now: datetime | None) -> None:
        self.as_json = as_json
        self._now = now

    @property
    def now(self) -> datetime:
        """The clock for all that is read, planned and recorded."""
        return self._now or datetime.now(UTC)

    def say(self, line: str = "") -> None:
        if not self.as_json:
            click.echo(line)

    def finish(self, result: dict[str, Any], *, failed: bool = False) -> NoReturn:
        if self.as_json:
            click.echo(json.dumps(result, ensure_ascii=False))
        sys.exit(FAILED if failed else 0)

    @contextmanager
    def progress(self, title: str) -> Iterator[Callable[[str], None]]:
        """Show a spinner with what is being done, on a terminal only; yields a setter of its words."""
        if self.as_json or not sys.stderr.isatty():
            yield lambda _: None
            return
        from rich.console import Console

        with Console(stderr=True).status(title) as status:
            yield lambda words: status.update(words)


class Moment(click.ParamType[datetime]):
    """An ISO date and time; without a zone it is UTC."""

    name = "ISO"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a time such as 2026-06-19T08:00:00Z", param, ctx)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Give a callback ``--json``, ``--now`` and a Session; turn errors into one line and an exit code."""

    @click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else.")
    @click.option("--now", type=Moment(), default=None, help="The clock for all it reads, plans and records.")
    @functools.wraps(function)
    def wrapped(*args: Any, as_json: bool, now: datetime | None, **options: Any) -> None:
        session = Session(as_json=as_json, now=now)
        with one_line_errors(session):
            start_django()
            function(session, *args, **options)

    return wrapped


@contextmanager
def one_line_errors(session: Session) -> Iterator[None]:
    try:
        yield
    except NewsletterError as error:
        if session.as_json:
            click.echo(json.dumps({"error": str(error)}, ensure_ascii=False))
        click.echo(f"newsletter: {error}", err=True)
        sys.exit(BAD_USE if isinstance(error, BadInput | ConfigurationError) else FAILED)


def start_django(*, migrated: bool = True) -> None:
    """Check the settings, start Django and make sure the tables are there."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsletter.settings")
    import django

    django.setup()
    if migrated:
        _ensure_migrated()


def _ensure_migrated() -> None:
    """Bring an embedded database up to date; of a shared one only say what to do."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor
    from django.db.utils import OperationalError

    try:
        executor = MigrationExecutor(connection)
        is_current = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    except OperationalError as error:
        raise ConfigurationError(
            f"the database does not answer: {str(error).strip().splitlines()[0]}"
        ) from None
    if is_current:
        return
    if settings.CONFIG.database_url:
        raise ConfigurationError("the database is not up to date: run newsletter migrate")
    call_command("migrate", verbosity=0)


def django_command(name: str, arguments: tuple[str, ...]) -> None:
    """Run one of Django's own commands."""
    with one_line_errors(Session(as_json=False, now=None)):
        start_django(migrated=False)
        from django.core.management import execute_from_command_line

        execute_from_command_line(["newsletter", name, *arguments])
