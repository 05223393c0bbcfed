"""Settings: read, typed, and refused with one line that says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from newsletter.config import Config, load_config
from newsletter.errors import ConfigurationError

ROOT = Path(__file__).resolve().parents[2]
STRONG = "3f9c1be07d52a84f6e1d"
REMOTE = {
    "NEWSLETTER_MAILER": "smtp",
    "NEWSLETTER_SMTP_URL": "smtp://u:p@mx.example.org:587",
    "NEWSLETTER_BASE_URL": "https://digest.example.org",
    "NEWSLETTER_FROM": "digest@example.org",
}
"""Mail that leaves this machine."""


def load(tmp_path: Path, **environ: str) -> Config:
    return load_config(environ, env_file=tmp_path / ".env")


def test_it_starts_without_any_setting(tmp_path: Path) -> None:
    config = load(tmp_path)
    assert (config.mailer, config.summariser_name, config.arxiv_interval) == ("outbox", "extractive", 3.0)
    assert config.outbox_folder == ROOT / "var" / "outbox"


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
        ({"NEWSLETTER_SPREAD": "31"}, ["NEWSLETTER_SPREAD", "31", "30"]),
        ({"NEWSLETTER_SPREAD": "-1"}, ["NEWSLETTER_SPREAD", "-1", "0"]),
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
        (
            {"NEWSLETTER_BASE_URL": "https://h.example/digest"},
            ["NEWSLETTER_BASE_URL", "without a path", "proxy"],
        ),
        ({"NEWSLETTER_BASE_URL": "http://h/a/"}, ["NEWSLETTER_BASE_URL", "without a path"]),
        ({"NEWSLETTER_BASE_URL": "http://u:p@h"}, ["NEWSLETTER_BASE_URL", "without a path"]),
        ({"NEWSLETTER_SECRET_KEY": "x"}, ["NEWSLETTER_SECRET_KEY", "openssl rand -hex 32"]),
        ({"NEWSLETTER_SECRET_KEY": "change-me"}, ["NEWSLETTER_SECRET_KEY", "openssl rand"]),
        ({"NEWSLETTER_SECRET_KEY": "x" * 64}, ["NEWSLETTER_SECRET_KEY", "random"]),
        ({"NEWSLETTER_SECRET_KEY": "please-change-me-before-use"}, ["NEWSLETTER_SECRET_KEY", "placeholder"]),
        ({"NEWSLETTER_SECRET_KEY": "changeme1234567890"}, ["NEWSLETTER_SECRET_KEY", "placeholder"]),
        ({"NEWSLETTER_SECRET_KEY": "change_me_to_something_long"}, ["NEWSLETTER_SECRET_KEY", "placeholder"]),
        ({"NEWSLETTER_SECRET_KEY": "secretsecretsecret"}, ["NEWSLETTER_SECRET_KEY", "random"]),
        ({"NEWSLETTER_SECRET_KEY": "12345678901234567890"}, ["NEWSLETTER_SECRET_KEY", "random"]),
        ({"NEWSLETTER_SECRET_KEY": "abcdeabcdeabcdeabcde"}, ["NEWSLETTER_SECRET_KEY", "random"]),
        ({"NEWSLETTER_SECRET_KEY": "<a long and random string>"}, ["NEWSLETTER_SECRET_KEY", "placeholder"]),
        ({"NEWSLETTER_SECRET_KEY": f"x,{STRONG}"}, ["NEWSLETTER_SECRET_KEY", "random"]),
        ({"NEWSLETTER_OUTBOX_TOKEN": "token"}, ["NEWSLETTER_OUTBOX_TOKEN", "openssl rand"]),
        ({"NEWSLETTER_METRICS_TOKEN": "aaaaaaaaaaaaaaaaaaaa"}, ["NEWSLETTER_METRICS_TOKEN", "random"]),
        (
            {"NEWSLETTER_METRICS_TOKEN": "this is a sentence"},
            ["NEWSLETTER_METRICS_TOKEN", "letters and digits"],
        ),
        ({"GEMINI_API_KEY": "your-api-key"}, ["GEMINI_API_KEY", "placeholder"]),
        ({"SENDGRID_API_KEY": "<SendGrid key>"}, ["SENDGRID_API_KEY", "placeholder"]),
        ({"NEWSLETTER_SMTP_URL": "smtp://u:changeme@h"}, ["NEWSLETTER_SMTP_URL", "placeholder"]),
        ({"NEWSLETTER_OPERATOR_EMAIL": "root@localhost"}, ["NEWSLETTER_OPERATOR_EMAIL", "root@localhost"]),
        ({"NEWSLETTER_CANARY_EMAIL": "canary@lab"}, ["NEWSLETTER_CANARY_EMAIL", "canary@lab"]),
        (REMOTE | {"NEWSLETTER_FROM": "root@localhost"}, ["NEWSLETTER_FROM", "root@localhost"]),
        (REMOTE | {"NEWSLETTER_FROM": ""}, ["NEWSLETTER_FROM", "digest@localhost"]),
        (REMOTE | {"NEWSLETTER_REPLY_TO": "me@my-pc.local"}, ["NEWSLETTER_REPLY_TO", "me@my-pc.local"]),
        (REMOTE | {"NEWSLETTER_BOUNCE_ADDRESS": "b@localhost"}, ["NEWSLETTER_BOUNCE_ADDRESS"]),
        (REMOTE | {"NEWSLETTER_BASE_URL": "https://[::1]"}, ["NEWSLETTER_BASE_URL", "cannot reach"]),
        (REMOTE | {"NEWSLETTER_BASE_URL": "https://localhost"}, ["NEWSLETTER_BASE_URL", "cannot reach"]),
        ({"NEWSLETTER_BASE_URL": "https://${HOST}"}, ["NEWSLETTER_BASE_URL", "${HOST}"]),
        ({"NEWSLETTER_SECRET_KEY": "${SECRET_FROM_THE_VAULT}"}, ["NEWSLETTER_SECRET_KEY", "${SECRET_FROM"]),
        ({"NEWSLETTER_REPLY_TO": "Ada"}, ["NEWSLETTER_REPLY_TO", "Ada"]),
        ({"NEWSLETTER_SENDGRID_SANDBOX": "yes"}, ["NEWSLETTER_SENDGRID_SANDBOX", "yes", "'off' or 'on'"]),
        ({"NEWSLETTER_OPERATOR_EMAIL": "Ada"}, ["NEWSLETTER_OPERATOR_EMAIL", "Ada", "editor@example.org"]),
        ({"NEWSLETTER_FROM": "nobody"}, ["NEWSLETTER_FROM", "nobody"]),
        ({"NEWSLETTER_FROM": "a@b.org <c@d.org>"}, ["NEWSLETTER_FROM", "one address"]),
        ({"NEWSLETTER_FROM": "a@b.org Bcc: x@y.z"}, ["NEWSLETTER_FROM", "one address"]),
        ({"NEWSLETTER_FROM": "A <a@b.org>, B <c@d.org>"}, ["NEWSLETTER_FROM", "one address"]),
        ({"NEWSLETTER_FROM": "A <a@b.org> trailing"}, ["NEWSLETTER_FROM", "one address"]),
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


@pytest.mark.parametrize("local", ["http://127.0.0.1:9", "http://stand-in-for-arxiv.org"])
def test_a_short_interval_is_fine_away_from_arxiv(tmp_path: Path, local: str) -> None:
    config = load(
        tmp_path,
        NEWSLETTER_ARXIV_INTERVAL="0.05",
        NEWSLETTER_ARXIV_API_URL=local,
        NEWSLETTER_ARXIV_HTML_URL=local,
        NEWSLETTER_ARXIV_OAI_URL=local,
    )
    assert config.arxiv_interval == pytest.approx(0.05)


def test_a_setting_of_earlier_versions_is_accepted_and_said_to_do_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    load(tmp_path, NEWSLETTER_ARXIV_PDF_URL="https://export.arxiv.org/pdf")
    assert caplog.messages == [
        "NEWSLETTER_ARXIV_PDF_URL does nothing any more: full texts are read at NEWSLETTER_ARXIV_HTML_URL"
    ]


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


def test_a_weak_key_is_retired_by_a_strong_one_in_front_of_it(tmp_path: Path) -> None:
    assert load(tmp_path, NEWSLETTER_SECRET_KEY=f"{STRONG}, x").secret_key == f"{STRONG}, x"


@pytest.mark.parametrize(
    "environ",
    [
        {"NEWSLETTER_FROM": "me@localhost"},
        {"NEWSLETTER_BASE_URL": "http://localhost:8000/"},
        {"NEWSLETTER_MAILER": "smtp", "NEWSLETTER_SMTP_URL": "smtp://localhost?tls=off"},
        {
            "NEWSLETTER_MAILER": "smtp",
            "NEWSLETTER_SMTP_URL": "smtp://127.0.0.1?tls=off",
            "NEWSLETTER_FROM": "root@localhost",
            "NEWSLETTER_OPERATOR_EMAIL": "root@localhost",
        },
        REMOTE,
    ],
)
def test_an_address_at_localhost_is_fine_where_mail_stays_on_this_machine(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    load(tmp_path, **environ)


def test_a_site_without_a_name_is_reached_by_its_address(tmp_path: Path) -> None:
    remote = REMOTE | {"NEWSLETTER_BASE_URL": "https://[2001:db8::5]"}
    assert load(tmp_path, **remote).base_url == "https://[2001:db8::5]"


def test_a_site_whose_name_has_umlauts_is_called_as_browsers_call_it(tmp_path: Path) -> None:
    config = load(tmp_path, NEWSLETTER_BASE_URL="https://Bücher.example:8443/")
    assert config.base_url == "https://xn--bcher-kva.example:8443"
    with pytest.raises(ConfigurationError, match="NEWSLETTER_BASE_URL"):
        load(tmp_path, NEWSLETTER_BASE_URL="https://…")


def test_a_name_in_the_file_is_filled_in(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "HOST=digest.example.org\nNEWSLETTER_BASE_URL=https://${HOST}\nNEWSLETTER_NAME=${OURS:-Ours}\n"
    )
    config = load(tmp_path)
    assert (config.base_url, config.name) == ("https://digest.example.org", "Ours")


@pytest.mark.parametrize(
    "text",
    [
        "NEWSLETTER_BASE_URL=https://${HOST_NOWHERE}\n",
        "NEWSLETTER_REPLY_TO=${HOST_NOWHERE}\nHOST_NOWHERE=h\n",
    ],
)
def test_a_name_in_the_file_that_nothing_fills_in_stops_the_start(tmp_path: Path, text: str) -> None:
    (tmp_path / ".env").write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path)
    said = str(caught.value)
    assert text.partition("=")[0] in said
    assert "${HOST_NOWHERE}" in said
    assert "\n" not in said


def test_a_form_that_is_not_filled_in_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("NEWSLETTER_NAME=${OURS:?say it}\n")
    with pytest.raises(ConfigurationError, match=r"NEWSLETTER_NAME still holds \$\{OURS"):
        load(tmp_path)


def test_relative_paths_in_the_file_begin_at_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "key").write_text("s3cret-s3cret")
    (tmp_path / ".env").write_text(
        "NEWSLETTER_DATA_DIR=./data\nNEWSLETTER_OUTBOX_DIR=mails\nGEMINI_API_KEY_FILE=key\n"
        f"DATABASE_URL=sqlite:///own.sqlite3\nNEWSLETTER_SECRET_KEY={STRONG}\n"
    )
    monkeypatch.chdir("/")
    config = load(tmp_path)
    assert (config.data_dir, config.outbox_folder) == (tmp_path / "data", tmp_path / "mails")
    assert config.gemini_api_key == "s3cret-s3cret"
    assert config.database_url == f"sqlite:///{tmp_path}/own.sqlite3"
