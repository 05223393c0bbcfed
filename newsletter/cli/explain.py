"""``newsletter explain``: why a reader got, or did not get, a paper."""

from __future__ import annotations

import click

from newsletter.cli.session import Session, command


@click.command()
@click.argument("email")
@click.argument("arxiv_id")
@command
def explain(session: Session, email: str, arxiv_id: str) -> None:
    """Say why EMAIL got, or did not get, the paper ARXIV_ID.

    Asks the digest that waits, else the last accepted one that offered the paper or could have, else what
    would be selected now. Stores nothing.

    \b
    newsletter explain reader@example.org 2406.01234
    """
    from newsletter.pipeline.explain import explain as find
    from newsletter.subscribers.records import find_subscriber

    found = find(find_subscriber(email), arxiv_id, now=session.now)
    session.say(f"{found.place or 'not in a digest'}{f' ({found.digest})' if found.digest else ''}")
    for reason in found.reasons:
        session.say(f"  {reason.code}: {reason.words}")
    session.finish(found.as_json())
