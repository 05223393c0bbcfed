"""``newsletter subscriber import``: what it prints, its exit codes, and that an export comes back."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from newsletter.audience.topics import add_topic
from newsletter.cli import cli
from newsletter.models import Subscriber, Suppression
from newsletter.subscribers.records import CSV_COLUMNS

NOW = "2026-06-12T08:00:00Z"
EXPORTS = Path(__file__).parent.parent / "data" / "exports"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def topic(db: None) -> None:  # noqa: ARG001 - the database
    add_topic("heads", name="Heads", query="cat:cs.CV", now=datetime(2026, 6, 12, tzinfo=UTC))


def _import(path: Path, *options: str) -> Result:
    return CliRunner().invoke(cli, ["subscriber", "import", str(path), "--now", NOW, *options])


@pytest.fixture
def subscribers(tmp_path: Path) -> Path:
    path = tmp_path / "readers.csv"
    path.write_text("email,topics,consent_source\nada@example.org,heads,form\nbo@example.org,heads,form\n")
    return path


def test_it_says_how_many_and_exits_0(subscribers: Path) -> None:
    result = _import(subscribers)
    assert (result.exit_code, result.stdout) == (0, "Imported 2 readers.\n")
    assert Subscriber.objects.count() == 2


def test_into_an_empty_suppression_list_it_warns_on_stderr(subscribers: Path) -> None:
    assert "suppressions first" in _import(subscribers, "--dry-run").stderr
    Suppression.objects.create(email_hmac="x", reason="imported", at=datetime(2026, 6, 1, tzinfo=UTC))
    assert _import(subscribers).stderr == ""


def test_a_dry_run_says_so_and_writes_nothing(subscribers: Path) -> None:
    assert _import(subscribers, "--dry-run").stdout == "Would import 2 readers.\n"
    assert not Subscriber.objects.exists()


def test_bad_rows_are_listed_by_line_and_exit_1(subscribers: Path) -> None:
    with subscribers.open("a") as file:
        file.write("nobody,heads,form\ncy@example.org,heads,\n")
    result = _import(subscribers)
    assert result.exit_code == 1
    assert "Imported 2 readers." in result.stdout
    assert "line 4: 'nobody' is not an e-mail address" in result.stdout
    assert "line 5: no consent_source" in result.stdout


def test_as_json_it_is_one_object_also_when_it_exits_1(subscribers: Path) -> None:
    with subscribers.open("a") as file:
        file.write("nobody,heads,form\n")
    result = _import(subscribers, "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert (told["imported"], told["dry_run"]) == (2, False)
    assert [each["line"] for each in told["refused"]] == [4]


def test_a_wrong_column_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "readers.csv"
    path.write_text("email,topics,consent_source,colour\n")
    result = _import(path)
    assert result.exit_code == 1
    assert "unknown column 'colour'" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_suppressions_are_imported_and_then_refuse_subscribers(subscribers: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone.csv"
    gone.write_text("email,reason,date\nADA@example.org,unsubscribed,2024-01-02\n")
    result = _import(gone, "--suppressions")
    assert result.exit_code == 0
    assert result.stdout.startswith("Suppressed 1 address.")
    refused = _import(subscribers)
    assert refused.exit_code == 1
    assert "line 2: ada@example.org must not be mailed" in refused.stdout
    assert [subscriber.email for subscriber in Subscriber.objects.all()] == ["bo@example.org"]


def test_the_flag_may_stand_before_the_file(tmp_path: Path) -> None:
    gone = tmp_path / "gone.csv"
    gone.write_text("email\nada@example.org\n")
    result = CliRunner().invoke(cli, ["subscriber", "import", "--suppressions", str(gone), "--json"])
    assert json.loads(result.stdout) == {
        "added": 1,
        "known": 0,
        "active": 0,
        "unsubscribed": 0,
        "refused": [],
        "dry_run": False,
    }


def test_an_export_is_what_import_takes(subscribers: Path, tmp_path: Path) -> None:
    _import(subscribers)
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    CliRunner().invoke(cli, ["subscriber", "export", "--out", str(first)])
    Subscriber.objects.all().delete()
    assert _import(first).exit_code == 0
    CliRunner().invoke(cli, ["subscriber", "export", "--out", str(second)])
    assert second.read_bytes() == first.read_bytes()
    assert first.read_text(encoding="utf-8").splitlines() == [
        "email,topics,cadence,at,timezone,language,depth,max_papers,consent_source,name",
        "ada@example.org,heads,weekly:mon,08:00,UTC,en,takeaways,10,form,",
        "bo@example.org,heads,weekly:mon,08:00,UTC,en,takeaways,10,form,",
    ]


def test_an_export_holds_no_formula_and_imports_as_it_was(tmp_path: Path) -> None:
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    rows = [
        ("=1+1@example.org", "+49 list"),
        ("'-x@example.org", "=HYPERLINK(1)"),
        ("ada@example.org", "@lab"),
    ]
    for email, source in rows:
        options = ["--topics", "heads", "--consent-source", source]
        first.write_text(f"{email}\n")
        assert _import(first, *options).exit_code == 0
    CliRunner().invoke(cli, ["subscriber", "export", "--out", str(first)])
    with first.open(newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@")]
    Subscriber.objects.all().delete()
    assert _import(first).exit_code == 0
    stored = Subscriber.objects.values_list("email", "consents__source")
    assert sorted(stored) == sorted(rows)
    CliRunner().invoke(cli, ["subscriber", "export", "--out", str(second)])
    assert second.read_bytes() == first.read_bytes()


def test_an_export_of_another_service_is_imported_with_what_its_rows_lack() -> None:
    options = ["--topics", "heads", "--consent-source", "the lab's list"]
    result = _import(EXPORTS / "buttondown_subscribers.csv", *options)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "Imported 2 readers.",
        "Left there, and suppressed here: 4 addresses.",
        "Never confirmed there, and passed over: 1 row.",
    ]
    told = json.loads(_import(EXPORTS / "ghost_members.csv", *options, "--json").stdout)
    assert (told["imported"], told["left"], told["unsubscribed"], told["pending"]) == (0, 0, 0, 0)
    assert [each["line"] for each in told["refused"]] == [2, 3]


def test_an_export_without_topics_is_one_line_that_says_what_to_add() -> None:
    result = _import(EXPORTS / "ghost_members.csv")
    assert result.exit_code == 1
    assert "export of Ghost" in result.stderr
    assert all(option in result.stderr for option in ("--topics", "--consent-source"))
    assert len(result.stderr.splitlines()) == 1


def test_what_listmonk_does_not_tell_is_said() -> None:
    options = ["--topics", "heads", "--consent-source", "the lab's list"]
    assert "--every-row" in _import(EXPORTS / "listmonk_subscribers.csv", *options).stderr


@pytest.mark.parametrize(
    "options",
    [["--every-row"], ["--suppressions", "--topics", "heads"], ["--suppressions", "--consent-source", "x"]],
)
def test_options_of_the_other_kind_are_bad_use(subscribers: Path, options: list[str]) -> None:
    assert _import(subscribers, *options).exit_code == 2
    assert not Subscriber.objects.exists()


def test_suppressions_that_cannot_be_read_fail_the_command(tmp_path: Path) -> None:
    gone = tmp_path / "gone.txt"
    gone.write_text("Ada <ada@example.org>\nnobody\n")
    result = _import(gone, "--suppressions")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[0] == "Suppressed 1 address."
    assert "  line 2: 'nobody' is not an e-mail address" in result.stdout


def test_whoever_has_opted_out_cannot_be_added_one_by_one(tmp_path: Path) -> None:
    gone = tmp_path / "gone.csv"
    gone.write_text("email\nada@example.org\n")
    _import(gone, "--suppressions")
    result = CliRunner().invoke(cli, ["subscriber", "add", "Ada@Example.org", "--topics", "heads"])
    assert result.exit_code == 1
    assert "only the reader can come back" in result.stderr
    assert not Subscriber.objects.exists()


def test_its_help_names_every_column_and_an_example_that_imports(tmp_path: Path) -> None:
    shown = CliRunner().invoke(cli, ["subscriber", "import", "--help"]).stdout
    assert all(column in shown for column in CSV_COLUMNS)
    lines = [line.strip() for line in shown.splitlines()]
    start = lines.index("email,topics,consent_source")
    path = tmp_path / "example.csv"
    path.write_text("\n".join(lines[start : start + 2]).replace("talking-heads;language-agents", "heads"))
    assert _import(path).stdout == "Imported 1 reader.\n"
