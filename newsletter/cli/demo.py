"""``newsletter demo``: a sample newsroom end to end, through a real worker, into a local outbox."""

from __future__ import annotations

import os
import shutil
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from newsletter.adapters.infra.supervisor import Supervisor
from newsletter.cli.folder_lock import NAME as LOCK
from newsletter.cli.folder_lock import only_service_in
from newsletter.cli.session import Session, one_line_errors, start_django
from newsletter.cli.up import add_beat, add_transactional, add_web, add_worker, ensure_free, start_redis
from newsletter.core.delivery.cadence import WEEKDAYS
from newsletter.core.digests.selection import Place
from newsletter.errors import ConfigurationError, NewsletterError

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from newsletter.models import Delivery
    from newsletter.pipeline.gather import GatherReport

FOLDER = Path("var/demo")
WAIT_SECONDS = 60.0
LATEST_SLOT = timedelta(hours=14)
"""The time of day (UTC) by which the slot of every sample reader has passed."""
OWN_SETTINGS = {
    "DATABASE_URL": "",
    "REDIS_URL": "",
    "NEWSLETTER_MAILER": "outbox",
    "NEWSLETTER_OUTBOX_DIR": "",
    "NEWSLETTER_SECRET_KEY": "",
}
"""Settings that keep the demo away from the real service, whatever .env says."""


