"""``newsletter subscriber``: what an operator does for one reader: edit, pause, resume, end, send now."""

from __future__ import annotations

from datetime import datetime

import click

from newsletter.cli.session import Session, command
from newsletter.core.delivery.cadence import ALLOWED


@click.command("edit")
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


@click.command("pause")
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


@click.command("resume")
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


@click.command("unsubscribe")
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


@click.command("send-now")
@click.argument("emails", metavar="EMAIL…", nargs=-1)
@click.option("--all", "everyone", is_flag=True, help="Every active reader.")
@command
def send_now(session: Session, emails: tuple[str, ...], everyone: bool) -> None:
    """Plan a digest for now, of everything new, as "Send me one now" on a reader's page does.

    It is the digest of this day: nobody gets a second one. Workers send it at once; where none run,
    newsletter run does.
    """
    from newsletter.models import Subscriber
    from newsletter.models.subscriber import Status
    from newsletter.subscribers.on_demand import Answer, send_one_now
    from newsletter.subscribers.records import find_subscriber

    if bool(emails) == everyone:
        raise click.UsageError("give readers' EMAIL, or --all")
    active = Subscriber.objects.filter(status=Status.ACTIVE).order_by("pk")
    subscribers = active.iterator() if everyone else [find_subscriber(email) for email in emails]
    answers = [send_one_now(subscriber, now=session.now) for subscriber in subscribers]
    counts = {answer.name.lower(): answers.count(answer) for answer in Answer}
    for answer, words in (
        (Answer.PLANNED, "planned for now"),
        (Answer.UNDER_WAY, "under way already"),
        (Answer.HAD_TODAY, "had today's before"),
        (Answer.NOT_MAILED, "get none: paused, or have left"),
    ):
        if number := counts[answer.name.lower()]:
            session.say(f"{number:>6,} {words}")
    session.finish(counts, failed=not everyone and not counts["planned"])


ACTS = (edit, pause, resume, end, send_now)
