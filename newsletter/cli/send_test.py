"""``newsletter send-test``: the real digest, marked TEST, to an address of the operator's."""

from __future__ import annotations

import click

from newsletter.cli.session import Session, command


@click.command("send-test")
@click.argument("email")
@click.option("--as", "reader", default=None, metavar="READER", help="The reader whose digest it is.")
@click.option("--despite-pause", is_flag=True, help="Send it although sending is paused.")
@command
def send_test(session: Session, email: str, reader: str | None, despite_pause: bool) -> None:
    """Send the real digest to EMAIL, marked TEST, and print what the mail server answered.

    It goes out at once through the configured mailer. Nothing is recorded as seen or delivered, and no
    personal link in it works. Without --as it is the digest of the reader with that address; if there is
    none, of a sample reader who follows every topic.

    \b
    newsletter send-test you@example.org --as reader@example.org
    """
    from django.conf import settings

    from newsletter.errors import NotFound
    from newsletter.pipeline.context import Context
    from newsletter.pipeline.send_test import send_test as send
    from newsletter.subscribers.preferences import checked_address
    from newsletter.subscribers.records import find_subscriber

    email = checked_address(email)
    try:
        subscriber = find_subscriber(reader or email)
    except NotFound:
        if reader:
            raise
        subscriber = None
    with session.progress() as progress:
        progress.stage("writing and sending the digest")
        sent = send(
            email,
            subscriber=subscriber,
            context=Context(settings.CONFIG),
            despite_pause=despite_pause,
            now=session.now,
        )
    outcome, mailer = sent.outcome, settings.CONFIG.mailer
    said = f"{outcome.code} {outcome.detail}".strip()
    session.say(sent.subject)
    session.say(f"  to {email}, the digest of {subscriber.email if subscriber else 'a sample reader'}")
    if sent.is_accepted:
        session.say(f"Accepted by {mailer}{f': {said}' if said else ''}.")
        if mailer == "outbox":
            session.say(
                f"It stays on this machine: {settings.CONFIG.outbox_folder / outcome.delivery_id}.eml"
            )
    else:
        session.warn(f"not sent ({outcome.verdict.value.replace('_', ' ')}): {said or 'no reason was given'}")
    if sent.why_not:
        session.say(f"At present this reader would not get it: {sent.why_not}.")
    session.finish(
        {
            "to": email,
            "as": subscriber.email if subscriber else None,
            "subject": sent.subject,
            "mailer": mailer,
            "verdict": outcome.verdict.value,
            "answer": said,
            "why_not": sent.why_not or None,
        },
        failed=not sent.is_accepted,
    )
