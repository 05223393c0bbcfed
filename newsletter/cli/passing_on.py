"""Django's own commands under this program's name: ``newsletter migrate``, ``shell``, ``createadmin`` …"""

from __future__ import annotations

import difflib
from collections.abc import Collection

import click

from newsletter.cli.session import Session, one_line_errors, start_django
from newsletter.cli.start import say_if_new

OTHER_NAMES = {"createadmin": "createsuperuser"}
"""Ours for Django's."""
NEEDS_TABLES = {"createadmin", "createsuperuser", "changepassword"}


def django_command(name: str, *, ours: Collection[str]) -> click.Command:
    """Return a command that hands everything after its name to Django's of that name.

    When there is none it says which was perhaps meant; ``ours`` are this program's own.
    """

    @click.command(name, context_settings={"ignore_unknown_options": True}, add_help_option=False)
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def passed_on(arguments: tuple[str, ...]) -> None:
        with one_line_errors(Session(as_json="--json" in arguments, now=None)):
            start_django(migrated=name in NEEDS_TABLES and "--help" not in arguments)
            if name == "migrate" and "--help" not in arguments:
                say_if_new()
            _run(name, arguments, ours=ours)

    return passed_on


def _run(name: str, arguments: tuple[str, ...], *, ours: Collection[str]) -> None:
    from django.core.management import ManagementUtility, get_commands

    known = OTHER_NAMES.get(name, name)
    if known not in get_commands():
        close = difflib.get_close_matches(name, [*ours, *OTHER_NAMES, *get_commands()], n=1, cutoff=0.5)
        hint = f": did you mean {close[0]!r}?" if close else ""
        raise click.UsageError(f"No such command {name!r}{hint}", ctx=click.get_current_context().parent)
    # Named as it was called, so that its own help says so too.
    ManagementUtility(["newsletter", name]).fetch_command(known).run_from_argv(
        ["newsletter", name, *arguments]
    )
