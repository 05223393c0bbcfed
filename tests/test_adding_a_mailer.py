"""A fourth mailer is an entry of ``config.mailers`` and a module of its name: nothing else must know it."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest
from django.test import Client
from pytest_django import Settings

from newsletter.adapters import registry
from newsletter.adapters.mailers.outbox import OutboxMailer
from newsletter.adapters.mailers.sendgrid_events import SendgridEvents
from newsletter.config import Config, load_config
from newsletter.config.mailers import MAILERS, MailerFacts
from newsletter.errors import ConfigurationError

PIGEON = MailerFacts(
    privacy="Pigeons read nothing.", server="sendgrid_host", needs="smtp_url", is_service=True
)


@pytest.fixture
def pigeon(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = ModuleType("newsletter.adapters.mailers.pigeon")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    assert isinstance(MAILERS, dict)
    monkeypatch.setitem(MAILERS, "pigeon", PIGEON)
    return module


def load(folder: Path, **given: str) -> Config:
    ours = {"NEWSLETTER_MAILER": "pigeon", "NEWSLETTER_DATA_DIR": str(folder)}
    return load_config(ours | given, env_file=folder / "none")


def test_it_is_built_and_its_events_are_read(pigeon: ModuleType, tmp_path: Path) -> None:
    made = OutboxMailer(tmp_path)
    pigeon.mailer = lambda config: made if config.mailer == "pigeon" else None  # type: ignore[attr-defined]
    config = load(
        tmp_path,
        NEWSLETTER_SMTP_URL="smtp://loft",
        NEWSLETTER_BASE_URL="https://digest.example.org",
        NEWSLETTER_FROM="digest@example.org",
    )
    assert registry.mailer(config) is made
    assert registry.event_reader("pigeon", config) is None
    reader = SendgridEvents("key")
    pigeon.event_reader = lambda _: reader  # type: ignore[attr-defined]
    assert registry.event_reader("pigeon", config) is reader
    assert config.leaves_machine
    assert not config.stays_with_a_relay


def test_what_it_needs_is_asked_for(pigeon: ModuleType, tmp_path: Path) -> None:  # noqa: ARG001
    with pytest.raises(ConfigurationError, match="NEWSLETTER_SMTP_URL is needed by NEWSLETTER_MAILER=pigeon"):
        load(tmp_path)


@pytest.mark.django_db
def test_the_privacy_page_says_what_it_says(pigeon: ModuleType, client: Client, settings: Settings) -> None:  # noqa: ARG001
    settings.CONFIG = settings.CONFIG.model_copy(update={"mailer": "pigeon"})
    said = client.get("/privacy/", headers={"host": "localhost"}).content.decode()
    assert PIGEON.privacy in said
    assert not any(facts.privacy in said for facts in MAILERS.values() if facts is not PIGEON)
