"""Readers: found by address, and one of them: in sentences, editable, what happened, the next digest."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_sameorigin

from newsletter.audience.topics import public_topics
from newsletter.core.delivery.redaction import without_keys
from newsletter.errors import BadInput, NewsletterError, NotFound
from newsletter.models import Subscriber
from newsletter.models.subscriber import Status
from newsletter.operating.subscriber_acts import ACTS, SOURCE
from newsletter.operating.subscriber_history import history_of
from newsletter.operating.subscribers import sentences
from newsletter.pipeline.context import Context
from newsletter.subscribers.operator_acts import edit_subscriber, pause_subscriber, resume_subscriber
from newsletter.subscribers.preferences import checked_address, offered_languages
from newsletter.subscribers.records import find_subscriber, typed_preferences
from newsletter.web.headers import MAIL_CSP
from newsletter.web.operator.pages import back_to, demand, done, may, now_there, operator_page, operators
from newsletter.web.schedules import choices

A_PAGE, MOST_HAPPENED = 50, 60


@operators("view_subscriber", methods=("GET", "HEAD", "POST"))
def listing(request: HttpRequest) -> HttpResponse:
    """List readers by status; a POST finds the one of an address, so that no log of requests has it."""
    if request.method == "POST":
        try:
            return back_to("operator_reader", key=find_subscriber(request.POST.get("address", "")).pk)
        except (BadInput, NotFound):
            done(request, None, "No reader has this address.", is_done=False)
            return back_to("operator_readers")
    status = request.GET.get("status", "")
    if status and status not in Status.values:
        raise Http404
    rows = Subscriber.objects.filter(**({"status": status} if status else {})).order_by("-pk")
    rows = rows.only(
        "email", "status", "paused_until", "cadence", "at", "timezone", "next_slot_at", "joined_at"
    )
    counts = dict(Subscriber.objects.order_by().values_list("status").annotate(number=Count("pk")))
    return operator_page(
        request,
        "readers.html",
        now=now_there(request),
        found=Paginator(rows, A_PAGE).get_page(request.GET.get("page")),
        chosen=status,
        counts=[(each, counts.get(each, 0)) for each in Status.values],
        may_add=may(request, "add_subscriber"),
    )


@operators("view_subscriber", methods=("GET", "HEAD", "POST"))
def one(request: HttpRequest, key: int) -> HttpResponse:
    subscriber, now = get_object_or_404(Subscriber, pk=key), now_there(request)
    problem = ""
    if request.method == "POST":
        demand(request, "change_subscriber")
        try:
            done(request, subscriber, _save(subscriber, request.POST))
            return back_to("operator_reader", key=key)
        except NewsletterError as error:
            problem = str(error)
            subscriber.refresh_from_db()
    given: Any = request.POST if problem and request.POST.get("do", "save") == "save" else None
    values = _values(subscriber) | (given.dict() if given else {})
    chosen = [each.topic for each in subscriber.subscriptions.select_related("topic")]
    slugs = given.getlist("topics") if given else [each.slug for each in chosen]
    return operator_page(
        request,
        "reader.html",
        now=now,
        status=400 if problem else 200,
        reader=subscriber,
        shown_status=subscriber.shown_status(now=now.now),
        lines=sentences(subscriber, now),
        happened=history_of(subscriber)[:MOST_HAPPENED],
        acts=[
            (name, each.label)
            for name, each in ACTS.items()
            if subscriber.status in each.applies_to and request.user.has_perm(each.permission)
        ],
        may_change=may(request, "change_subscriber"),
        problem=problem,
        values=values,
        cadences=choices(values["cadence"]),
        languages=offered_languages(),
        topics=[(each, each.slug in slugs) for each in public_topics()],
        private=[each for each in chosen if each.owner_id],
        operator_email=settings.CONFIG.operator_email,
        shows_preview="preview" in request.GET,
        today=now.now.astimezone(subscriber.zone).date(),
    )


def _values(subscriber: Subscriber) -> dict[str, str]:
    typed = typed_preferences(subscriber) | {"name": subscriber.name}
    return {name: str(value) for name, value in typed.items()}


def _save(subscriber: Subscriber, given: Any) -> str:
    """Do what the form's button says; return it in words. Raises NewsletterError."""
    now = timezone.now()
    match given.get("do"):
        case "pause":
            pause_subscriber(subscriber, until=_date(given.get("until", "")), source=SOURCE, now=now)
            return f"Paused until {given['until']}."
        case "resume":
            resume_subscriber(subscriber, source=SOURCE, now=now)
            return "Digests come again from the next slot on."
        case "test":
            return _send_test(subscriber, given.get("to", ""), now=now)
    preferences = {name: given.get(name, "") for name in ("cadence", "at", "timezone", "language", "depth")}
    number = given.get("max_papers", "")
    if not number.isdecimal() or len(number) > 3:
        raise BadInput(f"the number of papers is {number!r}, but must be 1 to 50")
    changed = edit_subscriber(
        subscriber,
        preferences=preferences | {"max_papers": int(number)},
        topics=_topics(subscriber, given.getlist("topics")),
        name=given.get("name", ""),
        source=SOURCE,
        now=now,
    )
    return f"Changed: {', '.join(changed)}." if changed else "Nothing changed: it was so already."


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{text!r} is not a date") from None


