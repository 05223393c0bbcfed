"""Unsubscribe from everything or one topic, or get fewer mails. GET shows, POST does it (RFC 8058).

Mail programs post without cookie or CSRF token, follow no redirect, and repeat; the signed link authorises
them. An erased or unsubscribed reader sees success.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.utils import timezone, translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from newsletter.audience.tokens import Purpose, make_token, read_token
from newsletter.audience.topics import present
from newsletter.core.delivery.cadence import Cadence
from newsletter.languages import interface_language
from newsletter.models import Subscriber, Subscription
from newsletter.models.subscriber import Status, holder_of
from newsletter.subscribers.change import come_less_often
from newsletter.subscribers.unsubscribe import unsubscribe as end_subscription
from newsletter.web import schedules
from newsletter.web.origins import is_from_elsewhere, takes_any_origin
from newsletter.web.pages import broken_link, csrf_failure, current_language, page, private

ONE_CLICK = ("List-Unsubscribe", "One-Click")
"""The form field of a mail program's request (RFC 8058 §3.1), urlencoded or multipart."""


@takes_any_origin
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@private
def unsubscribe(request: HttpRequest, token: str, topic: str = "") -> HttpResponse:
    """End everything, or the topic of this slug; or reduce its cadence."""
    link_key = read_token(token, purpose=Purpose.UNSUBSCRIBE)
    if link_key is None:
        return broken_link(request)
    subscriber, is_revoked = holder_of(link_key)
    if topic:
        [topic] = present([topic])  # a mail may be older than the topic's name
    show = _show_little if is_revoked else _show
    if request.method != "POST":
        return show(request, subscriber, slug=topic)
    sent = _sent(request)
    is_one_click = sent.get(ONE_CLICK[0]) == ONE_CLICK[1]
    if not is_one_click and is_from_elsewhere(request):  # our buttons are only on our pages
        return csrf_failure(request)
    if "less" in sent and not is_one_click:
        if is_revoked:
            return show(request, subscriber, slug=topic)
        return _get_less(request, subscriber, slug=topic, wanted=sent["less"])
    if subscriber is not None:
        _leave(subscriber, slug=topic, source="one-click" if is_one_click else "unsubscribe page")
    return HttpResponse() if is_one_click else show(request, subscriber, slug=topic)


def _sent(request: HttpRequest) -> dict[str, str]:
    """Return the form's fields. An unreadable form counts as a mail program's one-click."""
    try:
        return request.POST.dict()
    except (MultiPartParserError, SuspiciousOperation, BadRequest):
        return dict([ONE_CLICK])


def _leave(subscriber: Subscriber, *, slug: str, source: str) -> None:
    """End the subscription. An unknown topic does not end the others."""
    subscription = _subscription(subscriber, slug)
    if subscription is not None or not slug:
        topic = subscription.topic if subscription else None
        end_subscription(subscriber, topic=topic, source=source, now=timezone.now())


def _get_less(request: HttpRequest, subscriber: Subscriber | None, *, slug: str, wanted: str) -> HttpResponse:
    """Reduce the cadence. A reloaded page asks for the current cadence: that changes nothing."""
    current = _current(subscriber, slug=slug) if subscriber else None
    if subscriber is None or current is None:
        return _show(request, subscriber, slug=slug)
    possible = {str(each): each for each in (current, *schedules.slower(current))}
    if wanted not in possible:
        return _show(request, subscriber, slug=slug)
    cadence, subscription = possible[wanted], _subscription(subscriber, slug)
    come_less_often(subscriber, cadence=cadence, subscription=subscription, now=timezone.now())
    language = interface_language(subscriber.language)
    with translation.override(language):
        words = schedules.in_words(cadence)
    return page(
        request,
        template="unsubscribed.html",
        language=language,
        email=subscriber.email,
        topic=subscription.topic.name_in(language) if subscription else "",
        less=words,
        next_at=subscriber.next_slot_at.astimezone(subscriber.zone) if subscriber.next_slot_at else None,
        zone=subscriber.timezone,
        preferences_token=make_token(Purpose.PREFERENCES, subject=subscriber.link_key),
    )


def _current(subscriber: Subscriber, *, slug: str) -> Cadence | None:
    """Return the current cadence; None if the reader has left everything, or the topic."""
    subscription = _subscription(subscriber, slug)
    if subscriber.status != Status.ACTIVE or (slug and subscription is None):
        return None
    return subscription.effective_cadence(subscriber) if subscription else Cadence.parse(subscriber.cadence)


def _subscription(subscriber: Subscriber, slug: str) -> Subscription | None:
    found = subscriber.subscriptions.select_related("topic").filter(topic__slug=slug)
    return found.first() if slug else None


def _show(request: HttpRequest, subscriber: Subscriber | None, *, slug: str) -> HttpResponse:
    """Show what the button would end, or that it is ended."""
    language = interface_language(subscriber.language) if subscriber else current_language()
    if subscriber is not None:
        subscriber.refresh_from_db()
    subscribed = subscriber is not None and subscriber.status in (Status.ACTIVE, Status.PENDING)
    subscriptions = list(subscriber.subscriptions.select_related("topic")) if subscriber else []
    topics = {each.topic.slug: each.topic for each in subscriptions}
    remaining = subscribed and (slug in topics if slug else True)
    with translation.override(language):
        choices = _less(subscriber, slug=slug) if subscriber and remaining else {}
    return page(
        request,
        template="unsubscribe.html" if remaining else "unsubscribed.html",
        language=language,
        email=subscriber.email if subscriber else "",
        topic=topics[slug].name_in(language) if slug in topics and subscribed else "",
        others=[topic.name_in(language) for key, topic in topics.items() if key != slug],
        slugs=[key for key, topic in topics.items() if topic.owner_id is None],
        less="",
        is_one_topic=bool(slug),
        is_subscribed=subscribed,
        whole_url=request.path.rstrip("/").rpartition("/")[0] if slug else request.path,
        **choices,
    )


def _show_little(request: HttpRequest, subscriber: Subscriber | None, *, slug: str) -> HttpResponse:
    """For a revoked link show only that it unsubscribes: the mailbox may no longer be the reader's."""
    remaining = False
    if subscriber is not None:
        subscriber.refresh_from_db()
        has_topic = not slug or _subscription(subscriber, slug) is not None
        remaining = has_topic and subscriber.status in (Status.ACTIVE, Status.PENDING)
    return page(request, template="unsubscribe-revoked.html", remaining=remaining, is_one_topic=bool(slug))


def _less(subscriber: Subscriber, *, slug: str) -> dict[str, Any]:
    current = _current(subscriber, slug=slug)
    slower = schedules.slower(current) if current else []
    return {
        "cadence_words": schedules.in_words(current) if current else "",
        "slower": [(str(each), schedules.in_words(each)) for each in slower],
        "preferences_token": make_token(Purpose.PREFERENCES, subject=subscriber.link_key),
    }
