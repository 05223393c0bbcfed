"""The first page with the sign-up form. The answer is the same for every address."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from newsletter.audience.topics import public_topics
from newsletter.core.summaries.summary import DetailLevel
from newsletter.models import Match
from newsletter.pipeline.send.pause import sign_up_pause
from newsletter.subscribers.signup import request_to_join
from newsletter.web import schedules
from newsletter.web.constant_time import constant_time
from newsletter.web.headers import SCRIPT_CSP
from newsletter.web.pages import current_language, page
from newsletter.web.preference_fields import zone_options
from newsletter.web.rendered import rendered_once
from newsletter.web.signup import HONEYPOT, SignUpForm, consent_text, is_by_a_machine, slugs_in
from newsletter.web.topics import TopicGroup, newest_week, papers_of_week, topic_groups

EXAMPLES = 3
"""Titles of last week shown with a topic."""


# Nobody is signed in, so no CSRF token and no cookie (ADR 17).
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@rendered_once(lambda request: None if "topics" in request.GET else "")
def home(request: HttpRequest) -> HttpResponse:
    """Show the form; POST requests a confirmation mail, or filters topics (``search``)."""
    language = current_language()
    if request.method != "POST":
        return _show(request, form=SignUpForm.empty(language=language, topics=slugs_in(request.GET)))
    form = SignUpForm.sent(request.POST, language=language)
    if "search" in request.POST:
        return _show(request, form=form)
    form.check()
    if form.errors:
        return _show(request, form=form, status=400)
    if sign_up_pause() is not None:
        return _show(request, form=form, status=503)
    if not is_by_a_machine(request.POST):
        with constant_time():
            request_to_join(form.request(request), now=timezone.now())
    return page(request, template="check-your-mail.html")


def _show(request: HttpRequest, *, form: SignUpForm, status: int = 200) -> HttpResponse:
    language, week = current_language(), newest_week()
    groups = topic_groups(public_topics(), language=language, week=week)
    response = page(
        request,
        template="home.html",
        status=status,
        form=form,
        has_topics=bool(groups),
        groups=_found(groups, form=form),
        examples=_examples(groups, until=week.until),
        until=week.until,
        is_new=request.method != "POST",
        honeypot=HONEYPOT,
        consent=consent_text(),
        cadences=schedules.choices(form.values["cadence"]),
        depths=[depth.value for depth in DetailLevel],
        zones=zone_options(),
    )
    response.headers["Content-Security-Policy"] = SCRIPT_CSP
    return response


def _found(groups: Iterable[TopicGroup], *, form: SignUpForm) -> list[TopicGroup]:
    """Return the chosen topics, and those with every search word in name, field or query."""
    words = form.values["find"].casefold().split()
    found = []
    for group in groups:
        kept = [
            topic
            for topic in group.topics
            if topic.slug in form.topics
            or all(word in f"{group.name} {topic.name} {topic.query}".casefold() for word in words)
        ]
        if kept:
            found.append(TopicGroup(group.name, kept))
    return found


def _examples(groups: Iterable[TopicGroup], *, until: datetime) -> dict[str, list[tuple[str, str]]]:
    """Return slug → (arXiv id, title) of what matched best in the week to ``until``."""
    slugs = [topic.slug for group in groups for topic in group.topics]
    best_first = Window(RowNumber(), partition_by=F("topic"), order_by=[F("score").desc(), F("paper").desc()])
    matches = Match.objects.filter(topic__slug__in=slugs, paper__in=papers_of_week(until).values("pk"))
    best = matches.annotate(place=best_first).filter(place__lte=EXAMPLES).order_by("topic", "place")
    found: dict[str, list[tuple[str, str]]] = {}
    for slug, arxiv_id, title in best.values_list("topic__slug", "paper__arxiv_id", "paper__title"):
        found.setdefault(slug, []).append((arxiv_id, title))
    return found
