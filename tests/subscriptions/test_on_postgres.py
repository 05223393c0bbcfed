"""Lists are taken in on PostgreSQL as on SQLite: the tests of importing once more, on a real server."""

from __future__ import annotations

from pathlib import Path

from tests.fakes.postgres import run_tests_on_postgres

FOLDER = Path(__file__).parent
SUITE = ("test_barring.py", "test_exports.py", "test_importing.py", "test_sheets.py", "test_erasing.py")


def test_imports_hold_on_postgresql(tmp_path: Path) -> None:
    run_tests_on_postgres([FOLDER / name for name in SUITE], data=tmp_path, timeout=300)
