"""Django's own commands that are offered: ``newsletter migrate``, ``shell``, ``createadmin`` …

Others are not: ``test`` and ``flush`` make no sense here, and ``sendtestemail`` would bypass queue, rate
limits and suppressions.
"""

from __future__ import annotations

import click

from newsletter.cli.session import Session, one_line_errors, start_django
from newsletter.cli.start import say_if_new

COMMANDS = {
    "migrate": "Bring the database's tables up to date.",
    "showmigrations": "List what was and was not done to the tables.",
    "createadmin": "Add a user of /admin/.",
    "changepassword": "Give a user of /admin/ another password.",
    "axes_reset": "Unlock the login of /admin/ after too many failures.",
    "collectstatic": "Gather the static files in one folder.",
    "shell": "A Python prompt with the service's models.",
    "dbshell": "The database's own prompt.",
    "check": "Look for mistakes in Django's settings.",
    "makemigrations": "For contributors: write a migration.",
    "makemessages": "For contributors: gather texts to translate.",
    "compilemessages": "For contributors: compile translations.",
}
OTHER_NAMES = {"createadmin": "createsuperuser"}
"""Ours for Django's."""
NEEDS_TABLES = {"createadmin", "changepassword", "axes_reset"}
OPTIONS = "--django-options"
"""Asks for Django's own help, which takes a started Django: ``--help`` must not."""
HELP = {
    "createadmin": """\
Add a user of /admin/ who may do everything there. Asks for what is not given, and for a password of at
least 12 characters.

\b
--username NAME   The name to log in with.
--email ADDRESS   Kept with the user; nothing is sent to it. May be empty.
--no-input        Ask nothing. The password is then that of DJANGO_SUPERUSER_PASSWORD.

\b
newsletter createadmin --username ada --email ""
Another password: newsletter changepassword ada. Rights for others: /admin/, Raw records, Users.""",
    "changepassword": "Give a user of /admin/ another password, of at least 12 characters, asked twice.",
    "axes_reset": "Forget failed logins: names and addresses locked out of /admin/ may log in again.",
}
"""Of the commands that operators use; the others have a line, and Django's options."""


def django_command(name: str) -> click.Command:
    """Return a command that passes all its arguments but ``--help`` to Django's command of that name."""
    options = f"It takes Django's options: newsletter {name} {OPTIONS} lists them."

    @click.command(
        name,
        context_settings={"ignore_unknown_options": True},
        help=f"{HELP.get(name, COMMANDS[name])}\n\n{options}",
    )
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGUMENTS]…")
    def passed_on(arguments: tuple[str, ...]) -> None:
        asks = OPTIONS in arguments
        with one_line_errors(Session(as_json="--json" in arguments, now=None)):
            start_django(migrated=name in NEEDS_TABLES and not asks)
            if name == "migrate" and not asks:
                say_if_new()
            _run(name, ("--help",) if asks else arguments)

    return passed_on


def _run(name: str, arguments: tuple[str, ...]) -> None:
    from django.core.management import ManagementUtility

    # Under the name it was called by, so that its help shows that too.
    command = ManagementUtility(["newsletter", name]).fetch_command(OTHER_NAMES.get(name, name))
    command.run_from_argv(["newsletter", name, *arguments])
