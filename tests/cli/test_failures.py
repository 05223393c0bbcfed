"""What is broken around the service: settings, folders, databases. One line each, and no traceback."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from django.db import OperationalError

from newsletter.cli.session import Session, command
from tests.fakes.processes import Processes, free_port, processes

KEY = "only for these tests"


def listed(started: Processes, environment: dict[str, str]) -> tuple[int, str]:
    """Return exit code and the one line of a command that cannot do its work."""
    run = started.run(["newsletter", "topic", "list", "--json"], environment=environment)
    assert list(json.loads(run.stdout)) == ["error"]
    [line] = run.stderr.splitlines()
    assert line == f"newsletter: {json.loads(run.stdout)['error']}"
    return run.returncode, line


def test_a_wrong_setting_is_bad_use(tmp_path: Path) -> None:
    with processes(tmp_path) as started:
        code, line = listed(started, {"NEWSLETTER_MAILR": "smtp"})
        assert (code, "NEWSLETTER_MAILER" in line) == (2, True)
    assert not (tmp_path / "var").exists()


def test_a_data_folder_that_cannot_be_made_names_the_setting(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with processes(tmp_path) as started:
        code, line = listed(started, {"NEWSLETTER_DATA_DIR": str(tmp_path / "file" / "data")})
    assert code == 2
    assert "NEWSLETTER_DATA_DIR" in line
    assert str(tmp_path / "file" / "data") in line


def test_a_corrupt_database_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "var").mkdir()
    path = tmp_path / "var" / "newsletter.sqlite3"
    path.write_bytes(b"This was a database once. " * 100)
    with processes(tmp_path) as started:
        code, line = listed(started, {})
    assert code == 1
    assert str(path) in line
    assert "backup" in line


def test_a_database_server_that_does_not_answer_is_one_line_without_the_password(tmp_path: Path) -> None:
    url = f"postgresql://user:s3cret@127.0.0.1:{free_port()}/name"
    with processes(tmp_path) as started:
        code, line = listed(started, {"DATABASE_URL": url, "NEWSLETTER_SECRET_KEY": KEY})
        assert code == 1
        assert "DATABASE_URL" in line
        assert "s3cret" not in line
        run = started.run(
            ["newsletter", "migrate"], environment={"DATABASE_URL": url, "NEWSLETTER_SECRET_KEY": KEY}
        )
        assert run.returncode == 1
        assert run.stderr == f"{line}\n"


def test_a_shared_database_without_tables_says_to_migrate(tmp_path: Path) -> None:
    path = tmp_path / "shared.sqlite3"
    sqlite3.connect(path).close()
    with processes(tmp_path) as started:
        code, line = listed(started, {"DATABASE_URL": f"sqlite:///{path}", "NEWSLETTER_SECRET_KEY": KEY})
    assert code == 1
    assert "newsletter migrate" in line


def test_two_first_commands_at_once_make_the_tables_once(tmp_path: Path) -> None:
    with processes(tmp_path) as started:
        for name in ("one", "two"):
            started.start(name, ["newsletter", "topic", "list"], environment={})
        running = list(started.running.values())
        codes = [each.process.wait(timeout=100) for each in running]
        assert codes == [0, 0], [each.said() for each in running]


@click.command()
@click.option("--kind")
@command
def breaking(session: Session, kind: str) -> None:
    """Break in one of several ways."""
    session.say("begun")
    raise {
        "locked": OperationalError("database is locked"),
        "full": OSError(28, "No space left on device", "/var/outbox"),
        "defect": ZeroDivisionError("division by zero"),
    }[kind]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "fragments"), [("locked", ["locked", "try again"]), ("full", ["/var/outbox", "No space left"])]
)
def test_what_can_be_foreseen_is_one_line(kind: str, fragments: list[str]) -> None:
    result = CliRunner().invoke(breaking, ["--json", "--kind", kind])
    assert result.exit_code == 1
    for part in fragments:
        assert part in json.loads(result.stdout)["error"]


@pytest.mark.django_db
def test_a_defect_keeps_its_traceback_and_still_answers_in_json() -> None:
    result = CliRunner().invoke(breaking, ["--json", "--kind", "defect"])
    assert isinstance(result.exception, ZeroDivisionError)
    assert json.loads(result.stdout) == {"error": "ZeroDivisionError: division by zero"}
