"""``newsletter doctor``: what is wrong with this installation, and what to type."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import click

from newsletter.cli.session import Moment, Session, one_line_errors, start_django
from newsletter.errors import ConfigurationError

if TYPE_CHECKING:
    from newsletter.doctor.finding import Finding


@click.command()
@click.option("--offline", is_flag=True, help="Ask nothing beyond this machine: no DNS, mailer, site, model.")
@click.option("--all", "shows_all", is_flag=True, help="Also what is well.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, nothing else.")
@click.option("--now", type=Moment(), default=None, help="The clock by which lateness is judged.")
def doctor(offline: bool, shows_all: bool, as_json: bool, now: datetime | None) -> None:
    """Look at the whole installation: what is wrong, why it matters, what to type.

    Settings, data folder, database, secret key, broker, workers, clock, the mailer's login, SPF, DKIM, DMARC
    and reverse DNS of the sender, the site and one-click unsubscribe by the public address, the provider's
    reports, the model (one request of a few words), the disk. No mail is sent. The exit code is 1 if
    something must be mended.
    """
    session = Session(as_json=as_json, now=now)
    findings = []
    with one_line_errors(session):
        for found in _findings(now=session.now, is_offline=offline):
            findings.append(found)
            _print(session, found, shows_all=shows_all)
        counts = Counter(found.level.value for found in findings)
        session.say(_sum(counts))
        session.finish(
            {
                "ok": not counts["mend"],
                "counts": {level: counts[level] for level in ("mend", "look", "fine")},
                "findings": [found.as_json() for found in findings],
            },
            failed=bool(counts["mend"]),
        )


def _findings(*, now: datetime, is_offline: bool) -> Iterator[Finding]:
    """Yield what is found; with settings that cannot be used, that alone."""
    from newsletter.config import load_config
    from newsletter.doctor.finding import wrong_settings

    try:
        load_config()
        start_django(migrated=False)
    except ConfigurationError as error:
        yield wrong_settings(error)
        return
    from django.conf import settings

    from newsletter.doctor.diagnose import diagnose

    yield from diagnose(settings.CONFIG, now=now, is_offline=is_offline)


def _print(session: Session, found: Finding, *, shows_all: bool) -> None:
    if found.level.value == "fine" and not shows_all:
        return
    session.say(f"{found.level.value:<4}  {found.check}: {found.what}")
    if found.why:
        session.say(f"      why   {found.why}")
    for place, line in enumerate(found.type):
        session.say(f"      {'type' if not place else '    '}  {line}")


def _sum(counts: Counter[str]) -> str:
    if not counts["mend"] and not counts["look"]:
        return f"All is well: {counts['fine']} checks."
    return f"{counts['mend']} to mend, {counts['look']} to look at, {counts['fine']} are fine."
