"""What touches data keeps its promises on PostgreSQL too: its tests once more, on a real server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.postgres import run_tests_on_postgres

TESTS = Path(__file__).parent
SUITE = (
    "test_settings.py",
    "models/test_indexes.py",
    "models/test_migrations.py",
    "models/test_page_change.py",
    "models/test_set_based.py",
    "backup/test_drill.py",
    "backup/test_restore.py",
    "pipeline/compose/test_compose.py",
    "pipeline/compose/test_corrections.py",
    "pipeline/compose/test_counts.py",
    "pipeline/compose/test_lease.py",
    "pipeline/compose/test_message.py",
    "pipeline/compose/test_notices.py",
    "pipeline/compose/test_recompose.py",
    "pipeline/feedback/test_bounces.py",
    "pipeline/feedback/test_provider_events.py",
    "pipeline/feedback/test_events_races.py",
    "pipeline/send/test_bodies.py",
    "operating/test_why.py",
    "operating/test_counts.py",
    "operating/test_today.py",
    "pipeline/send/test_counts.py",
    "pipeline/send/test_decisions.py",
    "pipeline/send/test_journals.py",
    "pipeline/send/test_leaving_races.py",
    "pipeline/send/test_lost.py",
    "pipeline/send/test_stopped.py",
    "pipeline/send/test_pause.py",
    "pipeline/send/test_dates.py",
    "pipeline/send/test_send.py",
    "pipeline/send/test_deliver_races.py",
    "pipeline/send/test_outcomes.py",
    "pipeline/send/test_revoking_races.py",
    "pipeline/send/test_send_days.py",
    "pipeline/send/test_sendgrid.py",
    "pipeline/test_asking.py",
    "pipeline/test_gather.py",
    "pipeline/test_lease.py",
    "pipeline/test_match.py",
    "pipeline/test_odd_records.py",
    "pipeline/test_revisions.py",
    "pipeline/test_db_retry.py",
    "pipeline/test_schedule.py",
    "pipeline/test_weeks.py",
    "pipeline/test_search_index.py",
    "pipeline/test_query_burn.py",
    "pipeline/monitor/test_strangers.py",
    "pipeline/select/test_candidates.py",
    "pipeline/select/test_revised.py",
    "pipeline/select/test_select.py",
    "pipeline/select/test_taste.py",
    "pipeline/test_planning_ahead.py",
    "pipeline/summarize/test_full_text.py",
    "pipeline/summarize/test_html_migration.py",
    "pipeline/summarize/test_lookup.py",
    "pipeline/summarize/test_requests.py",
    "subscribers/test_describe.py",
    "subscribers/test_import_suppressions.py",
    "subscribers/test_operator_acts.py",
    "subscribers/test_erasing.py",
    "subscribers/test_foreign_exports.py",
    "subscribers/test_import_subscribers.py",
    "subscribers/test_csv_files.py",
    "subscribers/taste/test_acts.py",
    "subscribers/taste/test_forgetting.py",
    "subscribers/taste/test_imports.py",
    "subscribers/taste/test_mailed.py",
    "subscribers/taste/test_random_acts.py",
    "web/test_account.py",
    "web/test_bombing.py",
    "web/test_nul.py",
    "web/test_rendered.py",
    "web/test_revoked_links.py",
    "web/test_sendgrid_hook.py",
    "web/test_statements.py",
    "web/test_stored_links.py",
    "test_key_records.py",
    "audience/test_feedback_links.py",
    "audience/test_suppression.py",
    "worker/test_composing.py",
    "worker/test_outage.py",
    "worker/test_papers.py",
    "worker/test_refusing_database.py",
    "worker/test_sending.py",
    "worker/test_upkeep.py",
)


TIME = 1200


def half(number: int) -> list[Path]:
    """Return every other file: two workers share them."""
    return [TESTS / name for name in SUITE[number::2]]


@pytest.mark.timeout(TIME + 60)
def test_what_touches_data_holds_on_postgresql() -> None:
    run_tests_on_postgres(half(0), timeout=TIME)
