"""What the service keeps is for its own user alone."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from newsletter.config.private_files import make_private_folder
from tests.cli.runner import JOINED
from tests.conftest import MakeTables
from tests.fakes.processes import Processes, processes

DUE = "2026-06-22T08:00Z"


def open_to_others(folder: Path) -> list[str]:
    """Return what in a folder, itself included, another user may read, write or enter."""
    found = [folder, *folder.rglob("*")]
    return [f"{path} {path.stat().st_mode & 0o777:o}" for path in found if path.stat().st_mode & 0o077]


def done(started: Processes, *words: str) -> None:
    environment = {"NEWSLETTER_DATA_DIR": str(started.folder / "data")}
    run = started.run(["newsletter", *words], environment=environment)
    assert run.returncode == 0, run.stderr


def make_a_service_that_sends(started: Processes) -> None:
    done(started, "topic", "add", "heads", "--name", "Heads", "--query", "cat:cs.CV", "--now", JOINED)
    done(started, "subscriber", "add", "ada@example.org", "--topics", "heads", "--now", JOINED)
    done(started, "run", "--no-gather", "--now", DUE)


def test_nothing_that_a_service_writes_is_open_to_others(tmp_path: Path) -> None:
    with processes(tmp_path) as started:
        make_a_service_that_sends(started)
        done(started, "subscriber", "export", "--out", str(tmp_path / "data" / "readers.csv"))
        kept = {path.suffix for path in (tmp_path / "data").rglob("*")}
    assert {".sqlite3", ".eml", ".csv"} <= kept
    assert open_to_others(tmp_path / "data") == []


def test_what_an_earlier_version_left_open_is_closed(tmp_path: Path, make_tables: MakeTables) -> None:
    data = tmp_path / "data"
    make_tables(data)
    with processes(tmp_path) as started:
        make_a_service_that_sends(started)
        data.chmod(0o755)
        for name in ("newsletter.sqlite3", "secret_key"):
            (data / name).chmod(0o644)
        done(started, "topic", "list")
    assert open_to_others(data) == []


def test_a_folder_that_everybody_uses_stays_everybodys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (everybodys := tmp_path / "tmp").mkdir()
    everybodys.chmod(0o1777)
    (own := tmp_path / "home").mkdir()
    own.chmod(0o755)
    monkeypatch.setenv("HOME", str(own))
    for folder, mode in ((everybodys, 0o1777), (own, 0o755)):
        make_private_folder(folder)
        assert stat.S_IMODE(folder.stat().st_mode) == mode
