"""A digest in the browser: what it offered, for its reader or for whoever has the share link; and the mail.

The shared page is without name, reason, private topic and feedback. The mail itself is its reader's alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext
from django.views.decorators.http import require_safe
from markupsafe import Markup

from newsletter.audience.feedback_links import VALID_FOR, feedback_token
from newsletter.audience.tokens import (
    MAC_LENGTH,
    Purpose,
    delivery_id,
    delivery_subject,
    digest_token,
    make_token,
    read_token,
)
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.digests.languages import tag
from newsletter.core.digests.message import html_value, join_html
from newsletter.core.digests.weeks import topic_path
from newsletter.errors import PermanentError
from newsletter.languages import interface_language
from newsletter.mail.words import words_for
from newsletter.models import Delivery, FragmentRow, Paper, Subscriber, Topic
from newsletter.models.delivery import SENT, Kind
from newsletter.models.taste import Act
from newsletter.pipeline.compose.message import placeholders_of, stored_fragments
from newsletter.subscribers.taste.acts import feedback_on
from newsletter.web.archive import Archive, archive_of
from newsletter.web.headers import MAIL_CSP
from newsletter.web.jinja import day
from newsletter.web.pages import broken_link, page, private, public_url
from newsletter.web.past_digests import ends_on, past_digests, weeks_of_digest

Links = tuple[tuple[str, str], ...]
"""(words, address) of what a reader's own page offers for a paper."""


@require_safe
@private
def digest(request: HttpRequest, token: str) -> HttpResponse:
    """Show a digest to its reader or, by the share link, to anybody."""
    found = open_digest(token)
    if found is None:
        return broken_link(request)
    delivery, is_shared = found
    return _show_shared(request, delivery) if is_shared else _show_own(request, token, delivery)


def open_digest(token: str) -> tuple[Delivery, bool] | None:
    """Return the digest, and whether this is its share link; None for a link that opens nothing."""
    delivery = _find(token)
    if delivery is not None and _is_held(token, delivery):
        return delivery, False
    if delivery is not None and read_token(token, purpose=Purpose.SHARE):
        return delivery, True
    return None


@require_safe
@private
def as_mailed(request: HttpRequest, token: str) -> HttpResponse:
    """Show its reader the HTML of the mail, as long as it is kept."""
    found = open_digest(token)
    if found is None or found[1]:
        return broken_link(request)
    delivery, language = found[0], _language(found[0])
    try:
        fragments = stored_fragments(delivery)
        response = HttpResponse(join_html(fragments, placeholders_of(delivery, fragments)))
    except PermanentError:  # they were deleted by retention
        return page(request, template="digest-gone.html", language=language, token=token)
    response.headers["Content-Security-Policy"] = MAIL_CSP
    response.headers["Content-Language"] = tag(language)
    return response


def share_url(delivery: Delivery) -> str:
    token = make_token(Purpose.SHARE, subject=delivery_subject(delivery.pk))
    return public_url("digest", token=token)


def topic_url(topic: Topic | None, *, week: str) -> str:
    """Return where a topic's week is; nothing for a private topic, or one that is gone."""
    is_public = topic is not None and topic.owner_id is None and topic.is_active
    return topic_path(topic.slug, week=week) if topic and is_public else ""


def _find(token: str) -> Delivery | None:
    """Return the digest that a token names, not yet verified."""
    key = delivery_id(token[:-MAC_LENGTH])
    digests = Delivery.objects.filter(~Q(fragments=[]) | Q(state__in=SENT), kind=Kind.DIGEST)
    return digests.select_related("subscriber", "selection").filter(pk=key).first() if key else None


def _is_held(token: str, delivery: Delivery) -> bool:
    """Whether it is the reader's link, and not revoked."""
    subscriber = delivery.subscriber
    if subscriber is None:
        return False
    if read_token(token, purpose=Purpose.DIGEST, holder=subscriber.link_key):
        return True
    # Links of version 0.1 are bound to the delivery only: valid until the reader revokes links.
    return bool(read_token(token, purpose=Purpose.DIGEST)) and not subscriber.revoked_keys.exists()


