"""What ``newsletter init`` does once there are settings: topics, a test mail, and what it leaves to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from newsletter.adapters.ports import Verdict
from newsletter.audience.topics import add_starter_topics
from newsletter.config.values import is_local_domain
from newsletter.doctor import outside
from newsletter.doctor.mail import dkim_line, dmarc_line, spf_line
from newsletter.errors import NewsletterError
from newsletter.pipeline.context import Context
from newsletter.pipeline.send_test import send_notice

Step = tuple[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Sent:
    is_accepted: bool
    words: str


def add_topics(slugs: Sequence[str] | None, *, now: datetime) -> int:
    """Add starter topics: all, or those of ``slugs``; return how many are new."""
    return add_starter_topics(now=now, only=slugs)[0]


def send_test_mail(*, now: datetime) -> Sent | None:
    """Send a few lines to the operator; None where there is no address to send them to."""
    config = settings.CONFIG
    if not config.operator_email:
        return None
    try:
        outcome = send_notice(config.operator_email, context=Context(config), now=now)
    except NewsletterError as error:
        return Sent(False, f"The test mail was not sent: {error}")
    said = f"{outcome.code} {outcome.detail}".strip()
    if outcome.verdict is not Verdict.ACCEPTED:
        return Sent(False, f"The test mail to {config.operator_email} was refused: {said}")
    where = (
        f"written to {config.outbox_folder}" if config.mailer == "outbox" else f"accepted by {config.mailer}"
    )
    return Sent(True, f"A test mail to {config.operator_email} was {where}{f': {said}' if said else ''}.")


def try_model() -> str:
    """Make one small request to the model; return what came of it, empty where there is no model."""
    if not settings.CONFIG.gemini_api_key:
        return ""
    [found] = outside.model(settings.CONFIG)
    return found.what


def remaining() -> list[Step]:
    """Return what is left to do, each step with what to type or to paste."""
    config, steps = settings.CONFIG, list[Step]()
    if config.leaves_machine and not is_local_domain(config.sender_domain):
        steps.append((f"Add to the DNS of {config.sender_domain}, at whoever keeps it:", _records()))
    if config.mailer == "sendgrid":
        steps.append((
            "In SendGrid, Settings, Mail Settings, Event Webhook: this address, all events, signed:",
            [f"{config.base_url}/hooks/sendgrid"],
        ))  # fmt: skip
    if config.base_url.startswith("https://"):
        steps.append(
            ("Have a proxy with TLS pass that name to port 8000 (docs/operating.md):", [config.base_url])
        )
    steps += [
        ("A user for /admin/, once:", ["newsletter createadmin"]),
        ("Readers join on the site, or from a file:", ["newsletter subscriber import readers.csv"]),
        ("Start it:", ["newsletter up"]),
        ("Then see whether all is well:", ["newsletter doctor"]),
    ]
    return steps


def _records() -> list[str]:
    config = settings.CONFIG
    if config.mailer_facts.is_service:
        return [
            "SendGrid, Settings, Sender Authentication: the three CNAME records that it shows",
            dmarc_line(config),
        ]
    dkim = (
        dkim_line(config)
        if config.dkim_key
        else f"your mail server's DKIM record for {config.signing_domain}, or sign here: NEWSLETTER_DKIM_KEY"
    )
    return [spf_line(config), dkim, dmarc_line(config)]
