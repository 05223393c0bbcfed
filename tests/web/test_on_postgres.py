"""Attacks whose outcome the database decides, once more on a real PostgreSQL."""

from __future__ import annotations

from pathlib import Path

from tests.fakes.postgres import run_tests_on_postgres

FOLDER = Path(__file__).parent
SUITE = ("test_nul.py", "../pipeline/watching/test_strangers.py", "../pipeline/test_query_burn.py")


def test_attacks_fail_on_postgresql(tmp_path: Path) -> None:
    run_tests_on_postgres([FOLDER / name for name in SUITE], data=tmp_path, timeout=600)
