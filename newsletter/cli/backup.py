"""``newsletter backup`` and ``newsletter restore``."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.folder_lock import only_service_in
from newsletter.cli.session import Session, command
from newsletter.errors import BadInput, NewsletterError

if TYPE_CHECKING:
    from newsletter.backup.restore import Restored

A_FILE = click.Path(dir_okay=False, path_type=Path)
passphrase_file = click.option(
    "--passphrase-file", type=A_FILE, metavar="PATH", help="The passphrase is the first line of this file."
)


@click.command()
@click.argument("file", type=A_FILE)
@click.option("--encrypt", is_flag=True, help="Ask for a passphrase, without which nobody can read it.")
@passphrase_file
@command
def backup(session: Session, file: Path, encrypt: bool, passphrase_file: Path | None) -> None:
    """Write database, secret keys and figures into FILE, checked. The service may go on running.

    Settings (.env) are not in it. FILE holds addresses and working links: keep it private, or encrypt it.

    \b
    newsletter backup ~/backup/$(date +%F).newsletter --passphrase-file ~/.newsletter-passphrase
    """
    from newsletter.backup.make import back_up

    passphrase = _read_passphrase(passphrase_file) if passphrase_file else ""
    if encrypt and not passphrase:
        passphrase = click.prompt("Passphrase", hide_input=True, confirmation_prompt=True, err=True)
    with session.progress() as progress:
        progress.stage("backing up")
        manifest = back_up(file, passphrase=passphrase)
    rows, size = sum(manifest.rows.values()), file.stat().st_size
    readers = manifest.rows.get("newsletter_subscriber", 0)
    session.say(
        f"{file}: {rows:,} rows ({readers:,} readers), {len(manifest.files):,} files, {size:,} bytes"
        f"{', encrypted' if passphrase else ''}; read back and checked"
    )
    if not passphrase:
        session.say("Whoever can read it has every address and link in it: keep it private.")
    session.finish(manifest.model_dump(mode="json") | {"file": str(file), "bytes": size})


@click.command()
@click.argument("file", type=A_FILE)
@click.option("--replace", is_flag=True, help="Also where the database is not empty: what is there is lost.")
@click.option(
    "--keys-to", type=A_FILE, metavar="PATH", help="Only write the back-up's secret keys to a new file."
)
@passphrase_file
@partial(command, migrated=False)
def restore(
    session: Session, file: Path, replace: bool, keys_to: Path | None, passphrase_file: Path | None
) -> None:
    """Put the back-up in FILE in place. Stop the service first; it starts paused afterwards.

    Who left after the back-up was made has left, as far as the data folder's departures.log tells. What was
    waiting in it and may have gone since is not sent again. newsletter resume sends again.

    \b
    newsletter restore ~/backup/2026-06-14.newsletter
    newsletter resume
    """
    from django.conf import settings

    from newsletter.backup.restore import extract_keys
    from newsletter.backup.restore import restore as put_back

    def passphrase() -> str:
        if passphrase_file:
            return _read_passphrase(passphrase_file)
        if not sys.stdin.isatty():
            raise BadInput(f"{file} is encrypted: give its passphrase with --passphrase-file PATH")
        return str(click.prompt("Passphrase", hide_input=True, err=True))

    if keys_to:
        number = extract_keys(file, into=keys_to, passphrase_for=passphrase)
        session.say(f"{keys_to} holds {number} secret key{'' if number == 1 else 's'}")
        session.finish({"keys": number})
    with only_service_in(settings.CONFIG.data_dir.absolute()), session.progress() as progress:
        progress.stage("restoring")
        restored = put_back(file, now=session.now, replace=replace, passphrase_for=passphrase)
    _say(session, restored)
    session.finish(_as_json(restored))


def _say(session: Session, restored: Restored) -> None:
    from django.conf import settings

    since, made_at = restored.since, restored.manifest.made_at
    rows = sum(restored.manifest.rows.values())
    session.say(f"restored    {rows:,} rows, as of {made_at:%Y-%m-%d %H:%M} UTC")
    session.say(
        f"left since  {since.left} readers, {since.erased} erased, {since.topics_left} topics"
        + (
            ""
            if since.knows_who_left
            else "; THE LOG IS MISSING or does not reach back: others are not known"
        )
    )
    session.say(f"waiting     {since.accepted} had been accepted, {since.refused} refused for good")
    session.say(f"held        {since.held} may have gone since: newsletter deliveries --state AMBIGUOUS")
    session.say(
        f"slots       {since.moved_on} readers' slots have passed; their papers come with the next digest"
    )
    missed = (session.now - made_at).days
    if missed >= (usual := settings.CONFIG.arxiv_lookback_days):
        session.say(
            f"papers      of {missed} days are missing, and a gather looks back {usual}: "
            f"NEWSLETTER_ARXIV_LOOKBACK_DAYS={missed + 1} newsletter gather"
        )
    session.say("Sending is paused. Look around, start the service, then:")
    if since.knows_who_left:
        session.say("  newsletter resume")
    else:
        session.say(
            "  newsletter subscriber import --suppressions FILE    who has left, as your provider lists them"
        )
        session.say("  newsletter resume --without-log")


def _as_json(restored: Restored) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(restored.since) | {
        "made_at": restored.manifest.made_at.isoformat(),
        "rows": restored.manifest.rows,
        "paused": True,
    }


def _read_passphrase(path: Path) -> str:
    found = path.read_text(encoding="utf-8").splitlines()
    if not found or not found[0]:
        raise NewsletterError(f"{path} is empty: its first line must be the passphrase")
    return found[0]
