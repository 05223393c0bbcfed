"""``newsletter preview``: the digest that would be sent now."""

from __future__ import annotations

from pathlib import Path

import click

from newsletter.cli.session import Session, command


@click.command()
@click.argument("email")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("preview"),
    show_default=True,
    metavar="DIR",
    help="Where to write the .html, .txt and .eml.",
)
@command
def preview(session: Session, email: str, out: Path) -> None:
    """Write the digest that would go out to EMAIL. Records no delivery.

    It is the digest of this moment with all of the reader's topics; summaries it paid for are kept.

    \b
    newsletter preview reader@example.org --out /tmp/look
    """
    from django.conf import settings

    from newsletter.pipeline.context import Context
    from newsletter.pipeline.preview import preview_digest
    from newsletter.subscribers.records import find_subscriber

    subscriber = find_subscriber(email)
    with session.progress() as progress:
        progress.stage("writing the digest")
        shown = preview_digest(subscriber, context=Context(settings.CONFIG), now=session.now)
    out.mkdir(parents=True, exist_ok=True)
    name = subscriber.email.replace("/", "_")
    files = {
        out / f"{name}.html": shown.html.encode(),
        out / f"{name}.txt": shown.text.encode(),
        out / f"{name}.eml": shown.message,
    }
    for path, content in files.items():
        path.write_bytes(content)
    session.say(shown.subject)
    for path in files:
        session.say(f"  {path}")
    if shown.why_not:
        session.say(f"At present it would not go out: {shown.why_not}.")
    session.finish(
        {
            "subject": shown.subject,
            "files": [str(path) for path in files],
            **shown.account,
            "selection": shown.selection,
            "why_not": shown.why_not or None,
        }
    )