def _topics(subscriber: Subscriber, wanted: list[str]) -> list[str]:
    """Return the chosen topics: those the reader had in their order, their own ones, then new ones."""
    had = [each.topic for each in subscriber.subscriptions.select_related("topic")]
    kept = [each.slug for each in had if each.slug in wanted or each.owner_id]
    return [*kept, *(slug for slug in wanted if slug not in kept)]


def _send_test(subscriber: Subscriber, to: str, *, now: datetime) -> str:
    """Send the operator this reader's digest, marked TEST; nothing is recorded as seen."""
    from newsletter.pipeline.send_test import send_test  # loads scipy, which few web processes need

    address = checked_address(to)
    sent = send_test(address, subscriber=subscriber, context=Context(settings.CONFIG), now=now)
    if not sent.is_accepted:
        raise NewsletterError(f"the test was not sent: {sent.outcome.code} {sent.outcome.detail}".strip())
    note = f" At present this reader would not get it: {sent.why_not}." if sent.why_not else ""
    return f"A test was accepted by {settings.CONFIG.mailer}: {sent.subject}.{note}"


@operators("view_subscriber", methods=("GET", "HEAD", "POST"))
def act(request: HttpRequest, key: int, deed: str) -> HttpResponse:
    """Ask to confirm, unsubscribe, revoke links, erase: GET asks once, POST does it."""
    subscriber, chosen = get_object_or_404(Subscriber, pk=key), ACTS.get(deed)
    if chosen is None or subscriber.status not in chosen.applies_to:
        raise Http404
    demand(request, chosen.permission.removeprefix("newsletter."))
    if request.method == "POST":
        says = chosen.do(subscriber, timezone.now())
        is_gone = not Subscriber.objects.filter(pk=key).exists()
        done(request, Subscriber(pk=key), says)
        return back_to("operator_readers") if is_gone else back_to("operator_reader", key=key)
    return operator_page(request, "reader-act.html", now=now_there(request), reader=subscriber, act=chosen)


@operators("view_subscriber")
@xframe_options_sameorigin
def preview(request: HttpRequest, key: int) -> HttpResponse:  # noqa: ARG001 - a view
    """Show the digest that would go out now; its personal links lead nowhere, and no model is asked."""
    from newsletter.pipeline.preview import preview_digest  # loads scipy, as above

    subscriber = get_object_or_404(Subscriber, pk=key)
    try:
        found = preview_digest(
            subscriber, context=Context(settings.CONFIG), now=timezone.now(), asks_model=False
        )
    except NewsletterError as error:
        return HttpResponse(str(error), content_type="text/plain; charset=utf-8")
    response = HttpResponse(without_keys(found.html))
    csp = MAIL_CSP.replace("frame-ancestors 'none'", "frame-ancestors 'self'")
    response.headers["Content-Security-Policy"] = f"{csp}; sandbox"
    return response
