"""``newsletter bounce``: a mail server's pipe calls it for each bounce, complaint and unsubscribe mail.

Only two exit codes of sysexits.h are used. 0: the mail was handled, whatever it was; any other code would
make the server bounce the bounce. 75: try again later, for everything that is not the mail's fault: the
database, a setting, a defect here.
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
"""Bytes. The report is near the beginning; the returned message after it may be of any size."""


def for_a_mail_server(function: Callable[..., None]) -> Callable[..., None]:
    """Exit with 0 or 75, never with a code that the mail server takes for a refusal."""

    @functools.wraps(function)
    def wrapped(*args: Any, **options: Any) -> None:
        try:
            function(*args, **options)
        except click.ClickException:
            raise  # usage error: an operator is setting it up
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
    """Read one mail from standard input: a delivery report (RFC 3464), a complaint (ARF), an unsubscribe.

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
    """Return the beginning and read the rest too: closing a pipe early is an error for its writer."""
    content = stream.read(READ)
    while stream.read(READ):
        pass
    return content