@click.command()
@click.option("--live", is_flag=True, help="Ask arXiv itself; when that fails, say so and use the sample.")
@click.option("--serve", is_flag=True, help="Keep the site up, with /outbox/ readable in the browser.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
def demo(live: bool, serve: bool, port: int) -> None:
    """Run the whole service once on a week of papers, in var/demo, made anew each time."""
    with (
        one_line_errors(Session(as_json=False, now=None)),
        only_service_in(FOLDER.absolute()),
        Supervisor(say=lambda line: click.echo(line, err=True)) as supervisor,
    ):
        if serve:
            ensure_free("127.0.0.1", port)
        _make_folder(port=port, live=live)
        _run(supervisor, live=live, serve=serve, port=port)


def _run(supervisor: Supervisor, *, live: bool, serve: bool, port: int) -> None:
    has_redis = _start_redis(supervisor)
    start_django()
    started = time.monotonic()
    gathered = _set_up(live=live)
    _deliver(supervisor, has_redis=has_redis)
    _report(gathered, seconds=time.monotonic() - started)
    if serve:
        _serve(supervisor, port=port, has_redis=has_redis)


def _make_folder(*, port: int, live: bool) -> None:
    """Empty the folder, except for the held lock, and apply the demo's settings."""
    for path in FOLDER.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != LOCK:
            path.unlink()
    os.environ.update(OWN_SETTINGS)
    os.environ["NEWSLETTER_DATA_DIR"] = str(FOLDER)
    os.environ["NEWSLETTER_BASE_URL"] = f"http://localhost:{port}"
    if not live:
        os.environ["NEWSLETTER_SUMMARISER"] = "extractive"


def _start_redis(supervisor: Supervisor) -> bool:
    try:
        os.environ["REDIS_URL"] = start_redis(supervisor, FOLDER.absolute())
    except ConfigurationError as error:
        click.echo(f"{error}\nWithout it the demo runs the same stages in this process.")
        return False
    return True


def _set_up(*, live: bool) -> GatherReport:
    """Add topics and readers, and take in a week of papers."""
    from django.conf import settings
    from django.utils import timezone

    from newsletter.adapters.registry import paper_source
    from newsletter.pipeline.gather import gather_files, gather_papers

    now = timezone.now()
    # Every reader's slot falls on this day, and the sample week ends on the one before.
    slot_day = datetime.combine((now - LATEST_SLOT).date(), time_of_day.min, tzinfo=UTC)
    _add_subscribers(now=slot_day - timedelta(hours=1), weekday=WEEKDAYS[slot_day.weekday()])
    source = paper_source(settings.CONFIG)
    if live:
        click.echo("asking arXiv for the last 14 days (three seconds between pages) …")
        report = gather_papers(source, now=now, lookback=timedelta(days=14))
        if report.new and not report.failed:
            return report
        click.echo(
            f"arXiv gave nothing ({'; '.join(report.errors) or 'no papers'}): using the sample week instead"
        )
    from newsletter.sample.newsroom import write_week

    files = write_week(FOLDER, last_day=slot_day.date() - timedelta(days=1))
    return gather_files(source, paths=[str(path) for path in files], now=now)


def _add_subscribers(*, now: datetime, weekday: str) -> None:
    from newsletter.audience.topics import add_topic
    from newsletter.core.arxiv.papers import PaperRecord
    from newsletter.models.taste import Act, Source
    from newsletter.sample.newsroom import newsroom
    from newsletter.subscribers.add import add_by_operator
    from newsletter.subscribers.preferences import Preferences
    from newsletter.subscribers.taste.acts import act_on

    room = newsroom()
    kept = defaultdict[str, list[dict[str, Any]]](list)
    for paper in room.kept:
        kept[paper.pop("email")].append(paper)
    for topic in room.topics:
        names, groups = ({"zh-hans": topic.pop(each)} for each in ("name_zh", "group_zh"))
        add_topic(**topic, names=names, group_names=groups, now=now)
    for subscriber in room.subscribers:
        email, topics = subscriber.pop("email"), subscriber.pop("topics")
        subscriber["cadence"] = subscriber["cadence"].replace("weekly:mon", f"weekly:{weekday}")
        added = add_by_operator(
            email,
            topics=topics,
            preferences=Preferences.checked(**subscriber),
            source="newsletter demo",
            now=now,
        )
        papers = [
            PaperRecord(
                **paper,
                version=1,
                authors=(),
                primary_category=paper["categories"][0],
                published_at=now - timedelta(days=30),
                updated_at=now - timedelta(days=30),
            )
            for paper in kept[email]
        ]
        act_on(added, Act.SAVE, papers, source=Source.PAGE, now=now)


def _deliver(supervisor: Supervisor, *, has_redis: bool) -> None:
    """Let a Celery worker do the due work; without Redis do it here."""
    from django.conf import settings
    from django.utils import timezone

    if not has_redis:
        from newsletter.pipeline.context import Context
        from newsletter.pipeline.run import run_once

        run_once(Context(settings.CONFIG), now=timezone.now(), gather=False)
        return
    add_worker(supervisor)
    supervisor.start("worker")
    click.echo("a Celery worker is composing and delivering …")
    deadline = time.monotonic() + WAIT_SECONDS
    while not _is_done():
        if time.monotonic() > deadline:
            raise NewsletterError("the worker did not finish within a minute: see what it printed above")
        supervisor.tend()
        time.sleep(0.1)


def _due() -> QuerySet[Delivery]:
    """Return the digests whose slot has come; the worker plans those of the next hours too."""
    from django.utils import timezone

    from newsletter.models import Delivery

    return Delivery.objects.filter(slot_at__lte=timezone.now())


def _is_done() -> bool:
    from newsletter.models import Subscriber
    from newsletter.models.delivery import OPEN, State

    unfinished = _due().filter(state__in=(*OPEN, State.SENDING))
    return _due().count() >= Subscriber.objects.count() and not unfinished.exists()


def _report(gathered: GatherReport, *, seconds: float) -> None:
    """Print what happened as a small table, and the files to open."""
    from django.conf import settings
    from rich.console import Console
    from rich.table import Table

    from newsletter.models import Match, Paper, Summary

    withdrawn = Paper.objects.filter(is_withdrawn=True).count()
    matched = Match.objects.values("paper").distinct().count()
    click.echo(
        f"\n{gathered.new} papers gathered ({gathered.updated} revised, {withdrawn} withdrawn), "
        f"{matched} matched, "
        f"{Summary.objects.exclude(content=None).count()} summarised, in {seconds:.1f} s\n"
    )
    table = Table(box=None, pad_edge=False)
    for heading in ("reader", "cadence", "language"):
        table.add_column(heading)
    for heading in ("summarised", "listed", "counted", "of"):
        table.add_column(heading, justify="right")
    table.add_column("state")
    deliveries = _due().select_related("subscriber", "selection").order_by("subscriber__email_key")
    for each in deliveries:
        counts = [
            str(len(each.selected.shown(place))) for place in (Place.SUMMARIZED, Place.LISTED, Place.COUNTED)
        ]
        subscriber = each.subscriber
        if subscriber is not None:
            table.add_row(
                subscriber.email,
                subscriber.cadence,
                subscriber.language,
                *counts,
                str(each.selected.scanned),
                each.state,
            )
    Console(width=100).print(table)
    click.echo(f"\nThe mails are in {os.path.relpath(settings.CONFIG.outbox_folder)}:")
    for each in deliveries:
        click.echo(f"  {each.pk}.eml  {each.subject}")


def _serve(supervisor: Supervisor, *, port: int, has_redis: bool) -> None:
    """Keep the site up until a signal comes; without Redis there is only the site."""
    add_web(supervisor, host="127.0.0.1", port=port)
    if has_redis:
        add_transactional(supervisor)
        add_beat(supervisor)
    click.echo(f"\nOpen http://localhost:{port}/outbox/ (Ctrl-C stops everything).")
    supervisor.heed_signals()
    supervisor.run()
