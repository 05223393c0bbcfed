"""``newsletter init``: every answer is checked at once, and nothing is written before all is right."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner

from newsletter.cli import cli, init
from newsletter.config.env_file import read_env_file
from newsletter.models import Topic
from tests.cli.runner import newsletter
from tests.fakes.processes import processes
from tests.fakes.sendgrid_server import SendgridServer
from tests.fakes.smtp_server import SmtpServer

pytestmark = pytest.mark.django_db
GOOD = """
sender = "Our digest <digest@lab.example.net>"
postal_address = "Example Lab\\n1 Main Street"
operator = "op@lab.example.net"
mailer = "outbox"
topics = ["language-agents"]
NEWSLETTER_SPREAD = 0
"""


@pytest.fixture(autouse=True)
def _env_file_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # The command names the file in the environment, for the rest of its process.
    monkeypatch.setenv("NEWSLETTER_ENV_FILE", str(tmp_path / "env"))
    (tmp_path / "env").touch()


def answered(tmp_path: Path, text: str, *words: str) -> list[str]:
    path = tmp_path / "answers.toml"
    path.write_text(text)
    return ["init", "--answers", str(path), "--env-file", str(tmp_path / "env"), *words]


def test_answers_from_a_file_become_settings(tmp_path: Path) -> None:
    result = newsletter(*answered(tmp_path, GOOD, "--no-test", "--json"))
    assert (result.code, result.json["topics"]) == (0, 1)
    assert read_env_file(tmp_path / "env") == {
        "NEWSLETTER_FROM": "Our digest <digest@lab.example.net>",
        "NEWSLETTER_POSTAL_ADDRESS": "Example Lab 1 Main Street",
        "NEWSLETTER_OPERATOR_EMAIL": "op@lab.example.net",
        "NEWSLETTER_MAILER": "outbox",
        "NEWSLETTER_SPREAD": "0",
    }
    assert stat.S_IMODE((tmp_path / "env").stat().st_mode) == 0o600
    assert [topic.slug for topic in Topic.objects.all()] == ["language-agents"]
    assert ["newsletter up"] in [step["type"] for step in result.json["remains"]]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ('operator = "nobody"', "NEWSLETTER_OPERATOR_EMAIL is 'nobody'"),
        ('mailer = "pigeon"', "NEWSLETTER_MAILER is 'pigeon'"),
        ('mailer = "smtp"', "NEWSLETTER_SMTP_URL is needed"),
        ('mailer = "smtp"\nsmtp_url = "mail.example.net"', "NEWSLETTER_SMTP_URL: it does not begin"),
        ('mailer = "smtp"\nsmtp_url = "smtp://u:p@mail.example.net"', "NEWSLETTER_BASE_URL"),
        ('base_url = "https://a.example.net/path"', "NEWSLETTER_BASE_URL"),
        ('model_key = "<your key>"', "GEMINI_API_KEY"),
        ('topics = ["langauge-agents"]', "did you mean language-agents?"),
        ("topics = 3", "topics is 3"),
        ('sendr = "x"', "did you mean sender?"),
        ("NEWSLETTER_SPREAD = 99", "NEWSLETTER_SPREAD is '99'"),
        ("NEWSLETTER_SPRED = 1", "did you mean NEWSLETTER_SPREAD?"),
        ("operator = ", "is no TOML"),
    ],
)
def test_a_wrong_answer_is_one_line_and_nothing_is_written(tmp_path: Path, change: str, named: str) -> None:
    key = change.partition(" ")[0]
    kept = [line for line in GOOD.splitlines() if not line.startswith(f"{key} ")]
    result = newsletter(*answered(tmp_path, "\n".join([*kept, change])))
    assert result.code in (1, 2)
    assert named in result.line
    assert (tmp_path / "env").read_text() == ""
    assert not Topic.objects.exists()


def test_a_mailer_that_refuses_the_login_is_told_before_anything_is_written(tmp_path: Path) -> None:
    with SmtpServer(login=("ada", "secret")) as server, SendgridServer() as sendgrid:
        smtp = GOOD.replace('"outbox"', f'"smtp"\nsmtp_url = "{server.url.replace("secret", "wrong")}"')
        refused = newsletter(*answered(tmp_path, smtp))
        key = f'"sendgrid"\nsendgrid_api_key = "SG.no"\nNEWSLETTER_SENDGRID_HOST = "{sendgrid.url}"'
        base = 'base_url = "https://digest.lab.example.net"\n'
        wrong_key = newsletter(*answered(tmp_path, base + GOOD.replace('"outbox"', key)))
        assert (server.messages, sendgrid.requests) == ([], [])
    assert (refused.code, "535" in refused.line, "401" in wrong_key.line) == (1, True, True)
    assert (tmp_path / "env").read_text() == ""


def test_without_a_terminal_it_asks_for_a_file() -> None:
    result = newsletter("init")
    assert (result.code, "--answers FILE" in result.line) == (2, True)


def test_on_a_terminal_it_asks_again_until_it_can_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(init, "has_terminal", lambda: True)
    env_file = tmp_path / "env"
    env_file.write_text("NEWSLETTER_NAME=Kept\nNEWSLETTER_OPERATOR_EMAIL=old@lab.example.net\n")
    with SmtpServer(login=("ada", "secret")) as server:
        wrong = server.url.replace("secret", "wrong")
        typed = [
            "no address",
            "Our digest <digest@lab.example.net>",
            "1 Main Street",
            "",  # keeps what is there
            "http://localhost:8000",
            "pigeon",
            "smtp",
            *(wrong, "y", server.url),  # refused; another one
            "",  # no model
            "nothing-like-it",
            "none",
        ]
        # The test mail goes out by the settings of this process, whose mailer is the outbox.
        result = CliRunner().invoke(cli, ["init", "--env-file", str(env_file)], "\n".join(typed))
        assert result.exit_code == 0, result.output
    assert "It does not work: 127.0.0.1" in result.output
    assert "logged in as ada" in result.output
    assert "NEWSLETTER_FROM is 'no address'" in result.output
    assert "NEWSLETTER_MAILER is 'pigeon'" in result.output
    assert "no starter topic 'nothing-like-it'" in result.output
    assert "secret" not in result.output
    assert read_env_file(env_file)["NEWSLETTER_SMTP_URL"].startswith("smtp://ada:secret@")
    assert env_file.read_text().startswith(
        "NEWSLETTER_NAME=Kept\nNEWSLETTER_OPERATOR_EMAIL=old@lab.example.net\n"
    )


def test_a_whole_process_writes_tries_and_sends(tmp_path: Path) -> None:
    with SmtpServer(login=("ada", "secret")) as server, processes(tmp_path) as started:
        smtp = f'"smtp"\nsmtp_url = "{server.url}"\nPOSTGRES_PASSWORD = "letters"'
        words = answered(tmp_path, GOOD.replace('"outbox"', smtp), "--json")
        run = started.run(["newsletter", *words], environment={})
        assert run.returncode == 0, run.stderr
        [message] = server.messages
    report = json.loads(run.stdout)
    assert report["test_mail"]["accepted"] is True
    assert message.recipients == ("op@lab.example.net",)
    assert b"Subject: TEST: arXiv digest can send" in message.content
    assert "NEWSLETTER_SECRET_KEY" in report["written"], "Compose's database needs one that all share"
