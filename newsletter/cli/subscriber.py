"""``newsletter subscriber``: who reads what, and when."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from newsletter.cli.session import Session, command
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
    """List readers with status and next slot."""
    from newsletter.models import Subscriber

    rows = []
    for each in Subscriber.objects.order_by("email_key").iterator():
        status, due = each.shown_status(now=session.now), each.next_slot_at
        when = f"{due:%Y-%m-%d %H:%M}" if due else "-"
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

    from newsletter.operating.readers import sentences
    from newsletter.operating.situation import situation
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


@subscriber.command("edit")
@click.argument("email")
@click.option("--topics", default=None, help="Slugs, separated by commas: they take the place of the others.")
@click.option("--cadence", default=None, help=f"{ALLOWED}.")
@click.option("--at", default=None, help="Local time, HH:MM.")
@click.option("--timezone", default=None, help="An IANA name such as Europe/Berlin.")
@click.option("--language", default=None, help="As for subscriber add.")
@click.option("--depth", default=None, help="headline, takeaways or reading.")
@click.option("--max-papers", type=int, default=None, help="1 to 50 a digest.")
@click.option("--name", default=None, help="What you call this reader; no mail shows it.")
@command
def edit(
    session: Session, email: str, topics: str | None, name: str | None, **preferences: str | int | None
) -> None:
    """Change what a reader gets. No mail is sent; it is kept in the reader's record.

    Topics that the reader made stay, unless --topics names some of them. A digest that waits to be sent keeps
    its form: newsletter recompose --reader EMAIL renders it anew.

    \b
    newsletter subscriber edit reader@example.org --cadence weekdays --at 07:00
    """
    if topics is name is None and set(preferences.values()) == {None}:
        raise click.UsageError("nothing to change: give an option, such as --cadence or --topics")
    from newsletter.subscribers.operator_acts import edit_subscriber
    from newsletter.subscribers.records import describe, find_subscriber

    found = find_subscriber(email)
    changed = edit_subscriber(
        found,
        preferences=preferences,
        topics=None if topics is None else [slug.strip() for slug in topics.split(",") if slug.strip()],
        name=name,
        source="newsletter subscriber edit",
        now=session.now,
    )
    session.say(f"Changed: {', '.join(changed)}." if changed else "Nothing changed: it was so already.")
    if found.next_slot_at:
        session.say(f"The next digest is due {found.next_slot_at:%Y-%m-%d %H:%M} UTC.")
    session.finish(describe(found, now=session.now) | {"changed": changed})


@subscriber.command("pause")
@click.argument("email")
@click.option(
    "--until",
    type=click.DateTime(["%Y-%m-%d"]),
    default=None,
    metavar="DATE",
    help="The first day with digests again, such as 2026-09-01. Without it a year from today.",
)
@command
def pause(session: Session, email: str, until: datetime | None) -> None:
    """Send a reader no digests for a while. The first one after it offers everything since."""
    from newsletter.subscribers.operator_acts import pause_subscriber
    from newsletter.subscribers.records import describe, find_subscriber

    found = find_subscriber(email)
    pause_subscriber(
        found, until=until.date() if until else None, source="newsletter subscriber pause", now=session.now
    )
    end = found.paused_until.astimezone(found.zone) if found.paused_until else None
    session.say(f"Paused until {end:%Y-%m-%d}; earlier with: newsletter subscriber resume {found.email}")
    session.finish(describe(found, now=session.now))


@subscriber.command("resume")
@click.argument("email")
@command
def resume(session: Session, email: str) -> None:
    """End a reader's pause. Who has left is not brought back: only the reader can come back."""
    from newsletter.subscribers.operator_acts import resume_subscriber
    from newsletter.subscribers.records import describe, find_subscriber

    found = find_subscriber(email)
    was_paused = resume_subscriber(found, source="newsletter subscriber resume", now=session.now)
    if was_paused and found.next_slot_at:
        session.say(f"Digests come again; the next is due {found.next_slot_at:%Y-%m-%d %H:%M} UTC.")
    else:
        session.say(f"There was no pause: the reader is {found.shown_status(now=session.now)}.")
    session.finish(describe(found, now=session.now))


@subscriber.command("unsubscribe")
@click.argument("email")
@click.option("--topic", "slug", default=None, metavar="SLUG", help="Only from this topic.")
@command
def end(session: Session, email: str, slug: str | None) -> None:
    """End everything, as the reader's own link does: nothing more is sent, and what waits is cancelled.

    The address is suppressed: only the reader can come back, by confirming. To forget the reader as well:
    newsletter subscriber erase.
    """
    from newsletter.audience.topics import find_topic
    from newsletter.subscribers.operator_acts import unsubscribe_subscriber
    from newsletter.subscribers.records import describe, find_subscriber

    found = find_subscriber(email)
    ended = unsubscribe_subscriber(
        found,
        topic=find_topic(slug) if slug else None,
        source="newsletter subscriber unsubscribe",
        now=session.now,
    )
    status = found.shown_status(now=session.now)
    if ended and slug and status != "unsubscribed":
        session.say(f"Unsubscribed from {slug}; the other topics stay.")
    else:
        session.say("Unsubscribed." if ended else f"Nothing changed: the reader was {status} already.")
    session.finish(describe(found, now=session.now))


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


subscriber.add_command(import_file)
