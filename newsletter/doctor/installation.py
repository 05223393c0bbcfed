"""What the service stands on: settings, data folder, disk, database, secret key."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from newsletter.adapters.infra.database_errors import database_failure
from newsletter.audience.keys import check_secret_key
from newsletter.config import Config
from newsletter.config.values import is_local_domain
from newsletter.doctor.finding import Finding, fine, look, mend, sentence
from newsletter.errors import ConfigurationError

LEAST_FREE = 200 * 1024**2
LITTLE_FREE = 1024**3
"""Bytes: a day's figures, mails in the outbox and the database's log take some hundred MB."""
DATABASE = "DATABASE_URL=postgresql://user:password@host:5432/name"
RESTORE = "newsletter restore BACKUP"
MOST_SKEW = 60.0
"""Seconds between two clocks."""


def env_file(path: Path) -> Iterator[Finding]:
    """Look at who may read the file of settings: it holds secrets."""
    if not path.is_file():
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        yield look(
            "env-file",
            f"{path} can be read by other users of this machine (mode {mode:03o}).",
            why="It holds passwords and keys.",
            type=f"chmod 600 {path}",
        )
    else:
        yield fine("env-file", f"{path} is read by its owner only.")


def identity(config: Config) -> Iterator[Finding]:
    """Look at what readers and the law ask of a sender."""
    if not config.postal_address:
        yield look(
            "postal-address",
            "No postal address is set.",
            why="Many countries' law wants one in every newsletter, and the privacy page has a gap for it.",
            type="NEWSLETTER_POSTAL_ADDRESS=Example Lab, 1 Main Street, 12345 Town, Country",
        )
    if not config.operator_email:
        yield look(
            "operator",
            "Nobody is told when something goes wrong.",
            why="Alerts go to the operator's address, and the daily proof that leaving works needs one.",
            type="NEWSLETTER_OPERATOR_EMAIL=you@example.org",
        )
    if is_local_domain(config.sender_domain) or config.sender_domain.endswith("example.org"):
        yield look(
            "sender",
            f"Mails come from {config.sender}.",
            why="No other mail server takes mail from there. It is good enough for a trial on this machine.",
            type="NEWSLETTER_FROM=Our digest <digest@YOUR-DOMAIN>",
        )
    else:
        yield fine("sender", f"Mails come from {config.sender}.")


def data_folder(folder: Path) -> Iterator[Finding]:
    """Look at whether the service's own folder can be written, and by whom else it can be read."""
    me = os.getuid()
    if not folder.exists() and os.access(_nearest(folder), os.W_OK):
        yield look(
            "data-folder",
            f"{folder} is not there yet: the first start makes it.",
            why="If it was there before, what it held is gone; without DATABASE_URL that is everything.",
            type=f"install -d -m 700 {folder}",
        )
        return
    try:
        owner = folder.stat().st_uid
        mode = stat.S_IMODE(folder.stat().st_mode)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"doctor")
            file.flush()
    except OSError as error:
        yield mend(
            "data-folder",
            f"{folder} cannot be written: {error.strerror}.",
            why="Database, outbox, figures and the journal of what is being sent are kept there.",
            type=(f"sudo install -d -m 700 -o $(id -un) {folder}", f"chmod u+rwx {folder}"),
        )
        return
    if mode & 0o077 or owner != me:
        whose = "" if owner == me else f" and belongs to the user {owner}"
        yield look(
            "data-folder",
            f"{folder} is open to other users (mode {mode:03o}){whose}.",
            why="It holds addresses, mails and links that open readers' pages.",
            type=f"chmod 700 {folder}",
        )
        return
    yield fine("data-folder", f"{folder} can be written, by its owner only.")


def disk(folder: Path, *, free: int | None = None) -> Iterator[Finding]:
    """``free``: bytes, instead of those of the disk."""
    free = shutil.disk_usage(_nearest(folder)).free if free is None else free
    words = f"{free / 1024**3:.1f} GB are free for {folder}."
    if free < LITTLE_FREE:
        say = mend if free < LEAST_FREE else look
        yield say(
            "disk",
            words,
            why="On a full disk nothing is sent: what cannot be written down is not begun.",
            type=f"du -xh --max-depth=2 {folder} | sort -h | tail",
        )
    else:
        yield fine("disk", words)


def _nearest(folder: Path) -> Path:
    """Return the folder, or the first above it that exists."""
    return next((each for each in (folder, *folder.parents) if each.exists()), folder)


def database() -> Iterator[Finding]:
    """Look at whether it answers, and whether its tables are those of this version."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        executor = MigrationExecutor(connection)
    except DatabaseError as error:
        yield mend(
            "database",
            sentence(database_failure(error)),
            why="Everything is kept there; nothing works without it.",
            type=DATABASE if settings.CONFIG.database_url else RESTORE,
        )
        return
    yield fine("database", f"{connection.display_name} answers.")
    yield from _migrations(executor)


def _migrations(executor: MigrationExecutor) -> Iterator[Finding]:
    unknown = {name for app, name in executor.loader.applied_migrations if app == "newsletter"} - {
        name for app, name in executor.loader.disk_migrations if app == "newsletter"
    }
    if unknown:
        yield mend(
            "migrations",
            f"The database was last used by a newer version: it has {sorted(unknown)[-1]}.",
            why="An older version would write what the newer one does not expect.",
            type="git pull && make",
        )
    elif plan := executor.migration_plan(executor.loader.graph.leaf_nodes()):
        say = mend if settings.CONFIG.database_url else look
        yield say(
            "migrations",
            f"The tables are {len(plan)} migration{'' if len(plan) == 1 else 's'} behind this version.",
            why="Neither web nor workers start like this. With SQLite the next command mends it by itself.",
            type="newsletter migrate",
        )
    else:
        yield fine("migrations", "The tables are those of this version.")


def secret_key() -> Iterator[Finding]:
    """Look at whether links in mails already sent are made with the key of the settings."""
    try:
        check_secret_key()
    except ConfigurationError as error:
        yield mend(
            "secret-key",
            sentence(error),
            why="Links in mails already sent would be dead, unsubscribe links too, so nothing starts.",
            type="newsletter key accept",
        )
    except DatabaseError:
        return
    else:
        yield fine("secret-key", "The secret key is the one that this database is used with.")


def database_clock() -> Iterator[Finding]:
    """Compare the clocks of this machine and of a database on another."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        [there] = cursor.fetchone()
    yield clock((there - datetime.now(UTC)).total_seconds(), whose="the database's")


def clock(ahead: float, *, whose: str) -> Finding:
    """``ahead``: by how many seconds the other clock is ahead of this machine's."""
    if abs(ahead) <= MOST_SKEW:
        return fine("clock", f"This machine's clock and {whose} agree.")
    return mend(
        "clock",
        f"This machine's clock is {abs(ahead):.0f} seconds {'behind' if ahead > 0 else 'ahead of'} {whose}.",
        why="Slots, leases and links that expire go by the clock; signed reports are refused.",
        type="sudo timedatectl set-ntp true",
    )


def named_env_file(environ: Mapping[str, str]) -> Path | None:
    """Return the file of settings in use; None where that cannot be told."""
    from newsletter.config.locations import env_file as find

    try:
        return find(environ)
    except ConfigurationError:
        return None
