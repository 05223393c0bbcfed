"""The machine keeps its promises on PostgreSQL too: its tests once more, on a real server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.postgres import run_tests_on_postgres

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
    "../worker/test_composing.py",
    "../worker/test_papers.py",
    "../worker/test_sending.py",
    "../worker/test_upkeep.py",
)


@pytest.mark.timeout(660)
def test_delivery_holds_on_postgresql(tmp_path: Path) -> None:
    run_tests_on_postgres([FOLDER / name for name in SUITE], data=tmp_path, timeout=600)
