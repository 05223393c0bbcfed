"""``newsletter run`` and ``newsletter gather``."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from newsletter.cli.session import Session, command

if TYPE_CHECKING:
    from newsletter.pipeline.gather import GatherReport


@click.command()
@click.option("--no-gather", is_flag=True, help="Do not ask arXiv.")
@command
def run(session: Session, no_gather: bool) -> None:
    """One pass of everything that is due, in this process, then exit: no Redis needed."""
    from django.conf import settings

    from newsletter.pipeline.run import run_once
    from newsletter.pipeline.stages import Stages

    with session.progress("running") as on_stage:
        report = run_once(Stages(settings.CONFIG), now=session.now, gather=not no_gather, on_stage=on_stage)
    if not no_gather:
        _say_gathered(session, report.gathered)
    session.say(f"matched     {report.matched} papers to topics")
    made = report.summarised
    session.say(
        f"summarised  {made.model} by model, {made.extractive} extractive, {made.withheld} claims withheld"
    )
    session.say(f"composed    {report.composed} digests")
    states = ", ".join(f"{count} {state}" for state, count in sorted(report.deliveries.items()))
    session.say(f"delivered   {states or 'nothing was due'}")
    session.say(
        f"next due    {report.next_due_at:%Y-%m-%d %H:%M} UTC" if report.next_due_at else "next due    -"
    )
    session.finish(report.as_json(), failed=report.has_failed)


@click.command()
@click.option(
    "--file", "paths", multiple=True, metavar="PATH", help="A saved arXiv API answer (Atom); repeatable."
)
@click.argument("more_paths", nargs=-1, metavar="[PATH]…")
@command
def gather(session: Session, paths: tuple[str, ...], more_paths: tuple[str, ...]) -> None:
    """Take in new papers from arXiv, or from saved API answers, and match them."""
    from django.conf import settings

    from newsletter.adapters.registry import paper_source
    from newsletter.pipeline.gather import gather_files, gather_papers
    from newsletter.pipeline.match import match_papers

    source, now = paper_source(settings.CONFIG), session.now
    lookback = timedelta(days=settings.CONFIG.arxiv_lookback_days)
    if more_paths and not paths:
        raise click.UsageError("name saved answers with --file")
    with session.progress("gathering") as on_stage:
        if paths:
            files = (*paths, *more_paths)
            report = gather_files(source, paths=files, now=now, on_file=lambda path: on_stage(f"read {path}"))
        else:
            report = gather_papers(source, now=now, lookback=lookback)
        on_stage("matching papers to topics")
        matched = match_papers(now=now, lookback=lookback)
    _say_gathered(session, report)
    session.say(f"matched     {matched} papers to topics")
    result = {"seen": report.seen, "new": report.new, "updated": report.updated, "failed": report.failed}
    session.finish(
        {"now": now.isoformat(), "gathered": result | {"errors": report.errors}, "matched": matched},
        failed=bool(report.failed),
    )


def _say_gathered(session: Session, report: GatherReport) -> None:
    session.say(f"gathered    {report.seen} papers seen, {report.new} new, {report.updated} updated")
    for line in (*report.refused, *report.errors):
        click.echo(f"newsletter: {line}", err=True)
