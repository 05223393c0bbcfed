"""A digest in the browser: the mail's own HTML as it was sent, and after it the papers it only counted.

The share link shows the same to anybody: without the reader's address, times and links.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from newsletter.audience.tokens import (
    MAC_LENGTH,
    Purpose,
    delivery_id,
    delivery_subject,
    make_token,
    read_token,
)
from newsletter.audience.topics import public_topics
from newsletter.core.digests.languages import tag
from newsletter.core.digests.message import Fragment, join_html
from newsletter.core.digests.selection import Place
from newsletter.errors import PermanentError
from newsletter.languages import interface_language
from newsletter.models import Delivery, Paper
from newsletter.models.delivery import SENT, Kind
from newsletter.pipeline.compose.message import placeholders_of, stored_fragments
from newsletter.web.headers import MAIL_CSP
from newsletter.web.pages import broken_link, page, private, sentence_gap, service_name

LEFT_OUT = "…"
"""Replaces personal strings in a shared digest."""
PERSONAL = ("near", "revised", "why:", "why_text:", "follows:", "feedback_url", "learned", "quiet")
"""A fragment with one of these is about what the reader likes or has read: no part of a shared digest."""
SHARED_PLACEHOLDERS = frozenset({"statistic", "who_wrote", "numeral", "opening", "account"})
"""Stored strings that are not personal; the last three are of older mails."""
_PERSONAL_PARTS = re.compile(
    r'(?:&nbsp;|\s|\u00a0)*<a class="a"\s+href="\[\[feedback_url\]\][^>]*>[^<]*</a>(?:&nbsp;|\u00a0)*'
    r'|<p class="s"[^>]*>\s*\[\[why:[^\]]*\]\]\s*</p>'
    r'|<span class="s"[^>]*>\s*\[\[follows:[^\]]*\]\]\s*</span>'
)
"""What is personal of a card or a line: links of feedback, the reason, a followed author."""
_BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
_BODY_END = re.compile(r"</body\s*>", re.IGNORECASE)


@require_safe
@private
def digest(request: HttpRequest, token: str) -> HttpResponse:
    """Show a digest to its reader or, by the share link, to anybody."""
    found = open_digest(token)
    if found is None:
        return broken_link(request)
    delivery, is_shared = found
    return _show(request, delivery, is_shared=is_shared)


def open_digest(token: str) -> tuple[Delivery, bool] | None:
    """Return the digest, and whether this is its share link; None for a link that opens nothing."""
    delivery = _find(token)
    if delivery is not None and _is_held(token, delivery):
        return delivery, False
    if delivery is not None and read_token(token, purpose=Purpose.SHARE):
        return delivery, True
    return None


def share_url(delivery: Delivery) -> str:
    token = make_token(Purpose.SHARE, subject=delivery_subject(delivery.pk))
    return f"{settings.CONFIG.base_url}{reverse('digest', kwargs={'token': token})}"


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


def _show(request: HttpRequest, delivery: Delivery, *, is_shared: bool) -> HttpResponse:
    subscriber = delivery.subscriber
    language = interface_language(subscriber.language if subscriber else settings.LANGUAGE_CODE)
    around = _around(delivery, is_shared=is_shared, language=language)
    try:
        html = _mail_html(delivery, is_shared=is_shared)
    except PermanentError:  # its fragments were deleted by retention
        return page(request, template="digest-gone.html", language=language, **around)
    with translation.override(language):
        values = {"service": service_name(), "gap": sentence_gap(language), **around}
        before = loader.render_to_string("digest-before.html", values, request, using="jinja2")
        after = loader.render_to_string("digest-after.html", values, request, using="jinja2")
    html = _BODY.sub(lambda found: found[0] + before, html, count=1)
    response = HttpResponse(_BODY_END.sub(lambda found: after + found[0], html, count=1))
    response.headers["Content-Security-Policy"] = MAIL_CSP
    response.headers["Content-Language"] = tag(language)
    return response


def _mail_html(delivery: Delivery, *, is_shared: bool) -> str:
    fragments = stored_fragments(delivery)
    if is_shared:
        fragments = [Fragment(html=_PERSONAL_PARTS.sub("", each.html), text="") for each in fragments]
        fragments = [each for each in fragments if not any(map(_is_personal, each.placeholders))]
    placeholders = placeholders_of(delivery, fragments)
    return join_html(fragments, _shared(placeholders, delivery) if is_shared else placeholders)


def _is_personal(placeholder: str) -> bool:
    return placeholder.startswith(PERSONAL)


def _shared(placeholders: Mapping[str, str], delivery: Delivery) -> dict[str, str]:
    """Return the placeholders without personal data: links lead to the topics, words are left out."""
    filled = {
        name: value if name in SHARED_PLACEHOLDERS else LEFT_OUT for name, value in placeholders.items()
    }
    for name in placeholders:
        kind = name.partition(":")[0]
        if kind.endswith("_url"):
            filled[name] = settings.CONFIG.base_url + reverse("topics")
        elif kind == "topic":
            filled[name] = gettext("A topic of their own")
    if "digest_url" in placeholders:
        filled["digest_url"] = share_url(delivery)
    return filled


def _around(delivery: Delivery, *, is_shared: bool, language: str) -> dict[str, Any]:
    """Return the values around the mail."""
    selection = delivery.selected
    topics = public_topics().filter(pk__in=delivery.topics)
    counted = selection.shown(Place.COUNTED)
    shown = [*selection.shown(Place.SUMMARIZED), *selection.shown(Place.LISTED)]
    papers = Paper.objects.only("arxiv_id", "version", "title").in_bulk([*counted, *shown])
    return {
        "is_shared": is_shared,
        "subject": delivery.subject,
        "share_url": share_url(delivery),
        "topics": [(topic.slug, topic.name_in(language)) for topic in topics],
        "counted": [papers[each] for each in counted if each in papers],
        "shown": [papers[each] for each in shown if each in papers],
    }
