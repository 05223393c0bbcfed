"""``newsletter restore``: put a back-up in place, paused, and tell it what happened since.

Everything is checked before anything is changed. The database changes as a whole, and last.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils import timezone

from newsletter.backup.archive import Manifest, PassphraseFor, read_archive
from newsletter.backup.databases import holds_anything, loaded, unknown_migrations
from newsletter.backup.make import FIGURES, KEYS, staging
from newsletter.backup.since import Since, accepted_here, bring_up_to_date
from newsletter.config.private_files import make_private_folder, write_whole
from newsletter.errors import ConfigurationError, NewsletterError


@dataclass(frozen=True, slots=True)
class Restored:
    manifest: Manifest
    since: Since


def restore(path: Path, *, now: datetime, replace: bool = False, passphrase_for: PassphraseFor) -> Restored:
    """Restore an archive. Nobody else may work with the database meanwhile.

    Raises NewsletterError, and nothing is changed, for a file that is no whole archive of ours, is of a newer
    version or of another kind of database, for another secret key, and for a database in use or, unless
    ``replace``, with anything in it.
    """
    with staging() as folder:
        manifest = read_archive(path, into=folder, passphrase_for=passphrase_for)
        _check(manifest, path, replace=replace)
        keys = (folder / KEYS).read_text(encoding="utf-8").splitlines()
        _check_keys(keys)
        accepted = accepted_here(manifest)
        with loaded(folder, manifest):
            since = bring_up_to_date(manifest, accepted=accepted, now=now, real_now=timezone.now())
            _put_figures(folder / FIGURES)
            _put_key(keys[0])
    return Restored(manifest, since)


def extract_keys(path: Path, *, into: Path, passphrase_for: PassphraseFor) -> int:
    """Write the secret keys of an archive to a new file; return how many."""
    with staging() as folder:
        read_archive(path, into=folder, passphrase_for=passphrase_for)
        keys = (folder / KEYS).read_text(encoding="utf-8").splitlines()
    try:
        with into.open("x", encoding="utf-8") as file:
            file.write(",".join(keys) + "\n")
    except FileExistsError:
        raise NewsletterError(f"{into} exists already: name another file") from None
    return len(keys)


def _check(manifest: Manifest, path: Path, *, replace: bool) -> None:
    if unknown := unknown_migrations(manifest):
        raise NewsletterError(
            f"{path} was made by a newer version ({manifest.version}; {'.'.join(unknown[0])} is not known "
            "here): upgrade, then restore it"
        )
    if manifest.database != connection.vendor:
        raise NewsletterError(
            f"{path} holds a database of {manifest.database}, and the settings name one of "
            f"{connection.vendor}: restore it where they name the same kind"
        )
    if not replace and holds_anything():
        raise NewsletterError(
            "the database is not empty, or cannot be read: --replace puts the back-up in its place "
            "(newsletter backup keeps what is there now)"
        )
    if connection.vendor == "postgresql" and (others := _others_connected()):
        raise NewsletterError(
            f"{others} other connection{'' if others == 1 else 's'} to the database: stop the service first "
            "(docker compose stop)"
        )


def _others_connected() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        return int(cursor.fetchone()[0])


def _check_keys(keys: list[str]) -> None:
    """The settings' key must be the back-up's; one that is kept in the data folder is put back."""
    given = settings.CONFIG.secret_key
    configured = [key.strip() for key in given.split(",")]
    if not keys or (given and keys[0] not in configured) or (not given and len(keys) > 1):
        raise ConfigurationError(
            "NEWSLETTER_SECRET_KEY does not hold this back-up's key: put that one behind the present one, "
            "after a comma (newsletter restore FILE --keys-to keys.txt writes it into a file), then restore"
        )


def _put_key(key: str) -> None:
    """Keep the key where the service without NEWSLETTER_SECRET_KEY has it; another one there is put aside."""
    if settings.CONFIG.secret_key:
        return
    path = settings.CONFIG.data_dir.absolute() / "secret_key"
    if path.exists():
        if path.read_text(encoding="utf-8").strip() == key:
            return
        path.replace(path.with_name("secret_key.before-restore"))
    write_whole(path, key.encode())


def _put_figures(folder: Path) -> None:
    """Add those that are missing: their names are their contents' hashes."""
    into = settings.CONFIG.figure_folder
    for path in folder.iterdir() if folder.is_dir() else ():
        make_private_folder(into)
        if not (into / path.name).exists():
            path.replace(into / path.name)
