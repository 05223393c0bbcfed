"""Start Django for a command: check settings and tables, and report database errors in one line."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import click

from newsletter.adapters.infra.database_errors import database_failure, first_line
from newsletter.config.locations import ENV_FILE, only_here
from newsletter.errors import ConfigurationError, NewsletterError

__all__ = ["database_failure", "say_if_new", "start_django"]


def start_django(*, migrated: bool = True, with_any_key: bool = False) -> None:
    """Check the settings, start Django and, if ``migrated``, make sure that the tables exist.

    Then check the secret key against the database's, unless ``with_any_key``. Raises ConfigurationError for a
    setting; errors of the database are Django's DatabaseError.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "newsletter.settings")
    import django
    from django.apps import apps
    from django.core.exceptions import ImproperlyConfigured

    try:
        if not apps.ready:
            django.setup()
    except ImproperlyConfigured as error:
        advice = ": install this package with its extra 'postgres'" if "psycopg" in str(error) else ""
        raise ConfigurationError(f"the settings cannot be used: {first_line(error)}{advice}") from error
    if migrated:
        _ensure_migrated()
        _say_where()
        if not with_any_key:
            from newsletter.audience.keys import check_secret_key

            check_secret_key()


def say_if_new() -> None:
    """Say where a new data folder was made: a command in the wrong place would make one too."""
    from django.conf import settings
    from django.db import connection
    from django.db.migrations.recorder import MigrationRecorder

    if not MigrationRecorder(connection).applied_migrations():
        where = "the database of DATABASE_URL" if settings.CONFIG.database_url else settings.DATA_DIR
        _say(f"a new service begins in {where}: there was none yet")


def _say_where() -> None:
    """Say which files are in use only because of the current folder."""
    from django.conf import settings

    config = settings.CONFIG
    default = None if "data_dir" in config.model_fields_set else settings.DATA_DIR
    if found := only_here(os.environ, data=default):
        _say(
            f"using {' and '.join(map(str, found))} because the current folder is {Path.cwd()}: to have that "
            f"from any folder, name it with NEWSLETTER_DATA_DIR (a file of settings: {ENV_FILE})"
        )


def _say(line: str) -> None:
    click.echo(f"newsletter: {line}", err=True)


def _ensure_migrated() -> None:
    """Migrate an embedded database; for a shared one say what to do."""
    from django.conf import settings

    from newsletter.models.tables import are_current, bring_up_to_date

    if are_current():
        return
    if settings.CONFIG.database_url:
        raise NewsletterError("the database's tables are not up to date: run newsletter migrate")
    # Two commands may start at once: the second waits and finds the tables made.
    with (settings.DATA_DIR / "migrate.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not are_current():
            say_if_new()
            bring_up_to_date()
