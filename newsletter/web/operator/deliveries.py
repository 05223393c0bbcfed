"""Deliveries: found by state or by reader, and one of them: what happened, what it said, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.parser import BytesParser
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_sameorigin

from newsletter.core.delivery.redaction import without_keys
from newsletter.core.delivery.spreading import own_delay
from newsletter.core.digests.selection import Place
from newsletter.errors import BadInput, NewsletterError, NotFound
from newsletter.models import Delivery, Subscriber
from newsletter.models.delivery import SENT, Kind, State
from newsletter.operating.causes import Told, told
from newsletter.operating.listing import GROUPS, LIMIT, deliveries, find_delivery, states_of
from newsletter.operating.records import hide_keys, words_of
from newsletter.operating.words import STATES, number, refusal
from newsletter.pipeline.compose.message import message_of, stored_fragments
from newsletter.pipeline.send.decisions import Act, allowed, decide
from newsletter.subscribers.records import find_subscriber
from newsletter.web.headers import MAIL_CSP
from newsletter.web.operator.pages import back_to, demand, done, may, now_there, operator_page, operators

MOST = 1000
LABELS = {Act.RETRY: "Try now", Act.RELEASE: "Release", Act.CANCEL: "Give up"}
ASKS = {
    Act.RETRY: "It is tried as soon as pauses and limits allow.",
    Act.RELEASE: "It goes on by your decision. Where its answer was lost, its reader may get a second copy.",
    Act.CANCEL: "It is not sent. The papers of a digest are offered in the next one.",
}


@operators("view_delivery")
def listing(request: HttpRequest) -> HttpResponse:
    """Show the newest of a state, or a reader's: by address, which is asked for with POST (``of_reader``)."""
    word = request.GET.get("state", "")
    try:
        states = states_of(word) if word else ()
    except BadInput:
        raise Http404 from None
    subscriber = _subscriber(request.GET.get("reader", ""))
    now, limit = now_there(request), _limit(request.GET.get("limit", ""))
    found = deliveries(now, states=states, subscriber=subscriber, limit=limit + 1)
    return operator_page(
        request,
        "deliveries.html",
        now=now,
        found=found[:limit],
        more=min(MOST, limit + LIMIT) if len(found) > limit else None,
        word=word,
        words=list(GROUPS),
        reader=subscriber,
    )


@operators("view_delivery", methods=("POST",))
def of_subscriber(request: HttpRequest) -> HttpResponse:
    """Find the reader of an address: in a POST, so that no log of requests has it."""
    try:
        subscriber = find_subscriber(request.POST.get("address", ""))
    except (BadInput, NotFound):
        done(request, None, "No reader has this address.", is_done=False)
        return back_to("operator_deliveries")
    response = back_to("operator_deliveries")
    response["Location"] += f"?reader={subscriber.pk}"
    return response


def _subscriber(key: str) -> Subscriber | None:
    if not key:
        return None
    found = Subscriber.objects.filter(pk=int(key)).first() if key.isdecimal() and len(key) < 18 else None
    if found is None:
        raise Http404
    return found


def _limit(text: str) -> int:
    return max(1, min(MOST, int(text))) if text.isdecimal() and len(text) < 6 else LIMIT


# --- one of them -----------------------------------------------------------------------------------------


@operators("view_delivery")
def one(request: HttpRequest, key: UUID) -> HttpResponse:
    row, now = _find(key), now_there(request)
    said = told(row, now)
    message = _message(row)
    shows_address = "address" in request.GET and may(request, "view_subscriber")
    return operator_page(
        request,
        "delivery.html",
        now=now,
        row=row,
        told=said,
        happened=list(_happened(row, said)),
        acts=[(act, LABELS[act]) for act in (Act.RETRY, Act.RELEASE, Act.CANCEL) if act in allowed(row)]
        if may(request, "change_delivery")
        else [],
        size=len(message),
        tries=_tries(row),
        address=row.recipient or (row.subscriber.email if row.subscriber else "") if shows_address else "",
        fields=_fields(row),
    )


@operators("change_delivery", methods=("GET", "HEAD", "POST"))
def act(request: HttpRequest, key: UUID, deed: str) -> HttpResponse:
    """GET asks once, POST does it."""
    row = _find(key)
    if deed not in list(Act):
        raise Http404
    chosen = Act(deed)
    if request.method == "POST":
        at = timezone.now()
        decision = decide(row, chosen, now=at, real_now=at)
        done(request, row, decision.says, is_done=decision.is_done)
        return back_to("operator_delivery", key=row.pk)
    now = now_there(request)
    return operator_page(
        request,
        "delivery-act.html",
        now=now,
        row=row,
        told=told(row, now),
        act=chosen,
        label=LABELS[chosen],
        asks=ASKS[chosen],
    )


