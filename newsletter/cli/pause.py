"""``newsletter pause``, ``newsletter recompose`` and ``newsletter resume``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

from newsletter.cli.session import Session, command

if TYPE_CHECKING:
    from newsletter.models import SendPause


KEPT = (
    "Every one of them keeps the papers it was composed with: recompose renders, it does not choose. What was"
    " changed in a topic or in a reader's preferences shows from the next digest on."
)


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
    from newsletter.pipeline.send.pause import ALL_TRANSPORTS, pause_reason, pause_sending, waiting_mails

    before = pause_reason(ALL_TRANSPORTS)
    pause, waiting = pause_sending(reason, now=session.now), waiting_mails()
    if before is not None:
        session.say(f"The service had paused by itself; your reason takes the place of: {before}")
    session.say(f"Paused since {pause.since:%Y-%m-%d %H:%M} UTC: {pause.reason}")
    session.say(f"{_mails(waiting)}. Go on with: newsletter resume")
    session.finish({"paused": True, **_as_json(pause), "waiting": waiting})


@click.command()
@click.option(
    "--without-log",
    is_flag=True,
    help="After a restore without the log of who left since: go on, although that is not known.",
)
@command
def resume(session: Session, without_log: bool) -> None:
    """Send again: end the pause, and every pause that the service made itself.

    The workers go on at once, or at their next look within five seconds.
    """
    from newsletter.pipeline.send.pause import resume_sending, waiting_mails

    ended, waiting = resume_sending(without_log=without_log), waiting_mails()
    for each in ended:
        which = "all sending" if each.transport == "*" else each.transport
        session.say(f"Ended the pause of {which} since {each.since:%Y-%m-%d %H:%M} UTC: {each.reason}")
    session.say(f"{_mails(waiting)}." if ended else "Sending was not paused.")
    session.finish({"paused": False, "ended": [_as_json(each) for each in ended], "waiting": waiting})


@click.command()
@click.argument("ids", nargs=-1, type=click.UUID)
@click.option("--all", "is_all", is_flag=True, help="Every digest that waits.")
@click.option("--reader", "email", metavar="EMAIL", help="Those of one reader.")
@click.option("--reselect", is_flag=True, help="Choose their papers again, from what is matched now.")
@command
def recompose(
    session: Session, ids: tuple[UUID, ...], is_all: bool, email: str | None, reselect: bool
) -> None:
    """Render composed digests anew, with the current template, until a worker has leased them.

    IDS are delivery ids. Id, Message-ID and date stay, and so do the papers, unless --reselect is given.

    \b
    newsletter pause "the footer is wrong"
    (mend the template)
    newsletter recompose --all
    newsletter resume
    """
    if [is_all, bool(ids), bool(email)].count(True) != 1:
        raise click.UsageError("name delivery ids, or --all, or --reader EMAIL")
    from dataclasses import asdict

    from django.conf import settings

    from newsletter.pipeline.compose.recompose import recompose as render_anew
    from newsletter.pipeline.context import Context
    from newsletter.subscribers.records import find_subscriber

    context = Context(settings.CONFIG)
    report = render_anew(
        ids or None,
        summariser=context.summariser,
        renderer_for=context.renderer,
        subscriber=find_subscriber(email) if email else None,
        reselect_at=session.now if reselect else None,
    )
    for number, words in (
        (report.recomposed, "recomposed"),
        (report.reselected, "of them hold other papers now"),
        (report.unchanged, "look the same as before"),
        (report.claimed, "are with a worker, or sent: left as they are"),
        (report.unknown, "of these ids are of no digest"),
    ):
        if number or words == "recomposed":
            session.say(f"{number:>6,} {words}")
    if (report.recomposed or report.unchanged) and not reselect:
        session.say(KEPT)
    if changed := sorted(report.changed_topics):
        session.say(f"Changed, and not matched since then (newsletter run does): {', '.join(changed)}.")
    result = asdict(report) | {"changed_topics": changed, "papers": "selected again" if reselect else "kept"}
    session.finish(result, failed=bool(report.unknown or (ids and report.claimed)))


def _mails(waiting: int) -> str:
    return f"{waiting:,} mail{'' if waiting == 1 else 's'} composed and waiting"


def _as_json(pause: SendPause) -> dict[str, Any]:
    return {
        "transport": pause.transport,
        "reason": pause.reason,
        "since": pause.since.isoformat(),
        "cause": str(pause.cause),
    }
