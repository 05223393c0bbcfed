"""What a reader's digest would hold today: chosen as for a mail, and nothing of it recorded."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.translation import gettext
from django.views.decorators.http import require_safe
from markupsafe import Markup

from newsletter.audience.tokens import Purpose, make_token
from newsletter.core.digests.digest import CardWhy
from newsletter.core.digests.message import html_value
from newsletter.core.digests.selection import OF_TASTE, Selected
from newsletter.languages import interface_language
from newsletter.mail.words import words_for
from newsletter.models import Delivery, Paper, Topic
from newsletter.models.delivery import FIRST, Kind
from newsletter.web.archive import archive_of
from newsletter.web.digests import topic_url
from newsletter.web.own_page import subscriber_of
from newsletter.web.pages import broken_link, page, private
from newsletter.web.past_digests import week_of_digest

MOST_TERMS = 3
"""Of a reason."""


@require_safe
@private
def preview(request: HttpRequest, token: str) -> HttpResponse:
    """Show the papers that a digest of every topic would offer now; their summaries as they are."""
    from newsletter.pipeline.select.select import choose  # loads scipy, which few web processes need

    subscriber = subscriber_of(token)
    if subscriber is None:
        return broken_link(request)
    language, now = interface_language(subscriber.language), timezone.now()
    delivery = Delivery.planned(
        subscriber_id=subscriber.pk, kind=Kind.DIGEST, slot_key=FIRST, slot_at=now, now=now
    )
    delivery.subscriber = subscriber
    with transaction.atomic():
        [choice] = choose([delivery], now=now)
        # What was learned on the way is for a mail to store: a link changes nothing.
        transaction.set_rollback(True)
    topics = Topic.objects.in_bulk(choice.selection.topics)
    words = words_for(language)

    def why_of(selected: Selected, paper: Paper) -> str:  # noqa: ARG001 - as archive_of calls it
        why = selected.why
        if why.code not in OF_TASTE:
            return ""
        said = words.why_chosen(CardWhy(why.code, terms=why.terms[:MOST_TERMS], author=why.author))
        return Markup(html_value(said))  # noqa: S704 - escaped there

    with translation.override(language):
        title = gettext("What it would hold today")
    archive = archive_of(choice.selection, language=language, topics=topics, why_of=why_of)
    week = week_of_digest(delivery, subscriber)
    return page(
        request,
        template="digest.html",
        language=language,
        title=title,
        archive=archive,
        preferences_token=make_token(Purpose.PREFERENCES, subject=subscriber.link_key),
        topic_urls={key: topic_url(topic, week=week) for key, topic in topics.items()},
        links={},
        token="",
        slugs=[],
        others=[],
        is_preview=True,
    )
