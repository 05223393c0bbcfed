"""Addresses that name a topic: those with a former slug lead to the present one, for good."""

from __future__ import annotations

from functools import wraps
from urllib.parse import quote

from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse

from newsletter.audience.topics import public_topics
from newsletter.models import Topic
from newsletter.web.pages import View


def public_topic(slug: str) -> Topic:
    """Return the topic that everyone may see. Raises Http404, for a private one too."""
    return get_object_or_404(public_topics(), slug=slug)


def follows_former_slugs(view: View) -> View:
    """Answer what is not found under a topic's former slug with its present address."""

    @wraps(view)
    def wrapped(request: HttpRequest, slug: str, **arguments: str) -> HttpResponse:
        try:
            return view(request, slug=slug, **arguments)
        except Http404:
            topic = public_topics().filter(former_slugs__slug=slug).first()
            if topic is None or request.resolver_match is None:
                raise
        path = reverse(request.resolver_match.view_name, kwargs={"slug": topic.slug, **arguments})
        asked = quote(request.META.get("QUERY_STRING", ""), safe="=&%+,;:-._~")
        return HttpResponsePermanentRedirect(f"{path}?{asked}" if asked else path)

    return wrapped
