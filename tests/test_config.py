"""Settings: read, typed, and refused with one line that says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from newsletter.config import Config, load_config
from newsletter.errors import ConfigurationError


def load(tmp_path: Path, **environ: str) -> Config:
    return load_config(environ, env_file=tmp_path / ".env")


def test_it_starts_without_any_setting(tmp_path: Path) -> None:
    config = load(tmp_path)
    assert (config.mailer, config.summariser_name, config.arxiv_interval) == ("outbox", "extractive", 3.0)
    assert config.outbox_folder == Path("var/outbox")


def test_a_gemini_key_chooses_gemini(tmp_path: Path) -> None:
    assert load(tmp_path, GEMINI_API_KEY="k").summariser_name == "gemini"


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("NEWSLETTER_NAME=From file\nNEWSLETTER_REPLY_TO=a@example.org\n")
    config = load(tmp_path, NEWSLETTER_NAME="From environment")
    assert (config.name, config.reply_to) == ("From environment", "a@example.org")


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("s3cret\n")
    assert load(tmp_path, GEMINI_API_KEY_FILE=str(secret)).gemini_api_key == "s3cret"


def test_an_empty_value_is_no_value(tmp_path: Path) -> None:
    assert load(tmp_path, NEWSLETTER_SEND_RATE="", NEWSLETTER_MAILER=" ").mailer == "outbox"


@pytest.mark.parametrize(
    ("environ", "parts"),
    [
        ({"NEWSLETTER_MALIER": "smtp"}, ["NEWSLETTER_MALIER", "NEWSLETTER_MAILER"]),
        ({"NEWSLETTER_MAILER": "pigeon"}, ["NEWSLETTER_MAILER", "pigeon", "outbox", "smtp", "sendgrid"]),
        ({"NEWSLETTER_ARXIV_INTERVAL": "soon"}, ["NEWSLETTER_ARXIV_INTERVAL", "soon"]),
        ({"NEWSLETTER_ARXIV_INTERVAL": "1"}, ["NEWSLETTER_ARXIV_INTERVAL", "1", "3 seconds"]),
        ({"NEWSLETTER_ARXIV_INTERVAL": "-1"}, ["NEWSLETTER_ARXIV_INTERVAL", "-1"]),
        ({"NEWSLETTER_ARXIV_INTERVAL": "nan"}, ["NEWSLETTER_ARXIV_INTERVAL", "nan"]),
        ({"NEWSLETTER_BASE_URL": "example.org"}, ["NEWSLETTER_BASE_URL", "example.org", "https://"]),
        ({"NEWSLETTER_MAILER": "smtp"}, ["NEWSLETTER_SMTP_URL"]),
        ({"NEWSLETTER_MAILER": "sendgrid"}, ["SENDGRID_API_KEY"]),
        ({"NEWSLETTER_MAILER": "sendgrid", "SENDGRID_API_KEY": "k"}, ["NEWSLETTER_BASE_URL", "https://"]),
        ({"DATABASE_URL": "postgresql://u@h/d"}, ["NEWSLETTER_SECRET_KEY"]),
        ({"NEWSLETTER_SUMMARISER": "gemini"}, ["GEMINI_API_KEY"]),
        ({"NEWSLETTER_DOMAIN_RATES": "gmail.com"}, ["NEWSLETTER_DOMAIN_RATES", "gmail.com=5"]),
        ({"NEWSLETTER_DOMAIN_RATES": "gmail.com=fast"}, ["NEWSLETTER_DOMAIN_RATES", "gmail.com=5"]),
        ({"NEWSLETTER_DOMAIN_RATES": "gmail.com=-1"}, ["NEWSLETTER_DOMAIN_RATES", "gmail.com=5"]),
        ({"NEWSLETTER_DOMAIN_RATES": "@gmail.com=5"}, ["NEWSLETTER_DOMAIN_RATES", "gmail.com=5"]),
        ({"NEWSLETTER_DOMAIN_RATES": "gmail.com=1e-9"}, ["NEWSLETTER_DOMAIN_RATES", "0.001 or more"]),
        ({"NEWSLETTER_SEND_RATE": "1e-9"}, ["NEWSLETTER_SEND_RATE", "0.001"]),
        ({"NEWSLETTER_SEND_RATE": "inf"}, ["NEWSLETTER_SEND_RATE", "inf"]),
        ({"NEWSLETTER_RETENTION_EVENTS_DAYS": "9" * 11}, ["NEWSLETTER_RETENTION_EVENTS_DAYS", "36500"]),
        ({"NEWSLETTER_RETENTION_DIGESTS_DAYS": "9" * 11}, ["NEWSLETTER_RETENTION_DIGESTS_DAYS", "36500"]),
        ({"NEWSLETTER_BASE_URL": "http://h/?a=b"}, ["NEWSLETTER_BASE_URL", "http://h/?a=b", "without ?"]),
        ({"NEWSLETTER_BASE_URL": "http://[::1"}, ["NEWSLETTER_BASE_URL", "http://[::1", "https://"]),
        ({"NEWSLETTER_BASE_URL": "http://h:port"}, ["NEWSLETTER_BASE_URL", "http://h:port", "https://"]),
        ({"NEWSLETTER_SMTP_URL": "smpt://host"}, ["NEWSLETTER_SMTP_URL", "smtps://"]),
        ({"NEWSLETTER_MAILER": "smtp", "NEWSLETTER_SMTP_URL": "smtp://u:p@[h"}, ["NEWSLETTER_SMTP_URL"]),
        ({"DATABASE_URL": "mysql://u@h/d", "NEWSLETTER_SECRET_KEY": "k"}, ["DATABASE_URL", "postgresql://"]),
        ({"REDIS_URL": "localhost"}, ["REDIS_URL", "redis://"]),
        ({"NEWSLETTER_SECRET_KEY": "new,"}, ["NEWSLETTER_SECRET_KEY", "commas"]),
        ({"NEWSLETTER_REPLY_TO": "Ada"}, ["NEWSLETTER_REPLY_TO", "Ada"]),
        ({"NEWSLETTER_SENDGRID_SANDBOX": "yes"}, ["NEWSLETTER_SENDGRID_SANDBOX", "yes", "'off' or 'on'"]),
        ({"NEWSLETTER_OPERATOR_EMAIL": "Ada"}, ["NEWSLETTER_OPERATOR_EMAIL", "Ada", "editor@example.org"]),
        ({"NEWSLETTER_FROM": "nobody"}, ["NEWSLETTER_FROM", "nobody"]),
        ({"GEMINI_API_KEY_FILE": "/nowhere/key"}, ["GEMINI_API_KEY_FILE", "/nowhere/key"]),
    ],
)
def test_a_wrong_setting_is_refused_in_one_line(
    tmp_path: Path, environ: dict[str, str], parts: list[str]
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, **environ)
    line = str(caught.value)
    assert "\n" not in line
    assert all(part in line for part in parts), line


def test_a_short_interval_is_fine_away_from_arxiv(tmp_path: Path) -> None:
    local = "http://127.0.0.1:9"
    config = load(
        tmp_path,
        NEWSLETTER_ARXIV_INTERVAL="0.05",
        NEWSLETTER_ARXIV_API_URL=local,
        NEWSLETTER_ARXIV_PDF_URL=local,
        NEWSLETTER_ARXIV_OAI_URL=local,
    )
    assert config.arxiv_interval == pytest.approx(0.05)


def test_a_secret_is_never_repeated(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, NEWSLETTER_MAILER="smtp", NEWSLETTER_SMTP_URL="smtp://u:hunter2@mx.example.org")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        "NEWSLETTER MAILER=smtp",
        "NEWSLETTER_MAILER: smtp",
        'NEWSLETTER_NAME="s3cret',
        "NEWSLETTER_NAME='s3cret",
        "NEWSLETTER_NAME='s3cret' too",
    ],
)
def test_a_line_of_the_file_that_cannot_be_read_stops_the_start_and_is_not_shown(
    tmp_path: Path, line: str
) -> None:
    (tmp_path / ".env").write_text(f"# the newsroom's\n\nNEWSLETTER_REPLY_TO=a@example.org\n{line}\nX=1\n")
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path)
    said = str(caught.value)
    assert f"{tmp_path / '.env'}, line 4 cannot be read: write NAME=value" in said
    assert "\n" not in said
    assert "s3cret" not in said


def test_a_file_that_is_no_text_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"NEWSLETTER_NAME=caf\xe9\n")
    with pytest.raises(ConfigurationError, match="UTF-8"):
        load(tmp_path)


def test_comments_quotes_and_exports_in_the_file_are_fine(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "# NEWSLETTER_MAILER: smtp\nexport NEWSLETTER_NAME = 'Our \"digest\"' # ours\nEMPTY=\nALONE\n"
    )
    assert load(tmp_path).name == 'Our "digest"'
