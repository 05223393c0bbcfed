"""``newsletter deliveries`` and ``newsletter delivery``: what became of each mail, and what to do."""

from __future__ import annotations

import click

from newsletter.cli.session import Session, command


@click.command()
@click.option(
    "--state", metavar="S", help="waiting, planned, sent, failed, unknown, held, skipped, ended, or a state."
)
@click.option("--reader", "email", metavar="EMAIL", help="Those of one reader.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="At most so many.")
@command
def deliveries(session: Session, state: str | None, email: str | None, limit: int) -> None:
    """List mails, the newest first: state, cause, and what happens next by itself.

    \b
    newsletter deliveries --state waiting
    newsletter deliveries --reader ada@example.org
    """
    from django.utils import timezone

    from newsletter.operating.listing import deliveries as find
    from newsletter.operating.listing import states_of
    from newsletter.operating.situation import situation
    from newsletter.subscribers.records import find_subscriber

    found = find(
        situation(now=session.now, real_now=timezone.now()),
        states=states_of(state) if state else (),
        subscriber=find_subscriber(email) if email else None,
        limit=limit,
    )
    for each in found:
        row = each.delivery
        to = row.subscriber.email if row.subscriber else row.recipient
        session.say(f"{row.slot_at:%Y-%m-%d %H:%M} UTC  {row.kind} {row.slot_key}  {to}  {row.pk}")
        session.say(f"    {each.told.sentence}")
    if not found:
        session.say("No such mail.")
    session.finish({"deliveries": [each.as_json() for each in found]})


@click.group(short_help="Give a mail up, try it now, or release one that is held.")
def delivery() -> None:
    """Give a mail up, try it now, or release one that is held. IDs: newsletter deliveries."""


def _decide(session: Session, text: str, act: str) -> None:
    from django.utils import timezone

    from newsletter.operating.causes import told
    from newsletter.operating.listing import find_delivery
    from newsletter.operating.situation import situation
    from newsletter.pipeline.send.decisions import Act, decide

    real_now = timezone.now()
    decision = decide(find_delivery(text), Act(act), now=session.now, real_now=real_now)
    row = find_delivery(text)
    said = told(row, situation(now=session.now, real_now=real_now))
    if decision.is_done:
        session.say(decision.says)
    else:
        session.warn(f"{act} refused. {decision.says}")
    session.say(f"Now: {said.sentence}")
    result = {"id": str(row.pk), "done": decision.is_done, "says": decision.says, "state": row.state}
    session.finish(result, failed=not decision.is_done)


@delivery.command("cancel")
@click.argument("delivery_id", metavar="ID")
@command
def cancel(session: Session, delivery_id: str) -> None:
    """Give up a mail that waits. Its papers are offered in the next digest."""
    _decide(session, delivery_id, "cancel")


@delivery.command("retry")
@click.argument("delivery_id", metavar="ID")
@command
def retry(session: Session, delivery_id: str) -> None:
    """Try a waiting mail now, or one that failed once more. Pauses and limits hold all the same."""
    _decide(session, delivery_id, "retry")


@delivery.command("release")
@click.argument("delivery_id", metavar="ID")
@command
def release(session: Session, delivery_id: str) -> None:
    """Let a mail go on that was set aside, or whose answer was lost: then a second copy may arrive."""
    _decide(session, delivery_id, "release")
