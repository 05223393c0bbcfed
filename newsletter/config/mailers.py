"""What each mailer is set up with: its settings, what it needs, and where its mail goes from here.

A new mailer has its settings here, its line in ``adapters.registry``, and the rest in a file of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, Field

from newsletter.config.values import IN_ANY_CASE, HttpUrl, Secret, Token, is_placeholder

SENDGRID_HOST = "https://api.sendgrid.com"
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class MailerSettings(BaseModel):
    """``Config`` adds these to the others."""

    mailer: Annotated[Literal["outbox", "smtp", "sendgrid"], IN_ANY_CASE] = Field(
        "outbox", alias="NEWSLETTER_MAILER"
    )
    outbox_dir: Path | None = Field(None, alias="NEWSLETTER_OUTBOX_DIR")
    outbox_token: Token = Field("", alias="NEWSLETTER_OUTBOX_TOKEN", repr=False)
    smtp_url: str = Field("", alias="NEWSLETTER_SMTP_URL")
    sendgrid_api_key: Secret = Field("", alias="SENDGRID_API_KEY")
    sendgrid_host: HttpUrl = Field(SENDGRID_HOST, alias="NEWSLETTER_SENDGRID_HOST")
    sendgrid_webhook_key: Secret = Field("", alias="NEWSLETTER_SENDGRID_WEBHOOK_KEY")
    sendgrid_sandbox: Annotated[Literal["off", "on"], IN_ANY_CASE] = Field(
        "off", alias="NEWSLETTER_SENDGRID_SANDBOX"
    )

    @property
    def is_mailed_by_a_service(self) -> bool:
        """Whether a provider's servers send it: what cannot be delivered comes back to them, not to us."""
        return self.mailer == "sendgrid"

    @property
    def leaves_machine(self) -> bool:
        """Whether mail goes further than this machine: a relay or a stand-in for a provider may be here."""
        further = {"smtp": self.smtp_url, "sendgrid": self.sendgrid_host}.get(self.mailer)
        return further is not None and urlsplit(further).hostname not in _LOOPBACK

    @property
    def stays_with_a_relay(self) -> bool:
        """Whether it goes to a mail server here, which may know addresses that no other machine knows."""
        return self.mailer == "smtp" and not self.leaves_machine


def missing_settings(config: MailerSettings) -> Iterator[str]:
    """Yield a line for each setting that the chosen mailer cannot do without, or that is not filled in."""
    if config.mailer == "smtp" and not config.smtp_url:
        yield "NEWSLETTER_SMTP_URL is needed by NEWSLETTER_MAILER=smtp: smtp://user:pass@host:587"
    if config.mailer == "sendgrid" and not config.sendgrid_api_key:
        yield "SENDGRID_API_KEY is needed by NEWSLETTER_MAILER=sendgrid"
    if is_placeholder(urlsplit(config.smtp_url).password or ""):
        yield "NEWSLETTER_SMTP_URL has a placeholder for a password: put the real one in its place"
