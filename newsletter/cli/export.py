"""``newsletter export``: a topic's weeks as files, for a site or for a program."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from newsletter.cli.session import YEARS, Session, command

FORMATS = ("hexo", "jekyll", "hugo", "json", "html")


class Day(click.ParamType[date]):
    """An ISO date."""

    name = "D"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            day = datetime.strptime(value.strip(), "%Y-%m-%d").date()  # noqa: DTZ007 - a date has no zone
        except ValueError:
            self.fail(f"{value!r} is not a date such as 2026-06-15", param, ctx)
        if day.year not in YEARS:
            self.fail(f"{value!r} is not in the years {YEARS[0]} to {YEARS[-1]}", param, ctx)
        return day


@click.command()
@click.argument("topic")
@click.option(
    "--format", "form", type=click.Choice(FORMATS), required=True, help="For which site maker, or what."
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    metavar="DIR",
    help="The folder to write into; files of these names are replaced.",
)
@click.option(
    "--from", "since", type=Day(), default=None, help="From the week of this day, such as 2026-06-01."
)
@click.option("--to", "until", type=Day(), default=None, help="To the week of this day.")
@click.option(
    "--language", default="en", show_default=True, help="Of headings, and of summaries where there are."
)
@command
def export(
    session: Session, topic: str, form: str, out: Path, since: date | None, until: date | None, language: str
) -> None:
    """Write each week of TOPIC that has papers as a file: front matter, abstracts, summaries, figures.

    \b
    newsletter export talking-heads --format hexo --out ~/blog --from 2026-06-01
    """
    from django.utils import translation

    from newsletter.languages import interface_language
    from newsletter.subscribers.preferences import checked_language
    from newsletter.web.export_formats import files_of
    from newsletter.web.exporting import exports_of

    language = checked_language(language)
    if since and until and since > until:
        raise click.UsageError(f"--from {since} comes after --to {until}")
    with translation.override(interface_language(language)), session.progress() as progress:
        exports = exports_of(topic, since=since, until=until, language=language, now=session.now)
        progress.stage("writing weeks", total=len(exports.weeks))
        written: list[str] = []
        for path, content in files_of(exports.each(progress.step), form=form):
            target = out / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content, encoding="utf-8")
            written.append(str(target))
    papers = exports.papers
    weeks = len(exports.weeks)
    session.say(
        f"Wrote {weeks} week{'' if weeks == 1 else 's'} of {exports.topic.slug} "
        f"with {papers} paper{'' if papers == 1 else 's'} to {out}"
    )
    if not weeks:
        session.say("No week of these days has a paper of this topic.")
    session.finish(
        {
            "topic": exports.topic.slug,
            "format": form,
            "weeks": [str(week) for week in exports.weeks],
            "papers": papers,
            "files": written,
        }
    )
