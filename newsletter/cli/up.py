"""``newsletter up``: the whole service in one go, for a laptop or a lab."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import click

from newsletter.cli.session import Session, one_line_errors, start_django
from newsletter.cli.supervisor import Supervisor
from newsletter.errors import ConfigurationError

START_SECONDS = 10.0


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
def up(host: str, port: int) -> None:
    """Web, workers and scheduler in one go, with embedded Redis and SQLite unless configured."""
    with one_line_errors(Session(as_json=False, now=None)):
        supervisor = Supervisor(say=_say)
        environment = prepare(supervisor)
        add_services(supervisor, environment=environment, host=host, port=port)
        from django.conf import settings

        _say(f"serving {settings.CONFIG.base_url} on {host}:{port}; Ctrl-C stops everything")
        supervisor.run()


def prepare(supervisor: Supervisor) -> dict[str, str]:
    """Migrate, add topics to an empty service, start a Redis if none is configured; return the environment."""
    from newsletter.config import load_config

    config = load_config()
    environment = dict(os.environ)
    if not config.redis_url:
        environment["REDIS_URL"] = os.environ["REDIS_URL"] = _start_redis(supervisor, config.data_dir.absolute())
    start_django(migrated=False)
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    _add_first_topics()
    return environment


def _start_redis(supervisor: Supervisor, data_dir: Path) -> str:
    from newsletter.adapters.redis_server import server_command, socket_path

    data_dir.mkdir(parents=True, exist_ok=True)
    socket = socket_path(data_dir)
    socket.unlink(missing_ok=True)
    supervisor.add("redis", server_command(socket=socket), environment=os.environ)
    supervisor.start("redis")
    deadline = time.monotonic() + START_SECONDS
    while not socket.is_socket():
        if time.monotonic() > deadline:
            supervisor.stop_children()
            raise ConfigurationError(f"the embedded Redis did not start: is {data_dir} writable?")
        time.sleep(0.02)
    return f"unix://{socket}"


def _add_first_topics() -> None:
    from django.utils import timezone

    from newsletter.models import Topic
    from newsletter.topics import add_starter_topics

    if not Topic.objects.exists():
        added, _ = add_starter_topics(now=timezone.now())
        _say(f"added {added} starter topics")


def add_services(supervisor: Supervisor, *, environment: dict[str, str], host: str, port: int) -> None:
    """Add web, workers and scheduler; a worker of its own hands over what a person is waiting for."""
    from django.conf import settings

    python = [sys.executable, "-m"]
    gunicorn = [*python, "gunicorn", "newsletter.web.wsgi:application", "-c", "python:newsletter.web.gunicorn_config"]
    celery = [*python, "celery", "-A", "worker.app"]
    # Several services may share a machine: the node name keeps their workers apart.
    node = f"{os.getpid()}@%h"
    work = ["-Q", "gather,summarise,compose,deliver", "-c", "2", "-n", f"work-{node}"]
    notices = ["-Q", "notices", "-c", "1", "-n", f"notices-{node}"]
    quiet = ["--loglevel", "WARNING", "--without-gossip", "--without-mingle"]
    schedule = str(settings.DATA_DIR / "beat-schedule")
    supervisor.add("web", [*gunicorn, "--bind", f"{host}:{port}"], environment=environment)
    supervisor.add("worker", [*celery, "worker", *work, *quiet], environment=environment)
    supervisor.add("notices", [*celery, "worker", *notices, *quiet], environment=environment)
    supervisor.add("beat", [*celery, "beat", "-s", schedule, "--loglevel", "WARNING"], environment=environment)


def _say(line: str) -> None:
    click.echo(f"newsletter: {line}", err=True)
