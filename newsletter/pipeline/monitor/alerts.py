"""Alerts, each minute or after a pass: failed health checks become incidents, and the operator is told.

One mail per incident and day, and one when it is over, without personal data. Without an operator's address
incidents are stored and logged all the same.
"""

from __future__ import annotations

import logging
from datetime import datetime

from django.conf import settings
from django.db import transaction

from newsletter.audience.mailed_links import MailedLink, Place
from newsletter.core.delivery.incidents import Reading, Verdict, in_words, judge
from newsletter.models import Incident
from newsletter.models.delivery import Kind
from newsletter.pipeline.monitor.checks import readings
from newsletter.pipeline.monitor.circuit_breaker import look_at_bounces, look_at_confirmations
from newsletter.pipeline.monitor.health import Health, measure
from newsletter.transactional.mails import TransactionalMail, send_transactional

log = logging.getLogger(__name__)


def check_health(*, now: datetime) -> list[str]:
    """Run all health checks; return the names of the incidents that began or ended."""
    changed = _judge_all(measure(now=now), now=now)
    transport = settings.CONFIG.mailer
    looks = [look(transport, now=now) for look in (look_at_bounces, look_at_confirmations)]
    if any(looks):
        changed += _judge_all(measure(now=now), now=now)
    return changed


def _judge_all(health: Health, *, now: datetime) -> list[str]:
    # A pass that replays an earlier day must not end later incidents.
    began = Incident.objects.filter(closed_at=None, opened_at__lte=now)
    open_now = {each.name: each for each in began}
    changed = []
    for reading in readings(health):
        incident = open_now.get(reading.name)
        verdict = judge(reading, is_open=incident is not None)
        if verdict is Verdict.BEGINS:
            incident, _ = Incident.objects.get_or_create(
                name=reading.name, closed_at=None, defaults={"detail": reading.says, "opened_at": now}
            )
            log.error("incident %s: %s", reading.name, reading.says)
        if verdict in (Verdict.BEGINS, Verdict.GOES_ON) and incident is not None:
            _tell(reading, incident, now=now)
        if verdict is Verdict.ENDS and incident is not None:
            _close(incident, now=now)
        if verdict in (Verdict.BEGINS, Verdict.ENDS):
            changed.append(reading.name)
    return changed


def _tell(reading: Reading, incident: Incident, *, now: datetime) -> None:
    """Alert the operator once on each day on which it is open."""
    Incident.objects.filter(pk=incident.pk).update(detail=reading.says)
    since = f"Since {incident.opened_at:%Y-%m-%d %H:%M} UTC."
    lines = (reading.says, reading.look_at, since)
    _mail(_subject(reading.name), lines, key=f"{reading.name} {now.date()}", now=now)


@transaction.atomic
def _close(incident: Incident, *, now: datetime) -> None:
    if not Incident.objects.filter(pk=incident.pk, closed_at=None).update(closed_at=now):
        return
    lasted = in_words((now - incident.opened_at).total_seconds())
    lines = (f"It is over, after {lasted}.", f"It was: {incident.detail}")
    _mail(f"{_subject(incident.name)}: over", lines, key=f"{incident.name} over {now.date()}", now=now)
    log.warning("incident %s is over after %s", incident.name, lasted)


def _subject(name: str) -> str:
    """Return the service's name and the incident's, as words: ``arXiv digest: mails waiting``."""
    return f"{settings.CONFIG.name}: {name.replace('-', ' ')}"


def _mail(subject: str, paragraphs: tuple[str, ...], *, key: str, now: datetime) -> None:
    """Send an alert, unless one with this key was sent."""
    if not settings.CONFIG.operator_email:
        return
    mail = TransactionalMail(
        subject=subject,
        paragraphs=paragraphs,
        reason="You get this because NEWSLETTER_OPERATOR_EMAIL names this address.",
        language="en",
        label="Open the admin",
        link=MailedLink(Place.ADMIN),
    )
    send_transactional(
        mail,
        subscriber=None,
        kind=Kind.ALERT,
        key=key,
        recipient=settings.CONFIG.operator_email,
        now=now,
    )
