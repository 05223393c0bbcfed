"""``newsletter pause`` and ``newsletter resume``: the brake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from newsletter.cli.session import Session, command

if TYPE_CHECKING:
    from newsletter.models import SendPause


@click.command()
@click.argument("reason")
@command
def pause(session: Session, reason: str) -> None:
    """Stop sending: no mail begins after this, of any kind; those already begun finish.

    REASON is for whoever finds it later. Readers are untouched, pages and metrics say that sending is paused,
    and digests are planned and composed all the while.

    \b
    newsletter pause "the footer of the template is wrong"
    """
    from newsletter.pipeline.brake import pause_sending, waiting_mails

    standing, waiting = pause_sending(reason, now=session.now), waiting_mails()
    session.say(f"Paused since {standing.since:%Y-%m-%d %H:%M} UTC: {standing.reason}")
    session.say(f"{_mails(waiting)}. Go on with: newsletter resume")
    session.finish({"paused": True, **_as_json(standing), "waiting": waiting})


@click.command()
@command
def resume(session: Session) -> None:
    """Send again: end the pause, and every pause that the service made itself.

    The workers go on at once, or at their next look within five seconds.
    """
    from newsletter.pipeline.brake import resume_sending, waiting_mails

    ended, waiting = resume_sending(), waiting_mails()
    for each in ended:
        which = "all sending" if each.transport == "*" else each.transport
        session.say(f"Ended the pause of {which} since {each.since:%Y-%m-%d %H:%M} UTC: {each.reason}")
    session.say(f"{_mails(waiting)}." if ended else "Sending was not paused.")
    session.finish({"paused": False, "ended": [_as_json(each) for each in ended], "waiting": waiting})


def _mails(waiting: int) -> str:
    return f"{waiting:,} mail{'' if waiting == 1 else 's'} composed and waiting"


def _as_json(standing: SendPause) -> dict[str, Any]:
    return {
        "transport": standing.transport,
        "reason": standing.reason,
        "since": standing.since.isoformat(),
        "cause": str(standing.cause),
    }
