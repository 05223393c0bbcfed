"""Webhooks of providers. Unsigned requests change nothing.

Events are stored before the answer, in one transaction, and applied by a worker: any answer but 200 means
that nothing was stored, and SendGrid retries for a day.
"""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import Error as DatabaseUnavailable
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from newsletter.adapters.mailers.sendgrid_events import (
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    Refusal,
    read_events,
    refusal_of,
)
from newsletter.core.delivery.retry_policy import EventKind
from newsletter.errors import BadInput
from newsletter.pipeline.feedback.provider_events import store_events
from newsletter.web.origins import takes_any_origin

log = logging.getLogger(__name__)

MOST_BYTES = 2_000_000
"""SendGrid sends a batch once it has 768 kB, or every few seconds."""
MOST_PASSED_OVER = 10_000_000
CHUNK = 100_000


@takes_any_origin
@csrf_exempt
@never_cache
@require_POST
def sendgrid(request: HttpRequest) -> HttpResponse:
    """Store a batch of signed events; a repeat changes nothing."""
    public_key = settings.CONFIG.sendgrid_webhook_key
    if not public_key:
        log.error("SendGrid's events are refused: set NEWSLETTER_SENDGRID_WEBHOOK_KEY to its public key")
        return _say(404, "This service takes no events: no key to verify them is set.")
    body = _body(request)
    if body is None:
        return _say(413, f"At most {MOST_BYTES} bytes.")
    refusal = refusal_of(
        body,
        signature=request.headers.get(SIGNATURE_HEADER, ""),
        timestamp=request.headers.get(TIMESTAMP_HEADER, ""),
        public_key=public_key,
        now=timezone.now(),
    )
    if refusal is not None:
        log.warning("a request to SendGrid's hook was refused: %s", refusal)
        return _say(503 if refusal is Refusal.KEY else 403, "Not verified.")
    return _store(body)


def _store(body: bytes) -> HttpResponse:
    try:
        events = read_events(body, now=timezone.now())
    except BadInput as error:
        log.warning("SendGrid signed what cannot be read: %s", error)
        return _say(400, str(error))
    unreadable = sum(event.kind is EventKind.UNREADABLE for event in events)
    if unreadable:
        log.warning("%d of %d events from SendGrid have no form that is known", unreadable, len(events))
    try:
        stored = store_events("sendgrid", events)
    except DatabaseUnavailable:
        log.exception("SendGrid's events could not be stored; it will send them again")
        return _say(503, "Not stored: send them again later.")
    return _say(200, f"{stored} new of {len(events)}.")


def _body(request: HttpRequest) -> bytes | None:
    """Return the raw body, or None if it is too long. The rest of a too long body is read and dropped.

    A client that is sending a few megabytes reads no answer before it is done.
    """
    try:
        body = request.read(MOST_BYTES + 1)
        if len(body) <= MOST_BYTES:
            return body
        for _ in range(MOST_PASSED_OVER // CHUNK):
            if not request.read(CHUNK):
                break
    except UnreadablePostError:  # it broke off: nothing to verify
        return b""
    return None


def _say(status: int, words: str) -> HttpResponse:
    return HttpResponse(f"{words}\n", status=status, content_type="text/plain; charset=utf-8")
