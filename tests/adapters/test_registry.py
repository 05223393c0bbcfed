"""One place decides which mailer and which reader of events is built; nothing above it knows their names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from newsletter import pipeline, web
from newsletter.adapters.registry import event_reader, mailer
from newsletter.config import load_config
from newsletter.config.mailers import MAILERS, MailerSettings

NAMES = list(MAILERS)
SETTINGS = {
    "NEWSLETTER_SMTP_URL": "smtp://127.0.0.1:25?tls=off",
    "SENDGRID_API_KEY": "SG.a-key-for-tests",
    "NEWSLETTER_SENDGRID_HOST": "http://127.0.0.1:9",
    "NEWSLETTER_BASE_URL": "https://digest.example.org",
}


@pytest.mark.parametrize("name", NAMES)
def test_each_mailer_that_can_be_chosen_is_built(name: str, tmp_path: Path) -> None:
    given = SETTINGS | {"NEWSLETTER_MAILER": name, "NEWSLETTER_DATA_DIR": str(tmp_path)}
    built = mailer(load_config(given, env_file=tmp_path / "none"))
    assert built.name == name
    built.close()


def test_what_a_mailer_needs_is_a_setting() -> None:
    named = {name for facts in MAILERS.values() for name in (facts.needs, facts.server) if name}
    assert named <= set(MailerSettings.model_fields)


@pytest.mark.parametrize("name", ["", "pigeon", "smtp_session", "sendgrid_events"])
def test_nothing_but_a_mailer_reads_events(name: str, tmp_path: Path) -> None:
    config = load_config({"NEWSLETTER_DATA_DIR": str(tmp_path)}, env_file=tmp_path / "none")
    assert event_reader(name, config) is None


def test_a_subscriber_of_events_names_a_setting_that_exists(tmp_path: Path) -> None:
    config = load_config({"NEWSLETTER_DATA_DIR": str(tmp_path)}, env_file=tmp_path / "none")
    subscribers = [subscriber for name in NAMES if (subscriber := event_reader(name, config))]
    known = {field.alias for field in type(config).model_fields.values()}
    assert subscribers
    assert {subscriber.setting for subscriber in subscribers} <= known


def test_neither_the_pipeline_nor_the_hooks_name_a_provider() -> None:
    sources = [Path(web.__file__).with_name(name) for name in ("hooks.py", "urls.py", "bounds.py")]
    sources += Path(pipeline.__file__).parent.rglob("*.py")
    named = re.compile(r"sendgrid|smtp", re.IGNORECASE)
    assert [path.name for path in sources if named.search(path.read_text(encoding="utf-8"))] == []
