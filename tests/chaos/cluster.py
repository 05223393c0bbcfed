"""PostgreSQL, Redis, two workers, beat and a provider, as a machine room would have them."""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.chaos.events import KILLS, TROUBLES, draw
from tests.chaos.machines import IN_FLIGHT, Machines
from tests.chaos.newsroom import set_up_django, take_in_a_week
from tests.chaos.result import Result
from tests.fakes.postgres import postgres
from tests.fakes.processes import free_port, processes


def run_cluster(form: str, seed: int, digests: int, kills: int, seconds: float) -> Result:
    """Start everything, let the seed's events happen, wait until nothing is left to send, and judge."""
    events = draw(seed, mails=digests, kills=kills, by_kind=KILLS, troubles=TROUBLES)
    with cluster(form) as machines:
        prepare(machines, subscribers=digests)
        from tests.chaos.run import Run  # Django is set up by now

        machines.start_service()
        run = Run(machines, subscribers=digests, events=events)
        run.until_settled(deadline=time.monotonic() + seconds)
        return run.result(seed=seed, form=form)


SMTP_CONNECTIONS = 2
"""Of each sending process."""


@contextmanager
def cluster(form: str) -> Iterator[Machines]:
    """Yield machines of which the database, the broker and the provider run."""
    with (
        tempfile.TemporaryDirectory(prefix="chaos-") as name,
        postgres("-c", "track_commit_timestamp=on") as database,
        processes(Path(name)) as started,
    ):
        port = free_port()
        environment = _environment(form, folder=Path(name), database_url=database.url, port=port)
        connections = SMTP_CONNECTIONS if form == "smtp" else 1
        in_flight = {kind: requests * connections for kind, requests in IN_FLIGHT.items()}
        machines = Machines(started, database, environment, in_flight=in_flight)
        database.start()
        machines.start_broker()
        machines.start_provider(form, port=port)
        yield machines


def prepare(machines: Machines, *, subscribers: int, over: timedelta = timedelta()) -> None:
    """Fill the database: tables, papers, readers who are due now or in the time ``over``, and the witness."""
    set_up_django(machines.environment)
    take_in_a_week(machines.processes.folder)
    from tests.chaos import crowd, witness

    witness.set_up()
    crowd.add_subscribers(subscribers, now=datetime.now(UTC), over=over)


def _environment(form: str, *, folder: Path, database_url: str, port: int) -> dict[str, str]:
    by_form = {
        "sendgrid": {"SENDGRID_API_KEY": "SG.chaos", "NEWSLETTER_SENDGRID_HOST": f"http://127.0.0.1:{port}"},
        "smtp": {
            "NEWSLETTER_SMTP_URL": f"smtp://127.0.0.1:{port}?tls=off",
            "NEWSLETTER_SMTP_CONNECTIONS": str(SMTP_CONNECTIONS),
        },
    }
    return by_form[form] | {
        "DATABASE_URL": database_url,
        "REDIS_URL": f"unix://{folder / 'redis.sock'}",
        "NEWSLETTER_DATA_DIR": str(folder / "data"),
        "NEWSLETTER_SECRET_KEY": secrets.token_hex(16),
        "NEWSLETTER_BASE_URL": "https://digest.example.org",
        "NEWSLETTER_MAILER": form,
    }
