"""``newsletter run`` and ``newsletter gather``."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from newsletter.cli.session import Session, command
from newsletter.errors import BadInput, NewsletterError

if TYPE_CHECKING:
    from newsletter.pipeline.gather import GatherReport
    from newsletter.pipeline.run import RunReport
    from newsletter.progress import Progress

KINDS = {
    "digest": ("digest", "digests"),
    "confirmation": ("a confirmation", "confirmations"),
    "link": ("a link that a reader asked for", "links that readers asked for"),
    "alert": ("an alert to you, no digest", "alerts to you, no digests"),
}
LOOKUP_TIME = timedelta(minutes=1)
"""Real time: arXiv is asked no more for readers' libraries after it."""


@click.command()
@click.option("--no-gather", is_flag=True, help="Do not ask arXiv.")
@command
def run(session: Session, no_gather: bool) -> None:
    """One pass of everything that is due, in this process, then exit: no Redis needed.

    Asks arXiv, matches, summarises, composes and delivers. A failed gather is reported, does not stop what
    is due, and makes the exit code 1.

    \b
    Replay a day without asking arXiv:
      newsletter run --no-gather --now 2026-06-15T08:00Z
    """
    from django.conf import settings
    from django.utils import timezone

    from newsletter.adapters.registry import paper_finder
    from newsletter.pipeline.context import Context
    from newsletter.pipeline.run import run_once
    from newsletter.subscribers.taste.imports import look_up_libraries

    with session.progress() as progress:
        context = Context(settings.CONFIG)
        report = run_once(context, now=session.now, gather=not no_gather, progress=progress)
        looked_up = (
            0
            if no_gather
            else look_up_libraries(paper_finder(settings.CONFIG), deadline=timezone.now() + LOOKUP_TIME)
        )
    if not no_gather:
        _say_gathered(session, report.gathered)
    _say_done(session, report)
    if looked_up:
        session.say(f"libraries   {looked_up} looked up, for their readers to keep")
    if report.uncomposed:
        session.warn(f"{report.uncomposed} digests could not be composed: the lines above say why")
    for problem in report.problems:
        session.warn(problem)
    session.finish(report.as_json(), failed=report.has_failed)


def _say_done(session: Session, report: RunReport) -> None:
    session.say(f"matched     {_papers(report.matched)}, each to one topic or more")
    made = report.summarised
    failed = f", {made.failed} not usable" if made.failed else ""
    session.say(
        f"summarised  {made.model} by model, {made.extractive} extractive, "
        f"{made.withheld} claims withheld{failed}"
    )
    session.say(f"composed    {report.composed} digest{'' if report.composed == 1 else 's'}")
    session.say(f"delivered   {_mails(report) or 'nothing was due'}")
    if report.paused:
        session.say(f"paused      {report.paused}")
    if report.held:
        session.say(f"held        {report.held}")
    due = report.next_due_at
    session.say(f"next due    {due:%Y-%m-%d %H:%M} UTC" if due else "next due    never: there are no readers")


@click.command()
@click.option(
    "--file", "paths", multiple=True, metavar="PATH…", help="Saved answers of arXiv's API (Atom files)."
)
@click.argument("more_paths", nargs=-1, metavar="")
@command
def gather(session: Session, paths: tuple[str, ...], more_paths: tuple[str, ...]) -> None:
    """Take in new papers from arXiv, or from saved API answers, and match them.

    Files are taken in whole or not at all: when one cannot be read, none is.

    \b
    newsletter gather
    newsletter gather --file monday.xml tuesday.xml
    """
    if more_paths and not paths:
        raise click.UsageError(f"name saved answers with --file: --file {' '.join(more_paths)}")
    from django.conf import settings

    from newsletter.pipeline.context import Context
    from newsletter.pipeline.match import match_papers
    from newsletter.pipeline.search_index import keep_up_quietly

    with session.progress() as progress:
        report = _gather(session, (*paths, *more_paths), progress=progress)
        progress.stage("matching papers to topics")
        lookback = timedelta(days=settings.CONFIG.arxiv_lookback_days)
        matched = match_papers(now=session.now, lookback=lookback)
        keep_up_quietly(Context(settings.CONFIG).index_keeper, is_made=False)
    _say_gathered(session, report)
    session.say(f"matched     {_papers(matched)}, each to one topic or more")
    session.finish(
        {"now": session.now.isoformat(), "gathered": report.as_json(), "matched": matched},
        failed=bool(report.failed or report.took_in_nothing),
    )


def _gather(session: Session, paths: tuple[str, ...], *, progress: Progress) -> GatherReport:
    from django.conf import settings

    from newsletter.adapters.registry import paper_source
    from newsletter.pipeline.gather import gather_files, gather_papers

    source = paper_source(settings.CONFIG)
    if not paths:
        progress.stage("asking arXiv")
        lookback = timedelta(days=settings.CONFIG.arxiv_lookback_days)
        return gather_papers(source, now=session.now, lookback=lookback)
    progress.stage("reading files", total=len(paths))
    try:
        return gather_files(source, paths=paths, now=session.now, on_file=lambda _: progress.step())
    except BadInput as error:  # not a usage error: the file is at fault
        raise NewsletterError(str(error)) from error


def _say_gathered(session: Session, report: GatherReport) -> None:
    from newsletter.models import Topic

    if not (report.seen or report.failed or Topic.objects.exists()):
        session.say("gathered    nothing: there are no topics yet (newsletter topic starter adds about 40)")
    else:
        session.say(f"gathered    {_papers(report.seen)} seen, {report.new} new, {report.updated} updated")
    if report.took_in_nothing:
        session.warn(f"nothing was taken in: {_entries(report)}, for the reasons below")
    if report.doubt:
        session.say(f"doubtful    {report.doubt}")
    for line in (*report.refused, *report.errors):
        session.warn(line)


def _entries(report: GatherReport) -> str:
    refused = len(report.refused)
    return "the only entry was refused" if refused == 1 else f"all {refused:,} entries were refused"


def _mails(report: RunReport) -> str:
    """Return what became of the mails by kind: digests by their states, others by what they are."""
    from newsletter.models.delivery import Kind

    said = []
    for kind, (one, many) in KINDS.items():
        states = {state: count for (of, state), count in sorted(report.kinds.items()) if of == kind}
        for state, count in states.items():
            noun = "" if kind == Kind.DIGEST else f" ({one if count == 1 else many})"
            said.append(f"{count} {state}{noun}")
    return ", ".join(said)


def _papers(count: int) -> str:
    return f"{count} paper{'' if count == 1 else 's'}"
