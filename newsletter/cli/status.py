"""``newsletter status``: one screen."""

from __future__ import annotations

import click

from newsletter.cli.session import Session, command


@click.command()
@command
def status(session: Session) -> None:
    """Say what happened today, what waits, until when and why, and what comes next.

    Times are UTC. A line that begins with ! needs a person. Nothing is changed.
    """
    from django.utils import timezone

    from newsletter.operating.screen import lines
    from newsletter.operating.situation import situation
    from newsletter.operating.today import today

    now = situation(now=session.now, real_now=timezone.now())
    found = today(now)
    for line in lines(found, now):
        session.say(line)
    session.finish(found.as_json())
