"""``newsletter subscriber``: who reads what, and when."""

from __future__ import annotations

from pathlib import Path

import click

from newsletter.cli.session import Session, command
from newsletter.cli.subscriber_acts import ACTS
from newsletter.cli.subscriber_import import import_file
from newsletter.cli.usage import OneLineGroup
from newsletter.core.delivery.cadence import ALLOWED
from newsletter.languages import ALIASES, INTERFACE_LANGUAGES


@click.group(cls=OneLineGroup, short_help="Add, show, change, import, export and erase readers.")
def subscriber() -> None:
    """Add, show, change, import, export and erase readers."""


@subscriber.command("add")
@click.argument("email")
@click.option("--topics", required=True, help="Slugs, separated by commas, in the reader's order.")
@click.option("--cadence", default="weekly:mon", show_default=True, help=f"{ALLOWED}.")
@click.option("--at", default="08:00", show_default=True, help="Local time, HH:MM.")
@click.option("--timezone", default="UTC", show_default=True, help="An IANA name such as Europe/Berlin.")
@click.option(
    "--language",
    default="en",
    show_default=True,
    help=f"{', '.join((*INTERFACE_LANGUAGES, *ALIASES))}, or one of NEWSLETTER_LANGUAGES.",
)
@click.option("--depth", default="takeaways", show_default=True, help="headline, takeaways or reading.")
@click.option("--max-papers", type=int, default=10, show_default=True, help="1 to 50 a digest.")
@click.option("--name", default="", help="What you call this reader; no mail shows it.")
@command
def add(session: Session, email: str, topics: str, name: str, **preferences: str | int) -> None:
    """Add a reader whose consent you vouch for. No mail is sent.

    \b
    newsletter subscriber add reader@example.org --topics talking-heads,graphs \\
        --cadence weekly:mon,thu --at 07:30 --timezone Europe/Berlin --max-papers 8
    """
    from newsletter.subscribers.add import add_by_operator
    from newsletter.subscribers.preferences import Preferences
    from newsletter.subscribers.records import describe

    slugs = [slug.strip() for slug in topics.split(",") if slug.strip()]
    added = add_by_operator(
        email,
        topics=slugs,
        preferences=Preferences.checked(**preferences),  # type: ignore[arg-type]  # click passes each option with its type
        source="newsletter subscriber add",
        now=session.now,
        name=name,
    )
    session.say(f"Added {added.email}; the first digest is due {added.next_slot_at:%Y-%m-%d %H:%M} UTC.")
    session.finish(describe(added, now=session.now))


@subscriber.command("list")
@command
def list_subscribers(session: Session) -> None:
    """List readers with status, cadence and next slot (UTC)."""
    from newsletter.models import Subscriber

    rows = []
    for each in Subscriber.objects.order_by("email_key").iterator():
        status, due = each.shown_status(now=session.now), each.next_slot_at
        when = f"{due:%Y-%m-%d %H:%M} UTC" if due else "-"
        session.say("  ".join(filter(None, (each.email, status, each.cadence, when, each.name))))
        rows.append(
            {
                "email": each.email,
                "name": each.name,
                "status": status,
                "next_slot_at": due.isoformat() if due else None,
            }
        )
    if not rows:
        session.say("No readers yet: newsletter subscriber add EMAIL --topics a,b")
    session.finish({"subscribers": rows})


@subscriber.command("show")
@click.argument("email")
@command
def show(session: Session, email: str) -> None:
    """Show all that is known of a reader: status and why, the next digest, yesterday's and today's."""
    from django.utils import timezone

    from newsletter.operating.situation import situation
    from newsletter.operating.subscribers import sentences
    from newsletter.subscribers.records import describe, find_subscriber

    found = find_subscriber(email)
    known = describe(found, now=session.now)
    session.say("  ".join(filter(None, (known["email"], known["status"], known["name"]))))
    if not session.as_json:
        for line in sentences(found, situation(now=session.now, real_now=timezone.now())):
            session.say(f"  {line}")
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
    """Write all active readers as CSV, in the form that import takes.

    What a spreadsheet would compute, such as =1+1@example.org, gets an apostrophe before it; import drops it.
    """
    from newsletter.subscribers.csv_files import written_csv
    from newsletter.subscribers.records import CSV_COLUMNS, csv_rows

    rows = csv_rows()
    written = written_csv(rows, columns=CSV_COLUMNS)
    if out:
        out.write_bytes(written.encode())
        session.say(f"Wrote {len(rows)} reader{'' if len(rows) == 1 else 's'} to {out}.")
    elif not session.as_json:
        click.echo(written, nl=False)
    session.finish({"subscribers": rows, "out": str(out) if out else None})


@subscriber.command("erase")
@click.argument("email")
@command
def erase(session: Session, email: str) -> None:
    """Forget a reader. Only a keyed hash of the address stays, so that nobody mails it again."""
    from newsletter.subscribers.records import find_subscriber
    from newsletter.subscribers.unsubscribe import erase as erase_subscriber

    erase_subscriber(find_subscriber(email), now=session.now)
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
    from newsletter.subscribers.records import find_subscriber
    from newsletter.subscribers.revoke_links import revoke_links

    if bool(email) == everyone:
        raise click.UsageError("give one reader's EMAIL, or --all")
    holders = Subscriber.objects.order_by("pk").iterator() if everyone else [find_subscriber(email or "")]
    number = 0
    for each in holders:
        revoke_links(each, now=session.now)
        number += 1
    session.say(f"Links of {number} reader{'' if number == 1 else 's'} revoked.")
    session.finish({"revoked": number})


for each in (import_file, *ACTS):
    subscriber.add_command(each)
