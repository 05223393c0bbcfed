"""What touches data keeps its promises on PostgreSQL too: its tests once more, on a real server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.postgres import run_tests_on_postgres

TESTS = Path(__file__).parent
SUITE = (
    "pipeline/composing/test_taking.py",
    "pipeline/feedback/test_bounces.py",
    "pipeline/feedback/test_events.py",
    "pipeline/feedback/test_events_races.py",
    "pipeline/sending/test_brake.py",
    "pipeline/sending/test_dates.py",
    "pipeline/sending/test_deliver.py",
    "pipeline/sending/test_deliver_races.py",
    "pipeline/sending/test_outcomes.py",
    "pipeline/sending/test_revoking_races.py",
    "pipeline/sending/test_send_days.py",
    "pipeline/sending/test_sendgrid.py",
    "pipeline/test_asking.py",
    "pipeline/test_gather.py",
    "pipeline/test_leases.py",
    "pipeline/test_odd_records.py",
    "pipeline/test_patience.py",
    "pipeline/test_plan.py",
    "pipeline/test_query_burn.py",
    "pipeline/watching/test_strangers.py",
    "subscriptions/test_barring.py",
    "subscriptions/test_erasing.py",
    "subscriptions/test_exports.py",
    "subscriptions/test_importing.py",
    "subscriptions/test_sheets.py",
    "web/test_account.py",
    "web/test_bombing.py",
    "web/test_nul.py",
    "web/test_revoked_links.py",
    "web/test_sendgrid_hook.py",
    "web/test_stored_links.py",
    "test_key_records.py",
    "test_suppressions.py",
    "worker/test_composing.py",
    "worker/test_papers.py",
    "worker/test_sending.py",
    "worker/test_upkeep.py",
)


@pytest.mark.timeout(960)
def test_what_touches_data_holds_on_postgresql() -> None:
    run_tests_on_postgres([TESTS / name for name in SUITE], timeout=900)
