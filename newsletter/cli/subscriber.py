"""``newsletter subscriber``: who reads what, and when."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from newsletter.cli.session import Session, command

if TYPE_CHECKING:
    from newsletter.subscriptions.sheets import Fault

CADENCES = "daily, weekdays, weekly:mon,thu, biweekly:mon, monthly:1 to monthly:28, or monthly:last."


@click.group(short_help="Add, show, import, export and erase readers.")
def subscriber() -> None:
    """Add, show, import, export and erase readers."""


@subscriber.command("add")
@click.argument("email")
@click.option("--topics", required=True, help="Slugs, separated by commas, in the reader's order.")
@click.option("--cadence", default="weekly:mon", show_default=True, help=CADENCES)
@click.option("--at", default="08:00", show_default=True, help="Local time, HH:MM.")
@click.option("--timezone", default="UTC", show_default=True, help="An IANA name such as Europe/Berlin.")
@click.option(
    "--language",
    default="en",
    show_default=True,
    help="en, zh-hans (zh, zh-CN), or one of NEWSLETTER_LANGUAGES.",
)
@click.option("--depth", default="takeaways", show_default=True, help="headline, takeaways or reading.")
@click.option("--max-papers", type=int, default=10, show_default=True, help="1 to 50 a digest.")
@command
def add(session: Session, email: str, topics: str, **wishes: str | int) -> None:
    """Add a reader whose consent you vouch for. No mail is sent.

    \b
    newsletter subscriber add reader@example.org --topics talking-heads,graphs \\
        --cadence weekly:mon,thu --at 07:30 --timezone Europe/Berlin --max-papers 8
    """
    from newsletter.subscriptions.joining import add_by_operator
    from newsletter.subscriptions.records import describe
    from newsletter.subscriptions.wishes import Wishes

    slugs = [slug.strip() for slug in topics.split(",") if slug.strip()]
    reader = add_by_operator(
        email,
        topics=slugs,
        wishes=Wishes.checked(**wishes),  # type: ignore[arg-type]  # click passes each option with its type
        source="newsletter subscriber add",
        now=session.now,
    )
    session.say(f"Added {reader.email}; the first digest is due {reader.next_slot_at:%Y-%m-%d %H:%M} UTC.")
    session.finish(describe(reader, now=session.now))


@subscriber.command("list")
@command
def list_readers(session: Session) -> None:
    """List readers with status and next slot."""
    from newsletter.models import Subscriber

    rows = []
    for reader in Subscriber.objects.order_by("email_key").iterator():
        status, due = reader.shown_status(now=session.now), reader.next_slot_at
        session.say(f"{reader.email}  {status}  {reader.cadence}  {f'{due:%Y-%m-%d %H:%M}' if due else '-'}")
        rows.append(
            {"email": reader.email, "status": status, "next_slot_at": due.isoformat() if due else None}
        )
    if not rows:
        session.say("No readers yet: newsletter subscriber add EMAIL --topics a,b")
    session.finish({"subscribers": rows})


@subscriber.command("show")
@click.argument("email")
@command
def show(session: Session, email: str) -> None:
    """Show all that is known of a reader."""
    from newsletter.subscriptions.records import describe, find_reader

    known = describe(find_reader(email), now=session.now)
    session.say(f"{known['email']}  {known['status']}")
    session.say(
        f"  {known['cadence']} at {known['at']} {known['timezone']}, next {known['next_slot_at'] or '-'}"
    )
    session.say(f"  {known['language']}, {known['depth']}, at most {known['max_papers']} papers")
    for each in known["subscriptions"]:
        session.say(f"  topic {each['topic']} ({each['cadence']})")
    for each in known["deliveries"]:
        session.say(f"  {each['slot_key']}  {each['state']:<10} {each['subject']}")
    session.finish(known)


@subscriber.command("export")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    metavar="CSV",
    help="The file to write; without it stdout.",
)
@command
def export(session: Session, out: Path | None) -> None:
    """Write all active readers as CSV, in the form that import takes."""
    from newsletter.subscriptions.records import CSV_COLUMNS, csv_rows

    rows = csv_rows()
    lines = io.StringIO(newline="")
    writer = csv.DictWriter(lines, CSV_COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    if out:
        out.write_bytes(lines.getvalue().encode())
        session.say(f"Wrote {len(rows)} reader{'' if len(rows) == 1 else 's'} to {out}.")
    elif not session.as_json:
        click.echo(lines.getvalue(), nl=False)
    session.finish({"subscribers": rows, "out": str(out) if out else None})


@subscriber.command("erase")
@click.argument("email")
@command
def erase(session: Session, email: str) -> None:
    """Forget a reader. Only a keyed hash of the address stays, so that nobody mails it again."""
    from newsletter.subscriptions.leaving import erase as erase_reader
    from newsletter.subscriptions.records import find_reader

    erase_reader(find_reader(email), now=session.now)
    session.say("Erased.")
    session.finish({"erased": True})


@subscriber.command("revoke-links")
@click.argument("email", required=False)
@click.option("--all", "everyone", is_flag=True, help="Of every reader, when a backup or a key got out.")
@command
def revoke(session: Session, email: str | None, everyone: bool) -> None:
    """Make every link that was mailed to a reader stop working. No mail is sent.

    Old mails can still unsubscribe, and nothing else. The next digest has new links, and the reader can ask
    for one on the site.
    """
    from newsletter.models import Subscriber
    from newsletter.subscriptions.records import find_reader
    from newsletter.subscriptions.revoking import revoke_links

    if bool(email) == everyone:
        raise click.UsageError("give one reader's EMAIL, or --all")
    readers = Subscriber.objects.order_by("pk").iterator() if everyone else [find_reader(email or "")]
    number = 0
    for reader in readers:
        revoke_links(reader, now=session.now)
        number += 1
    session.say(f"Links of {number} reader{'' if number == 1 else 's'} revoked.")
    session.finish({"revoked": number})


@subscriber.command("import")
@click.argument("path", metavar="CSV", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--suppressions", is_flag=True, help="The file lists addresses that must not be mailed.")
@click.option("--dry-run", is_flag=True, help="Check everything, write nothing.")
@command
def import_file(session: Session, path: Path, suppressions: bool, dry_run: bool) -> None:
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
    Columns of suppressions: email, and where known reason and date.

    \b
    email,topics,consent_source
    ada@example.org,talking-heads;language-agents,"lab list, asked on 2025-03-02"
    """
    take = _import_suppressions if suppressions else _import_readers
    take(session, path, dry_run=dry_run)