@operators("view_delivery")
@xframe_options_sameorigin
def mail(request: HttpRequest, key: UUID, part: str) -> HttpResponse:
    """Show the mail as HTML (for the frame), as text, or its source: personal links in it lead nowhere."""
    demand(request, "view_subscriber")
    if part not in ("html", "text", "source"):
        raise Http404
    message = BytesParser(policy=policy.default).parsebytes(_message(_find(key)) or _gone())
    body = message.get_body(("html",)) if part == "html" else message.get_body(("plain",))
    if part == "source":
        heads = "".join(f"{name}: {value}\n" for name, value in message.items())
        parts = (message.get_body((kind,)) for kind in ("plain", "html"))
        text = "\n".join([heads, *(each.get_content() for each in parts if each is not None)])
        return _plain(text)
    if body is None:
        raise Http404
    if part == "text":
        return _plain(body.get_content())
    response = HttpResponse(without_keys(body.get_content()))
    csp = MAIL_CSP.replace("frame-ancestors 'none'", "frame-ancestors 'self'")
    response.headers["Content-Security-Policy"] = f"{csp}; sandbox"
    return response


def _plain(text: str) -> HttpResponse:
    return HttpResponse(without_keys(text), content_type="text/plain; charset=utf-8")


def _gone() -> bytes:
    raise Http404


def _find(key: UUID) -> Delivery:
    try:
        return find_delivery(str(key))
    except NotFound:
        raise Http404 from None


def _message(row: Delivery) -> bytes:
    """Return the mail without the reader's address; empty where it is not composed or was deleted."""
    if not row.fragments:
        return b""
    address = row.recipient or (row.subscriber.email if row.subscriber else "")
    try:
        message = message_of(row, stored_fragments(row))
    except NewsletterError:
        return b""
    return message.replace(address.encode(), f"reader.{row.subscriber_id}@hidden.invalid".encode())


@dataclass(frozen=True, slots=True)
class Happened:
    at: datetime
    what: str
    trouble: str = ""
    is_to_come: bool = False


def _happened(row: Delivery, said: Told) -> Iterator[Happened]:
    """Yield what is known of its way, in the order of time."""
    known = [Happened(row.planned_at, "Planned"), Happened(row.slot_at, "Due", is_to_come=_is_ahead(row))]
    if row.composed_at:
        known.append(Happened(row.composed_at, _composed(row)))
    if row.dated_at and row.state != State.RETRY_WAIT:
        known.append(Happened(row.dated_at, f"First handed over to {row.transport}"))
    elif row.dated_at:
        tries = number(max(row.retries, 1), "try", "tries")
        known.append(
            Happened(row.dated_at, f"First try; {tries} so far:", refusal(row.last_code, row.last_detail))
        )
    known += [
        Happened(event.at, f"{event.provider} reported {event.kind}", words_of(event))
        for event in row.events.order_by("at", "pk")
    ]
    if row.outcome_at:
        word = STATES[State(row.state)]
        known.append(Happened(row.outcome_at, word[:1].upper() + word[1:], said.cause))
    if said.at:
        known.append(Happened(said.at, "Goes on by itself", is_to_come=True))
    # To the second, as they are shown: within one they are in the order in which they happened.
    yield from sorted(known, key=lambda each: each.at.replace(microsecond=0))


def _tries(row: Delivery) -> str:
    """Return how many tries came before the one that counts: those that broke off were leased, and lost."""
    has_one = row.state in (*SENT, State.FAILED, State.SENDING)
    lost = max(0, row.attempt - has_one)
    before = [
        f"{row.retries} refused for now" if row.retries else "",
        f"{lost} that broke off" if lost else "",
    ]
    return ", ".join(filter(None, before)) or ("the first" if has_one else "none yet")


def _is_ahead(row: Delivery) -> bool:
    return row.slot_at > timezone.now()


def _composed(row: Delivery) -> str:
    if row.kind != Kind.DIGEST:
        return "Composed"
    chosen = row.selected
    shown = len(chosen.shown(Place.SUMMARIZED)) + len(chosen.shown(Place.LISTED))
    return f"Composed: {shown} of {number(len(chosen.matched_ids), 'paper')}"


def _fields(row: Delivery) -> list[tuple[str, Any]]:
    """Return every recorded field in words: no lists of keys, no link that acts as the reader."""
    hidden = hide_keys(Delivery.objects.get(pk=row.pk))
    skipped = {"fragments", "placeholders", "selection", "topics", "recipient", "subscriber"}
    found: list[tuple[str, Any]] = [
        (str(each.verbose_name), getattr(hidden, each.attname))
        for each in Delivery._meta.concrete_fields
        if each.name not in skipped
    ]
    if row.subscriber_id:
        delay = own_delay(row.subscriber_id, longest=settings.CONFIG.longest_delay)
        found.append(("own delay in seconds", round(delay.total_seconds())))
    return [*found, ("fragments", len(row.fragments)), ("topics", len(row.topics))]
