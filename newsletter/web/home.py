"""The first page with the sign-up form. The answer is the same for every address."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from newsletter.audience.topics import public_topics
from newsletter.core.arxiv.papers import parse_id
from newsletter.core.arxiv.query import Field
from newsletter.core.summaries.summary import DetailLevel
from newsletter.pipeline.send.pause import sign_up_pause
from newsletter.subscribers.signup import request_to_join
from newsletter.web import schedules
from newsletter.web.constant_time import constant_time
from newsletter.web.glimpse import Front, often_chosen
from newsletter.web.headers import SCRIPT_CSP
from newsletter.web.outbox import outbox_link
from newsletter.web.pages import current_language, page
from newsletter.web.preference_fields import zone_options
from newsletter.web.rendered import rendered_once, shows
from newsletter.web.signup import (
    HONEYPOT,
    OTHER,
    SignUpForm,
    consent_text,
    is_by_a_machine,
    promise,
    slugs_in,
)
from newsletter.web.topics import ListedTopic, last_seven_days, topic_groups

OWN = {"words": Field.ALL, "author": Field.AUTHOR}
"""Button of the search → where its words are looked for, in a topic of one's own."""


# Nobody is signed in, so no CSRF token and no cookie (ADR 17).
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@rendered_once(lambda request: None if {"topics", "query"} & request.GET.keys() else "")
def home(request: HttpRequest) -> HttpResponse:
    """Show the form; POST requests a confirmation mail, or filters topics (``search``)."""
    language = current_language()
    if request.method != "POST":
        asked = slugs_in(request.GET), request.GET.get("query", "")
        return _show(request, form=SignUpForm.empty(language=language, topics=asked[0], query=asked[1]))
    form = SignUpForm.sent(request.POST, language=language)
    if "search" in request.POST:
        if request.POST["search"] in OWN:
            form.add_to_query(OWN[request.POST["search"]])
        return _show(request, form=form)
    form.check()
    if form.errors:
        return _show(request, form=form, status=400)
    if sign_up_pause() is not None:
        return _show(request, form=form, status=503)
    if not is_by_a_machine(request.POST):
        with constant_time():
            request_to_join(form.request(request), now=timezone.now())
    return page(request, template="check-your-mail.html", outbox=outbox_link(request))


def _show(request: HttpRequest, *, form: SignUpForm, status: int = 200) -> HttpResponse:
    language, week = current_language(), last_seven_days()
    topics = list(public_topics())
    groups = topic_groups(topics, language=language, week=week)
    listed = {topic.slug: topic for group in groups for topic in group.topics}
    often = [slug for slug in often_chosen() if slug in listed]
    chosen = [slug for slug in form.topics if slug in listed]
    found = _found(listed, form=form) if form.values["find"] else [listed[slug] for slug in often]
    in_front = {*chosen, *(topic.slug for topic in found)}
    shown = [topic for topic in topics if topic.slug in {*chosen, *often}]
    front = Front(shown, week=week, language=language)
    glimpse = front.glimpse(chosen or often[:1], max_papers=form.max_papers)
    lines = front.lines([slug for slug in often if slug not in chosen[:1]])
    response = page(
        request,
        template="home.html",
        status=status,
        form=form,
        chosen=[listed[slug] for slug in chosen],
        found=[topic for topic in found if topic.slug not in chosen],
        others=[
            (group.name, [each for each in group.topics if each.slug not in in_front]) for group in groups
        ],
        number=len(listed),
        promise=promise(form, matched=glimpse.total if glimpse and chosen else None),
        glimpse=glimpse,
        lines=lines,
        until=week.until,
        is_new=request.method != "POST",
        honeypot=HONEYPOT,
        consent=consent_text(),
        segments=_segments(),
        cadences=schedules.options(form.values["cadence"]),
        depths=[depth.value for depth in DetailLevel],
        zones=zone_options(),
    )
    response.headers["Content-Security-Policy"] = SCRIPT_CSP
    return shows(response, [*(glimpse.papers if glimpse else ()), *(line.paper for line in lines)])


def _segments() -> list[tuple[str, str]]:
    """Return the three cadences most people choose, and OTHER, which the list of all stands for."""
    return [
        ("weekdays", gettext("Weekdays")),
        ("weekly:mon", gettext("Mondays")),
        ("monthly:1", gettext("Monthly")),
        (OTHER, gettext("Other")),
    ]


def _found(listed: Mapping[str, ListedTopic], *, form: SignUpForm) -> list[ListedTopic]:
    """Return the topics that this arXiv id matched, or those with every word in group, name or query."""
    asked = parse_id(form.values["find"])
    if asked:
        slugs = public_topics().filter(matches__paper__arxiv_id=asked.base).values_list("slug", flat=True)
        return [listed[slug] for slug in slugs if slug in listed]
    words = form.values["find"].casefold().split()
    return [topic for topic in listed.values() if all(word in topic.words for word in words)]
