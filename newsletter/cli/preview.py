"""``newsletter preview``: look before it goes out."""

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
    """Write the digest that would go out to EMAIL; records no delivery."""
    from django.conf import settings

    from newsletter.pipeline.preview import preview_digest
    from newsletter.pipeline.stages import Stages
    from newsletter.subscriptions.records import find_reader

    shown = preview_digest(find_reader(email), stages=Stages(settings.CONFIG), now=session.now)
    out.mkdir(parents=True, exist_ok=True)
    name = email.partition("@")[0].replace("/", "_")
    files = {
        out / f"{name}.html": shown.html.encode(),
        out / f"{name}.txt": shown.text.encode(),
        out / f"{name}.eml": shown.message,
    }
    for path, content in files.items():
        path.write_bytes(content)
    session.say(f"{shown.subject}")
    for path in files:
        session.say(f"  {path}")
    session.finish({"subject": shown.subject, "files": [str(path) for path in files], **shown.account})
