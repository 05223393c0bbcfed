"""``newsletter backup``: database, secret keys and figures, as they are at one instant."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from newsletter.audience.departures import departure_log
from newsletter.audience.keys import configured_keys
from newsletter.audience.suppression import ensure_own_key
from newsletter.backup.archive import Manifest, Position, write_archive
from newsletter.backup.databases import dump
from newsletter.config.private_files import make_private_folder, write_private_files
from newsletter.errors import NewsletterError

KEYS, FIGURES = "secret_keys", "figures"


def back_up(path: Path, *, passphrase: str = "") -> Manifest:
    """Write an archive, which appears whole or not at all; return what it holds.

    The place in the departure log is taken before the database is read: who leaves meanwhile is in one of
    them.
    """
    ensure_own_key()  # the log's hashes are made with it: a back-up without it could not read them
    made_at = timezone.now()
    try:
        log = departure_log().begun()
    except OSError as error:
        raise NewsletterError(f"the log of who left cannot be written: {error}") from error
    if log is None:
        raise NewsletterError("the log of who left (departures.log) cannot be read: move it away")
    with staging() as folder:
        (folder / KEYS).write_text("\n".join(configured_keys()), encoding="utf-8")
        _link_figures(folder / FIGURES)
        manifest = Manifest(
            version=version("arxiv-newsletter"),
            made_at=made_at,
            departures=Position(id=log.id, lines=log.lines),
            **dump(folder),
        )
        return write_archive(path, folder, manifest, passphrase=passphrase)


@contextmanager
def staging() -> Iterator[Path]:
    """Yield a folder inside the data folder, removed afterwards: nothing lies open elsewhere meanwhile."""
    data = settings.CONFIG.data_dir.absolute()
    write_private_files()
    make_private_folder(data)
    folder = Path(tempfile.mkdtemp(prefix=".backup-", dir=data))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _link_figures(into: Path) -> None:
    """Take figures along by hard links, where there can be any: one that goes meanwhile is still there."""
    into.mkdir()
    source = settings.CONFIG.figure_folder
    for path in source.iterdir() if source.is_dir() else ():
        if path.is_file() and not path.name.startswith("."):
            try:
                os.link(path, into / path.name)
            except FileNotFoundError:
                continue
            except OSError:
                shutil.copy2(path, into / path.name)
