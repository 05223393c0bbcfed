"""``newsletter up``: the whole service in one go, for a laptop or a lab."""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Iterator
from datetime import UTC
from functools import partial
from pathlib import Path

import click

from newsletter.adapters.infra.supervisor import Supervisor
from newsletter.cli import services
from newsletter.cli.folder_lock import only_service_in
from newsletter.cli.services import load_shared, share
from newsletter.cli.session import Session, one_line_errors, start_django
from newsletter.cli.start import say_if_new
from newsletter.errors import ConfigurationError

START_SECONDS = 10.0


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
def up(host: str, port: int) -> None:
    """Web, workers and scheduler in one go, with embedded Redis and SQLite unless configured."""
    from newsletter.config import load_config

    with (
        one_line_errors(Session(as_json=False, now=None)),
        only_service_in(load_config().data_dir.absolute()),
        Supervisor(say=_say) as supervisor,
    ):
        supervisor.heed_signals()
        ensure_free(host, port)
        _link_to_port(port)
        prepare(supervisor)
        add_web(supervisor, host=host, port=port)
        add_worker(supervisor)
        add_transactional(supervisor)
        add_beat(supervisor)
        _say(f"starting {os.environ['NEWSLETTER_BASE_URL']}; Ctrl-C stops everything")
        supervisor.run()


def _what_there_is(base_url: str) -> Iterator[tuple[str, str]]:
    """Yield where things are, how mails leave, and what comes next."""
    from django.conf import settings
    from django.contrib.auth.models import User
    from django.utils import timezone

    from newsletter.models import Subscriber
    from newsletter.models.subscriber import Status
    from newsletter.operating.today import next_gather, overdue_subscribers

    config, now = settings.CONFIG, timezone.now()
    yield "site", f"{base_url}/"
    hint = "" if User.objects.filter(is_staff=True).exists() else "   (no user yet: newsletter createadmin)"
    yield "admin", f"{base_url}/admin/{hint}"
    if config.mailer == "outbox":
        yield "outbox", f"{base_url}/outbox/"
        yield "mailer", f"outbox: mails stay in {config.outbox_folder} (newsletter init sets up another)"
    else:
        yield "mailer", f"{config.mailer}, as {config.sender}"
    asks_at = next_gather(now)
    yield (
        "next gather",
        f"{asks_at.astimezone(UTC):%a %d %b %H:%M} UTC" if asks_at and asks_at > now else "at once",
    )
    slots = Subscriber.objects.filter(status=Status.ACTIVE, next_slot_at__gte=now).order_by("next_slot_at")
    if (first := slots.first()) and first.next_slot_at:
        number = slots.filter(next_slot_at=first.next_slot_at).count()
        readers = "1 reader" if number == 1 else f"{number:,} readers"
        yield "next slot", f"{first.next_slot_at.astimezone(UTC):%a %d %b %H:%M} UTC, {readers}"
    elif overdue := overdue_subscribers(now):
        yield "next slot", f"{'1 is' if overdue == 1 else f'{overdue:,} are'} due now"
    else:
        yield "next slot", f"none: nobody reads yet; join at {base_url}/"


def ensure_free(host: str, port: int) -> None:
    """Raise ConfigurationError when the web server cannot listen there: it would be restarted for ever."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ConfigurationError(
                f"port {port} of {host} is in use: choose another with --port"
            ) from error
        raise ConfigurationError(f"cannot listen on {host}, port {port}: {error.strerror}") from error


def _link_to_port(port: int) -> None:
    """Let links lead to this port, unless the settings name the base URL."""
    from newsletter.config import Config, load_config

    base_url = load_config().base_url
    is_default = base_url == Config.model_fields["base_url"].default
    os.environ["NEWSLETTER_BASE_URL"] = f"http://localhost:{port}" if is_default else base_url


def prepare(supervisor: Supervisor) -> None:
    """Start a Redis if none is configured; bring the database up to date while the services' code loads."""
    from newsletter.config import load_config

    config = load_config()
    if not config.redis_url:
        os.environ["REDIS_URL"] = start_redis(supervisor, config.data_dir.absolute())
    start_django(migrated=False)
    wait = supervisor.finish("prepare", _prepare_database)
    load_shared()
    wait()
    share()


def _prepare_database() -> None:
    """Migrate, check the key, add topics to an empty service."""
    from django.db.utils import OperationalError

    from newsletter.adapters.infra.broker import publish_gather_if_due
    from newsletter.models.tables import bring_up_to_date

    with one_line_errors(Session(as_json=False, now=None)):
        try:
            say_if_new()
            bring_up_to_date()
        except OperationalError as error:
            raise ConfigurationError(
                f"the database does not answer: {str(error).strip().splitlines()[0]}"
            ) from None
        start_django()  # checks the key, now that there are tables
        _add_first_topics()
        # The scheduler would publish the first tasks only later.
        publish_gather_if_due()
        for name, words in _what_there_is(os.environ["NEWSLETTER_BASE_URL"]):
            _say(f"{name:<12} {words}")


def start_redis(supervisor: Supervisor, data_dir: Path) -> str:
    """Start the embedded Redis as the first child and return its address once it listens."""
    from newsletter.adapters.infra.redis_server import server_command, socket_path

    path = socket_path(data_dir)
    command = server_command(socket=path)
    path.unlink(missing_ok=True)
    supervisor.add_command("redis", command, environment=os.environ)
    supervisor.start("redis")
    deadline = time.monotonic() + START_SECONDS
    while not path.is_socket():
        if time.monotonic() > deadline:
            raise ConfigurationError(f"the embedded Redis did not start: is {data_dir} writable?")
        time.sleep(0.02)
    return f"unix://{path}"


def _add_first_topics() -> None:
    from django.utils import timezone

    from newsletter.audience.topics import add_starter_topics
    from newsletter.models import Topic

    if not Topic.objects.exists():
        added, _ = add_starter_topics(now=timezone.now())
        _say(f"added {added} starter topics")


def add_web(supervisor: Supervisor, *, host: str, port: int) -> None:
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    supervisor.add("web", partial(services.web, address))


def add_worker(supervisor: Supervisor) -> None:
    supervisor.add("worker", partial(services.work, services.QUEUES, processes=2))


def add_transactional(supervisor: Supervisor) -> None:
    """Add the worker reserved for transactional mail."""
    supervisor.add("transactional", partial(services.work, "transactional", processes=1))


def add_beat(supervisor: Supervisor) -> None:
    supervisor.add("beat", services.beat)


def _say(line: str) -> None:
    click.echo(f"newsletter: {line}", err=True)