def _language(delivery: Delivery) -> str:
    subscriber = delivery.subscriber
    return interface_language(subscriber.language if subscriber else settings.LANGUAGE_CODE)


def _show_shared(request: HttpRequest, delivery: Delivery) -> HttpResponse:
    language = _language(delivery)
    topics = Topic.objects.filter(owner=None, is_active=True).in_bulk(_topic_keys(delivery))
    archive = archive_of(delivery.selected, language=language, topics=topics)
    slugs = [each.topic.slug for each in archive.topics if each.topic]
    return _page(request, delivery, archive, language=language, slugs=slugs)


def _show_own(request: HttpRequest, token: str, delivery: Delivery) -> HttpResponse:
    subscriber, language = delivery.subscriber, _language(delivery)
    if subscriber is None:
        return broken_link(request)
    archive = archive_of(
        delivery.selected,
        language=language,
        topics=Topic.objects.in_bulk(_topic_keys(delivery)),
        why_of=lambda _, paper: stored_why(delivery, paper),
    )
    with translation.override(language):
        links = _links(delivery, subscriber, archive)
    return _page(
        request,
        delivery,
        archive,
        language=language,
        links=links,
        token=token,
        preferences_token=make_token(Purpose.PREFERENCES, subject=subscriber.link_key),
        share_url=share_url(delivery),
        is_mail_kept=_is_mail_kept(delivery),
        others=past_digests(subscriber, now=timezone.now()),
        own_token=digest_token(delivery.pk, link_key=subscriber.link_key),
    )


def _topic_keys(delivery: Delivery) -> set[int]:
    selection = delivery.selected
    return {*selection.topics, *selection.counted, *(each.topic for each in selection.papers)}


def stored_why(delivery: Delivery, paper: Paper) -> Markup:
    """Return the reason that the mail gave, with the title in it in italics."""
    return Markup(html_value(delivery.placeholders.get(f"why:{paper.arxiv_id}", "")))  # noqa: S704 - escaped there


def _is_mail_kept(delivery: Delivery) -> bool:
    wanted = set(delivery.fragments)
    return bool(wanted) and FragmentRow.objects.filter(checksum__in=wanted).count() == len(wanted)


def _links(delivery: Delivery, subscriber: Subscriber, archive: Archive) -> Mapping[str, Links]:
    """Return arXiv id → what the reader can do with the paper, as long as such links work."""
    if timezone.now() > delivery.slot_at + VALID_FOR:
        return {}
    records = [card.paper for card in archive.cards]
    known = feedback_on(subscriber, [record.arxiv_id for record in records])
    saved = {arxiv_id for arxiv_id, row in known.items() if row.saved_at}
    token = feedback_token(delivery.pk, link_key=subscriber.link_key)
    labels = words_for(subscriber.language).labels
    return {
        record.arxiv_id: _acts(record, token, is_saved=record.arxiv_id in saved, labels=labels)
        for record in records
    }


def _acts(record: PaperRecord, token: str, *, is_saved: bool, labels: Mapping[str, str]) -> Links:
    words = {
        Act.SAVE: gettext("Saved") if is_saved else labels["save"],
        Act.MORE: labels["more"],
        Act.LESS: labels["less"],
    }
    return tuple(
        (
            words[act],
            reverse("feedback_act", kwargs={"token": token, "arxiv_id": record.arxiv_id, "act": act}),
        )
        for act in words
    )


def _page(
    request: HttpRequest, delivery: Delivery, archive: Archive, *, language: str, **values: Any
) -> HttpResponse:
    ended = ends_on(delivery, delivery.subscriber)
    topics = [each.topic for each in archive.topics if each.topic]
    weeks = weeks_of_digest(delivery, delivery.subscriber, topics=[topic.pk for topic in topics])
    with translation.override(language):
        title = delivery.placeholders.get("period") or gettext("Digest of %(day)s") % {"day": day(ended)}
    absent = {"links": {}, "token": "", "slugs": [], "others": [], "is_preview": False}
    given: dict[str, Any] = absent | values
    return page(
        request,
        template="digest.html",
        language=language,
        title=title,
        year=ended.year,
        archive=archive,
        topic_urls={topic.pk: topic_url(topic, week=weeks[topic.pk]) for topic in topics},
        **given,
    )
