"""Pauses: while one exists no send begins. Bodies already begun finish; readers are untouched.

An operator's pause stops everything, and so does a transport that refuses our account. A pause by the
service, because of bounces, complaints or the canary, lets alerts to the operator pass. A pause of sign-up
stops confirmations only.
"""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import connection, transaction

from newsletter.adapters.infra.broker import publish_tick
from newsletter.errors import BadInput, NewsletterError
from newsletter.models import Delivery, SendPause
from newsletter.models.delivery import LEASABLE, Cause, Kind

ALL_TRANSPORTS = "*"
SIGN_UP = "sign-up"
"""Used as a transport's name: confirmations wait, and nobody new is asked to confirm."""
AFTER_RESTORE = frozenset({Cause.RESTORED, Cause.UNLOGGED})
LETS_ALERTS_PASS = frozenset({Cause.BREAKER, Cause.CANARY}) | AFTER_RESTORE


def pause_sending(
    reason: str, *, now: datetime, transport: str = ALL_TRANSPORTS, cause: Cause = Cause.OPERATOR
) -> SendPause:
    """Pause a transport, or all. An existing pause keeps its time; an operator's replaces the service's.

    Raises BadInput for an empty reason, and NewsletterError if it would replace an operator's reason.
    """
    reason = " ".join(reason.split())
    if not reason:
        raise BadInput("a pause needs a reason, for whoever finds it later")
    found, is_new = SendPause.objects.get_or_create(
        transport=transport, defaults={"reason": reason, "since": now, "cause": cause}
    )
    if not is_new and cause == Cause.OPERATOR:
        if found.cause in {Cause.OPERATOR} | AFTER_RESTORE:
            raise NewsletterError(
                f"paused already, since {found.since:%Y-%m-%d %H:%M} UTC: {found.reason}. To give another "
                "reason, first: newsletter resume"
            )
        found.reason, found.cause = reason, cause
        found.save(update_fields=["reason", "cause"])
    return found


def resume_sending(*, without_log: bool = False) -> list[SendPause]:
    """End every pause and wake the workers; return what was ended. Only operators call this.

    Raises NewsletterError where a restored service does not know who has left, unless ``without_log``.
    """
    with transaction.atomic():
        ended = list(SendPause.objects.select_for_update().order_by("transport"))
        unknown = next((pause for pause in ended if pause.cause == Cause.UNLOGGED), None)
        if unknown is not None and not without_log:
            raise NewsletterError(
                f"still paused: {unknown.reason}. Import who has left, as far as your provider knows it "
                "(newsletter subscriber import --suppressions FILE), then: newsletter resume --without-log"
            )
        SendPause.objects.filter(pk__in=[pause.pk for pause in ended]).delete()
    if ended and settings.CONFIG.redis_url:
        publish_tick()
    return ended


def pauses_on(*transports: str) -> list[SendPause]:
    """Return what stops these transports: their own pauses, and that of all."""
    return list(SendPause.objects.filter(transport__in=(*transports, ALL_TRANSPORTS)).order_by("transport"))


def sign_up_pause() -> SendPause | None:
    """Return what stops confirmations alone."""
    return SendPause.objects.filter(transport=SIGN_UP).first()


def resume_sign_up() -> None:
    """End the pause of sign-up; the service calls it once the cause has passed."""
    SendPause.objects.filter(transport=SIGN_UP).delete()


def pause_reason(transport: str) -> str | None:
    """Return why nothing is sent on this transport, or None when it is open."""
    return next((pause.reason for pause in pauses_on(transport)), None)


def lets_pass(kind: str, pauses: list[SendPause]) -> bool:
    """Whether a message of this kind may begin under these pauses."""
    concerned = [pause for pause in pauses if pause.transport != SIGN_UP or kind == Kind.CONFIRMATION]
    return not concerned or (
        kind == Kind.ALERT and all(pause.cause in LETS_ALERTS_PASS for pause in concerned)
    )


def hold_pauses() -> None:
    """Until this transaction ends no pause can commit: it comes before a body begins, or after.

    SQLite has one writer at a time anyway. PostgreSQL's SHARE lets other senders hold it too, and conflicts
    with writers of pauses.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"LOCK TABLE {SendPause._meta.db_table} IN SHARE MODE")


def waiting_mails() -> int:
    """Return how many are composed and not yet handed over."""
    return Delivery.objects.filter(state__in=LEASABLE).count()
