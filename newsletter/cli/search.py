"""``newsletter search``: the index behind the site's search."""

from __future__ import annotations

import click

from newsletter.cli.session import Session, command
from newsletter.cli.usage import OneLineGroup


@click.group(cls=OneLineGroup)
def search() -> None:
    """The index behind the site's search, in the data folder of each machine that serves the site.

    It is kept up by itself, and made anew by itself where it is missing or cannot be read.
    """


@search.command()
@command
def rebuild(session: Session) -> None:
    """Make this machine's search index anew from the database.

    Needed only where what is found looks wrong. The site answers meanwhile, with the papers that are in it so
    far, and says so.
    """
    from django.conf import settings

    from newsletter.errors import NewsletterError
    from newsletter.pipeline.context import Context

    with session.progress() as progress:
        report = Context(settings.CONFIG).index_keeper.keep_up(anew=True, progress=progress)
    if report is None:
        raise NewsletterError(
            "another process writes the search index right now: try again when it has finished"
        )
    session.say(f"indexed     {report.papers:,} paper{'' if report.papers == 1 else 's'}")
    session.finish({"papers": report.papers})