def _import_readers(session: Session, path: Path, *, dry_run: bool) -> None:
    from newsletter.subscriptions.importing import import_readers

    with session.progress() as progress:
        done = import_readers(path, now=session.now, dry_run=dry_run, progress=progress)
    if not done.has_suppressions:
        session.warn(
            "nobody is known yet who must not be mailed. Import your old list's suppressions first:"
            " newsletter subscriber import --suppressions CSV"
        )
    session.say(f"{'Would import' if dry_run else 'Imported'} {_count(done.imported, 'reader')}.")
    _finish_import(session, {"imported": done.imported}, faults=done.faults, dry_run=dry_run)


def _import_suppressions(session: Session, path: Path, *, dry_run: bool) -> None:
    from newsletter.subscriptions.barring import import_suppressions

    with session.progress() as progress:
        done = import_suppressions(path, now=session.now, dry_run=dry_run, progress=progress)
    session.say(
        f"{'Would suppress' if dry_run else 'Suppressed'} {_count(done.added, 'address', 'addresses')}."
    )
    session.say(f"Known before: {done.known:,}. Active there and left alone: {done.active:,}.")
    session.say(f"Readers of this service whom it unsubscribes: {done.unsubscribed:,}.")
    counts = {name: getattr(done, name) for name in ("added", "known", "active", "unsubscribed")}
    _finish_import(session, counts, faults=done.faults, dry_run=dry_run)


def _finish_import(
    session: Session, counts: dict[str, int], *, faults: Sequence[Fault], dry_run: bool
) -> None:
    for fault in faults:
        session.say(f"  line {fault.line}: {fault.reason}")
    if faults:
        session.say(f"Not taken: {_count(len(faults), 'row')}.")
    refused = [{"line": fault.line, "reason": fault.reason} for fault in faults]
    session.finish({**counts, "refused": refused, "dry_run": dry_run}, failed=bool(faults))


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
