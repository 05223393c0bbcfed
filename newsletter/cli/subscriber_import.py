"""``newsletter subscriber import``: lists from elsewhere, of readers and of who must not be mailed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from newsletter.cli.session import Session, command

if TYPE_CHECKING:
    from newsletter.subscribers.csv_files import Fault


@click.command("import")
@click.argument("path", metavar="CSV", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--suppressions", is_flag=True, help="The file lists addresses that must not be mailed.")
@click.option(
    "--every-row",
    is_flag=True,
    help="With --suppressions: all rows are of people who left, whatever their status says.",
)
@click.option("--topics", default="", help="Slugs, separated by commas, for rows without topics.")
@click.option("--consent-source", default="", help="How and when the readers agreed, for rows without it.")
@click.option("--dry-run", is_flag=True, help="Check everything, write nothing.")
@command
def import_file(
    session: Session,
    path: Path,
    suppressions: bool,
    every_row: bool,
    topics: str,
    consent_source: str,
    dry_run: bool,
) -> None:
    """Import readers from a CSV file, or addresses that must not be mailed. No mail is sent.

    Good rows are imported and bad ones listed with their line; the exit code is 1 if there was a bad one.
    Import the suppressions first.

    \b
    Columns of readers, by the names in the first line; the first three must be there:
      email           one address
      topics          slugs (newsletter topic list), separated by ;
      consent_source  how and when this reader agreed, such as "sign-up form of the
                      group's page, 2025-03-02": it is kept as the record of consent
      cadence at timezone language depth max_papers
                      as for subscriber add; an empty cell means the default
      name            what you call this reader, where you do; no mail shows it
    Columns of suppressions: email, and where known reason and date; or addresses
    alone, without a first line of names.

    \b
    email,topics,consent_source
    ada@example.org,talking-heads;language-agents,"lab list, asked on 2025-03-02"

    Exports of Mailchimp, Substack, Buttondown, Ghost and listmonk are read as they are, as readers (with
    --topics and --consent-source; who left there is suppressed, who never confirmed is passed over) and as
    suppressions, and so are SendGrid's suppressions.
    """
    if suppressions:
        if topics or consent_source:
            raise click.UsageError("--topics and --consent-source are for readers, not for --suppressions")
        _import_suppressions(session, path, every_row=every_row, dry_run=dry_run)
    elif every_row:
        raise click.UsageError("--every-row goes with --suppressions")
    else:
        slugs = [slug.strip() for slug in topics.split(",") if slug.strip()]
        _import_subscribers(session, path, topics=slugs, consent_source=consent_source, dry_run=dry_run)


def _import_subscribers(
    session: Session, path: Path, *, topics: Sequence[str], consent_source: str, dry_run: bool
) -> None:
    from newsletter.subscribers.import_subscribers import import_subscribers

    with session.progress() as progress:
        done = import_subscribers(
            path,
            now=session.now,
            topics=topics,
            consent_source=consent_source,
            dry_run=dry_run,
            progress=progress,
        )
    if done.caution:
        session.warn(done.caution)
    if not done.has_suppressions:
        session.warn(
            "nobody is known yet who must not be mailed. Import your old list's suppressions first:"
            " newsletter subscriber import --suppressions CSV"
        )
    session.say(f"{'Would import' if dry_run else 'Imported'} {_count(done.imported, 'reader')}.")
    if done.left:
        left = _count(done.left, "address", "addresses")
        session.say(f"Left there{', would be' if dry_run else ', and'} suppressed here: {left}.")
    if done.unsubscribed:
        session.say(f"Readers of this service whom that unsubscribes: {done.unsubscribed:,}.")
    if done.pending:
        session.say(f"Never confirmed there, and passed over: {_count(done.pending, 'row')}.")
    counts = {name: getattr(done, name) for name in ("imported", "left", "unsubscribed", "pending")}
    _finish_import(session, counts, faults=done.faults, dry_run=dry_run)


def _import_suppressions(session: Session, path: Path, *, every_row: bool, dry_run: bool) -> None:
    from newsletter.subscribers.import_suppressions import import_suppressions

    with session.progress() as progress:
        done = import_suppressions(
            path, now=session.now, every_row=every_row, dry_run=dry_run, progress=progress
        )
    session.say(
        f"{'Would suppress' if dry_run else 'Suppressed'} {_count(done.added, 'address', 'addresses')}."
    )
    session.say(
        f"Known before: {done.known:,}. Active or unconfirmed there, and left alone: {done.active:,}."
    )
    session.say(f"Readers of this service whom it unsubscribes: {done.unsubscribed:,}.")
    counts = {name: getattr(done, name) for name in ("added", "known", "active", "unsubscribed")}
    _finish_import(session, counts, faults=done.faults, dry_run=dry_run)


def _finish_import(
    session: Session, counts: dict[str, int], *, faults: Sequence[Fault], dry_run: bool
) -> None:
    for fault in faults:
        session.say(f"  line {fault.line}: {fault.reason}")
    if faults:
        session.say(f"Not taken, or not whole: {_count(len(faults), 'row')}.")
    refused = [{"line": fault.line, "reason": fault.reason} for fault in faults]
    session.finish({**counts, "refused": refused, "dry_run": dry_run}, failed=bool(faults))


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
