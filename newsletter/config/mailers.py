"""The mailers: the settings of each, what it needs, where its mail goes, what the privacy page says of it.

``MAILERS`` is the one list of them. ``newsletter.adapters.mailers`` has a module for each, of the same name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, Field, field_validator

from newsletter.config.smtp_url import parse_smtp_url
from newsletter.config.values import IN_ANY_CASE, HttpUrl, Secret, Token, is_placeholder
from newsletter.errors import ConfigurationError
from newsletter.languages import gettext_noop

SENDGRID_HOST = "https://api.sendgrid.com"
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MailerFacts:
    """What others must know of a mailer. ``needs`` and ``server`` name fields of ``MailerSettings``."""

    privacy: str
    """The privacy page's sentence on who sees its mails, in English."""
    needs: str = ""
    """Without this setting it cannot work."""
    example: str = ""
    """What to write there, where that is not plain."""
    server: str = ""
    """The address it hands its mails to; without one they stay on this machine."""
    is_service: bool = False
    """A provider's servers send them: what cannot be delivered comes back to them, not to us."""


MAILERS: Mapping[str, MailerFacts] = {
    "outbox": MailerFacts(
        privacy=gettext_noop("This service is set up to write its mails to a folder: they reach nobody."),
    ),
    "smtp": MailerFacts(
        needs="smtp_url",
        example="smtp://user:pass@host:587",
        server="smtp_url",
        privacy=gettext_noop(
            "Mails are handed to the operator’s mail server, which sees your address and the mail, and "
            "passes it to your own mail provider."
        ),
    ),
    "sendgrid": MailerFacts(
        needs="sendgrid_api_key",
        server="sendgrid_host",
        is_service=True,
        privacy=gettext_noop(
            "Mails are handed to Twilio SendGrid, which sees your address and the mail, and passes it to "
            "your own mail provider."
        ),
    ),
}


def _known(name: str) -> str:
    if name not in MAILERS:
        *first, last = map(repr, MAILERS)
        raise ValueError(f"{', '.join(first)} or {last}")
    return name


class MailerSettings(BaseModel):
    """``Config`` adds these to the others."""

    mailer: Annotated[str, IN_ANY_CASE, AfterValidator(_known)] = Field("outbox", alias="NEWSLETTER_MAILER")
    outbox_dir: Path | None = Field(None, alias="NEWSLETTER_OUTBOX_DIR")
    outbox_token: Token = Field("", alias="NEWSLETTER_OUTBOX_TOKEN", repr=False)
    smtp_url: str = Field("", alias="NEWSLETTER_SMTP_URL")
    smtp_connections: int = Field(2, alias="NEWSLETTER_SMTP_CONNECTIONS", ge=1, le=20)
    sendgrid_api_key: Secret = Field("", alias="SENDGRID_API_KEY")
    sendgrid_host: HttpUrl = Field(SENDGRID_HOST, alias="NEWSLETTER_SENDGRID_HOST")
    sendgrid_webhook_key: Secret = Field("", alias="NEWSLETTER_SENDGRID_WEBHOOK_KEY")
    sendgrid_sandbox: Annotated[Literal["off", "on"], IN_ANY_CASE] = Field(
        "off", alias="NEWSLETTER_SENDGRID_SANDBOX"
    )

    @field_validator("smtp_url")
    @classmethod
    def _can_be_used(cls, url: str) -> str:
        if url and is_placeholder(parse_smtp_url(url).password):
            raise ConfigurationError(
                "NEWSLETTER_SMTP_URL has a placeholder for a password: put the real one in its place"
            )
        return url

    @property
    def mailer_facts(self) -> MailerFacts:
        return MAILERS[self.mailer]

    @property
    def leaves_machine(self) -> bool:
        """Whether mail goes further than this machine: a relay or a stand-in for a provider may be here."""
        server = self.mailer_facts.server
        return bool(server) and urlsplit(getattr(self, server)).hostname not in _LOOPBACK

    @property
    def stays_with_a_relay(self) -> bool:
        """Whether it goes to a mail server here, which may know addresses that no other machine knows."""
        facts = self.mailer_facts
        return bool(facts.server) and not facts.is_service and not self.leaves_machine


def missing_settings(config: MailerSettings) -> Iterator[str]:
    """Yield a line for the setting that the chosen mailer cannot do without, if it is missing."""
    facts = config.mailer_facts
    if facts.needs and not getattr(config, facts.needs):
        name = MailerSettings.model_fields[facts.needs].alias
        example = f": {facts.example}" if facts.example else ""
        yield f"{name} is needed by NEWSLETTER_MAILER={config.mailer}{example}"
