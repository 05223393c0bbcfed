"""``newsletter bounce``: what a mail server's pipe calls for each mail that comes back.

Exit codes are a mail server's (sysexits.h), two of them only. 0: the mail is dealt with, whatever it was; a
code for "cannot be used" would have the server send a bounce of the bounce. 75: keep it and try again later,
for everything that is not the mail's own fault: the database, a setting, a defect here.
"""

from __future__ import annotations

import functools
import os
import sys
import traceback
from collections.abc import Callable
from typing import IO, Any

import click

from newsletter.cli.session import Session, command

READ = 2 * 1024 * 1024
"""Bytes. A report stands near the beginning; what is returned with it may be of any size."""


def for_a_mail_server(function: Callable[..., None]) -> Callable[..., None]:
    """End with 0 or 75, never with anything that a mail server takes for a refusal."""

    @functools.wraps(function)
    def wrapped(*args: Any, **options: Any) -> None:
        try:
            function(*args, **options)
        except click.ClickException:
            raise  # somebody is setting it up
        except SystemExit as end:
            sys.exit(os.EX_TEMPFAIL if end.code else 0)
        except Exception:
            traceback.print_exc()
            sys.exit(os.EX_TEMPFAIL)

    return wrapped


@click.command(short_help="Read a mail that came back, from a mail server's pipe.")
@click.option("--recipient", default="", help="The address it was delivered to, with its tag.")
@for_a_mail_server
@command
def bounce(session: Session, recipient: str) -> None:
    """Read one mail from standard input: a delivery report (RFC 3464), a complaint (ARF), a wish to leave.

    \b
    A hard bounce or a complaint suppresses the address; a soft bounce is counted. A mail to the
    address of List-Unsubscribe ends the mailing.
    Anything else is read and forgotten. See docs/operating.md for Postfix.
    """
    from newsletter.pipeline.feedback.bounces import take_in

    taken = take_in(_first_part(sys.stdin.buffer), recipient=recipient, now=session.now)
    session.say(taken.said)
    session.finish(
        {
            "delivery": str(taken.delivery_id) if taken.delivery_id else None,
            "kind": taken.kind,
            "status": taken.status,
            "new": taken.is_new,
            "said": taken.said,
        }
    )


def _first_part(stream: IO[bytes]) -> bytes:
    """Return the beginning and read the rest too: a pipe that is closed early is an error to its writer."""
    content = stream.read(READ)
    while stream.read(READ):
        pass
    return content
