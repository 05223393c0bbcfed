"""``newsletter key``: which secret key this database is used with, and how to go on with another."""

from __future__ import annotations

from functools import partial

import click

from newsletter.cli.session import Session, command
from newsletter.cli.usage import OneLineGroup

SHOWN = 12
"""Characters of a fingerprint: enough to tell keys apart."""


@click.group(cls=OneLineGroup)
def key() -> None:
    """Which secret key this database is used with; accept another.

    The database remembers a fingerprint of the key. With another key nothing starts: a copy of the database
    without its key, or a lost key, would make every link in mails already sent a dead one.
    """


@key.command()
@partial(command, with_any_key=True)
def show(session: Session) -> None:
    """Fingerprints of the key that this database is used with, and of those in the settings."""
    from newsletter.audience.keys import configured_keys, fingerprint
    from newsletter.models import KeyFingerprint

    recorded = KeyFingerprint.objects.first()
    used = recorded.value[:SHOWN] if recorded else None
    given = [fingerprint(each)[:SHOWN] for each in configured_keys()]
    session.say(f"this database  {used or 'no key yet'}")
    session.say(f"the settings   {', '.join(given)}")
    session.finish({"recorded": used, "configured": given, "matches": used in given or not used})


@key.command()
@partial(command, with_any_key=True)
def accept(session: Session) -> None:
    """Use this database with the settings' key from now on: for a key that is lost.

    \b
    Links in mails already sent stop working, unsubscribe links too; sessions of /admin/ end.
    Who has left stays remembered: suppressions have a key of their own in the database, and readers who left
    are suppressed anew. What version 0.1.0 remembered of erased or imported addresses is lost with its key.
    """
    from newsletter.audience.keys import accept_secret_key, configured_keys, fingerprint

    left = accept_secret_key(now=session.now)
    used = fingerprint(configured_keys()[0])[:SHOWN]
    session.say(f"this database is used with key {used} from now on; {left} readers who left stay suppressed")
    session.finish({"recorded": used, "left": left})
