"""Webhooks of providers. Unsigned requests change nothing.

Events are stored before the answer, in one transaction, and applied by a worker: an answer other than 200
means that nothing of the request was kept, and a provider sends it again.
"""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import Error as DatabaseUnavailable
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from newsletter.adapters.ports import EventReader, Refusal
from newsletter.adapters.registry import event_reader
from newsletter.core.delivery.events import EventKind
from newsletter.errors import BadInput
from newsletter.pipeline.feedback.provider_events import store_events
from newsletter.web.bounds import most_body_bytes
from newsletter.web.origins import takes_any_origin

log = logging.getLogger(__name__)

MOST_PASSED_OVER = 10_000_000
CHUNK = 100_000


@takes_any_origin
@csrf_exempt
@never_cache
@require_POST
def events(request: HttpRequest, provider: str) -> HttpResponse:
    """Store a batch of signed events; a repeat changes nothing."""
    reader = event_reader(provider, settings.CONFIG)
    if reader is None:
        raise Http404
    if not reader.has_key:
        log.error("events from %s are refused: set %s to its public key", provider, reader.setting)
        return _say(404, "This service takes no events: no key to verify them is set.")
    body = _body(request)
    if body is None:
        return _say(413, f"At most {most_body_bytes(request.path)} bytes.")
    refusal = reader.refusal(body, headers=request.headers, now=timezone.now())
    if refusal is not None:
        log.warning("a request to /hooks/%s was refused: %s (%s)", provider, refusal, reader.setting)
        return _say(503 if refusal is Refusal.KEY else 403, "Not verified.")
    return _store(body, provider=provider, reader=reader)


def _store(body: bytes, *, provider: str, reader: EventReader) -> HttpResponse:
    try:
        events = reader.read(body, now=timezone.now())
    except BadInput as error:
        log.warning("%s signed what cannot be read: %s", provider, error)
        return _say(400, str(error))
    unreadable = sum(event.kind is EventKind.UNREADABLE for event in events)
    if unreadable:
        log.warning("%d of %d events from %s have no form that is known", unreadable, len(events), provider)
    try:
        stored = store_events(provider, events)
    except DatabaseUnavailable:
        log.exception("events from %s could not be stored; it will send them again", provider)
        return _say(503, "Not stored: send them again later.")
    return _say(200, f"{stored} new of {len(events)}.")


def _body(request: HttpRequest) -> bytes | None:
    """Return the raw body, or None if it is too long. The rest of a too long body is read and dropped.

    A client that is sending a few megabytes reads no answer before it is done.
    """
    try:
        most = most_body_bytes(request.path)
        body = request.read(most + 1)
        if len(body) <= most:
            return body
        for _ in range(MOST_PASSED_OVER // CHUNK):
            if not request.read(CHUNK):
                break
    except UnreadablePostError:  # it broke off: nothing to verify
        return b""
    return None


def _say(status: int, words: str) -> HttpResponse:
    return HttpResponse(f"{words}\n", status=status, content_type="text/plain; charset=utf-8")
