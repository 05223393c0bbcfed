"""Links and caps on PostgreSQL too: their tests once more, on a real server."""

from __future__ import annotations

from pathlib import Path

from tests.fakes.postgres import run_tests_on_postgres

FOLDER = Path(__file__).parent
SUITE = (
    "test_account.py",
    "test_bombing.py",
    "test_revoked_links.py",
    "test_stored_links.py",
    "../pipeline/sending/test_revoking_races.py",
)


def test_links_hold_on_postgresql(tmp_path: Path) -> None:
    run_tests_on_postgres([FOLDER / name for name in SUITE], data=tmp_path, timeout=600)
