"""The first page: what this is, the topics there are, how to join."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from newsletter.web.pages import current_language, page
from newsletter.web.topics import newest_papers_at, public_topics, topic_groups


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    until = newest_papers_at()
    groups = topic_groups(public_topics(), language=current_language(), until=until)
    return page(request, template="home.html", groups=groups, until=until)
