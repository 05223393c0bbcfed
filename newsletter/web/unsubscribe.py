"""Leaving, everything or one topic. GET says what would happen; only POST does it (RFC 8058).

Mail programs post without cookie or CSRF token and follow no redirect, any number of times; the signed
link is what authorises them. A reader who is gone, or has left already, sees success.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from newsletter.models import Subscriber, Subscription, Topic
from newsletter.models.subscriber import Status
from newsletter.subscriptions.leaving import unsubscribe as end_subscription
from newsletter.tokens import Purpose, read_token
from newsletter.web.pages import broken_link, current_language, known_language, page, private

ONE_CLICK = ("List-Unsubscribe", "One-Click")
"""The form field of a mail program's request (RFC 8058 §3.1), urlencoded or multipart."""


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@private
def unsubscribe(request: HttpRequest, token: str, topic: str = "") -> HttpResponse:
    """End everything, or the topic of this slug."""
    link_key = read_token(token, purpose=Purpose.UNSUBSCRIBE)
    if link_key is None:
        return broken_link(request)
    reader = Subscriber.objects.filter(link_key=link_key).first()
    if request.method != "POST":
        return _show(request, reader, slug=topic)
    is_one_click = request.POST.get(ONE_CLICK[0]) == ONE_CLICK[1]
    if reader is not None:
        _leave(reader, slug=topic, source="one-click" if is_one_click else "unsubscribe page")
    return HttpResponse() if is_one_click else _show(request, reader, slug=topic)


def _leave(reader: Subscriber, *, slug: str, source: str) -> None:
    """End the subscription. A topic that is gone or was never theirs is no reason to end the others."""
    topic = Topic.objects.filter(slug=slug, subscriptions__subscriber=reader).first() if slug else None
    if topic is not None or not slug:
        end_subscription(reader, topic=topic, source=source, now=timezone.now())


def _show(request: HttpRequest, reader: Subscriber | None, *, slug: str) -> HttpResponse:
    """Say how things stand: what the button would end, or that it is ended."""
    language = known_language(reader.language) if reader else current_language()
    if reader is not None:
        reader.refresh_from_db()
    subscribed = reader is not None and reader.status in (Status.ACTIVE, Status.PENDING)
    topics = {each.topic.slug: each.topic for each in _subscriptions(reader)} if subscribed else {}
    remaining = subscribed and (slug in topics if slug else True)
    return page(
        request,
        template="unsubscribe.html" if remaining else "unsubscribed.html",
        language=language,
        email=reader.email if reader else "",
        topic=topics[slug].name_in(language) if slug in topics else "",
        others=[topic.name_in(language) for key, topic in topics.items() if key != slug],
        is_one_topic=bool(slug),
        is_subscribed=subscribed,
        whole_url=request.path.rpartition("/")[0] if slug else request.path,
    )


def _subscriptions(reader: Subscriber | None) -> list[Subscription]:
    return list(reader.subscriptions.select_related("topic")) if reader else []
