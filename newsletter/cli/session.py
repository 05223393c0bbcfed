"""What every command shares: the clock, one-line errors with an exit code, plain or JSON output.

Exit codes:

- 0: done.
- 1: something failed that depends on stored data or the outside: an unknown reader or topic, a slug or
  address that is taken, an unreadable file, a gather or a mail that failed (the rest is done), a database
  that is down.
- 2: bad use, which the command and the settings alone show: an unknown command or option, a
  malformed query, an unknown category, zone, cadence or language, a wrong setting.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from typing import Any, NoReturn, ParamSpec
from unicodedata import category

import click

from newsletter.cli.start import database_failure, start_django
from newsletter.errors import BadInput, ConfigurationError, NewsletterError, NotFound
from newsletter.progress import Progress

__all__ = ["Session", "command", "one_line_errors", "start_django"]

FAILED, BAD_USE = 1, 2
YEARS = range(1991, 2200)
"""From arXiv's first year; far-away dates would overflow when a period is added."""
P = ParamSpec("P")


class Session:
    """One command's clock and output. With ``--json`` only one object goes to stdout."""

    def __init__(self, *, as_json: bool, now: datetime | None) -> None:
        self.as_json = as_json
        self.now = now or datetime.now(UTC)
        """The clock for all that is read, planned and recorded: one instant for the whole command."""

    def say(self, line: str = "") -> None:
        if not self.as_json:
            click.echo(_printable(line))

    def warn(self, line: str) -> None:
        """Print a problem on stderr without ending the command."""
        click.echo(f"newsletter: {_one_line(line)}", err=True)

    def finish(self, result: dict[str, Any], *, failed: bool = False) -> NoReturn:
        if self.as_json:
            click.echo(json.dumps(result, ensure_ascii=False))
        sys.exit(FAILED if failed else 0)

    def tell(self, line: str, *, position: int | None = None) -> None:
        """Print the error that ended the command. ``position``: the 0-based character at fault."""
        if self.as_json:
            where = {} if position is None else {"position": position}
            click.echo(json.dumps({"error": _one_line(line), **where}, ensure_ascii=False))
        self.warn(line)

    def progress(self) -> AbstractContextManager[Progress]:
        """Show how far the work is, on a terminal only."""
        if self.as_json or not sys.stderr.isatty():
            return nullcontext(Progress())
        from newsletter.cli.progress import terminal_progress

        return terminal_progress()


class Moment(click.ParamType[datetime]):
    """An ISO date and time; without a zone it is UTC."""

    name = "ISO"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            self.fail(f"{value!r} is not a time such as 2026-06-19T08:00:00Z", param, ctx)
        if moment.year not in YEARS:
            self.fail(f"{value!r} is not in the years {YEARS[0]} to {YEARS[-1]}", param, ctx)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def command(
    function: Callable[..., None], *, with_any_key: bool = False, migrated: bool = True
) -> Callable[..., None]:
    """Give a callback ``--json``, ``--now`` and a Session; turn errors into one line and an exit code.

    ``with_any_key``: also with a secret key that is not the database's. Unless ``migrated``, also with a
    database that has no tables, or cannot be read.
    """

    @click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else.")
    @click.option(
        "--now",
        type=Moment(),
        default=None,
        help="The clock for all it reads, plans and records, such as 2026-06-19T08:00Z (no zone: UTC).",
    )
    @functools.wraps(function)
    def wrapped(*args: Any, as_json: bool, now: datetime | None, **options: Any) -> None:
        session = Session(as_json=as_json, now=now)
        with one_line_errors(session):
            start_django(migrated=migrated, with_any_key=with_any_key)
            function(session, *args, **options)

    return wrapped


@contextmanager
def one_line_errors(session: Session) -> Iterator[None]:
    """Turn foreseeable errors into one line and an exit code. A defect keeps its traceback."""
    try:
        yield
    except (click.ClickException, click.Abort, click.exceptions.Exit, BrokenPipeError):
        raise  # click handles its own
    except NewsletterError as error:
        session.tell(str(error), position=error.position if isinstance(error, BadInput) else None)
        is_bad_use = isinstance(error, BadInput | ConfigurationError) and not isinstance(error, NotFound)
        sys.exit(BAD_USE if is_bad_use else FAILED)
    except Exception as error:
        if line := _foreseen(error):
            session.tell(line)
            sys.exit(FAILED)
        if session.as_json:
            session.tell(f"{type(error).__name__}: {error}")
        raise


def _foreseen(error: Exception) -> str:
    """Return the line for a file or a database that cannot be used, or "" for anything else."""
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    # Not imported before it is needed: help must not start Django.
    database = sys.modules.get("django.db.utils")
    return database_failure(error) if database and isinstance(error, database.Error) else ""


def _printable(text: str) -> str:
    """Return ``text`` without what a terminal obeys: some of it was typed by readers."""
    return "".join("�" if category(each) == "Cc" and each not in "\n\t" else each for each in text)


def _one_line(text: str) -> str:
    return " ".join(text.split())
