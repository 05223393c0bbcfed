"""A topic outside the site: as an Atom feed (RFC 4287), and a week as Markdown. Never a private one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.syndication.views import Feed
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext
from django.views.decorators.http import require_safe

from newsletter.core.arxiv.links import abstract_url, code_url, page_url, pdf_url, project_url
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.core.digests.languages import tag
from newsletter.core.digests.weeks import parse_week, week_of
from newsletter.core.summaries.summary import Claim
from newsletter.errors import BadInput
from newsletter.languages import interface_language
from newsletter.models import Paper, Topic
from newsletter.pipeline.weeks import counts_by_week
from newsletter.subscribers.preferences import checked_language
from newsletter.web.exporting import as_markdown, export_of, notice
from newsletter.web.pages import current_language, public_url, service_name
from newsletter.web.places import place_in_words
from newsletter.web.rendered import dont_keep, rendered_once
from newsletter.web.slugs import follows_former_slugs, public_topic
from newsletter.web.summaries import Written, summaries_of, written_by
from newsletter.web.topics import newest_papers_at, papers_of

MOST_ENTRIES, MOST_EXPORTED = 40, 100
_UNPRINTABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 §2.2 does not allow."""


def asked_language(request: HttpRequest) -> str:
    """Return the language of the URL, since feed readers send none; else the browser's."""
    try:
        return checked_language(request.GET.get("language", ""))
    except BadInput:
        return current_language()


@require_safe
@follows_former_slugs
@rendered_once(asked_language)
def topic_feed(request: HttpRequest, slug: str) -> HttpResponse:
    language = asked_language(request)
    with translation.override(interface_language(language)):
        return _TopicFeed(language)(request, slug=slug)


@require_safe
@follows_former_slugs
@rendered_once(asked_language)
def topic_export(request: HttpRequest, slug: str, week: str = "") -> HttpResponse:
    """Answer with a week's Markdown; without one with that of the newest week that has papers."""
    topic, language, now = public_topic(slug), asked_language(request), timezone.now()
    counts = counts_by_week(topic, now=now)
    asked = parse_week(week) if week else next((each for each, count in counts.items() if count), None)
    if asked not in counts:
        raise Http404
    with translation.override(interface_language(language)):
        export = export_of(topic, asked, language=language, now=now, most=MOST_EXPORTED)
        document = as_markdown(export)
    response = HttpResponse(document, content_type="text/markdown; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{slug}-{asked}.md"'
    response.headers["Content-Language"] = tag(language)
    return response if export.knows_all_changes else dont_keep(response)


class _Atom(Atom1Feed):
    """Django's generator, with the topic's date if there is no paper."""

    def latest_post_date(self) -> datetime:
        dates = [item["updateddate"] for item in self.items]
        latest: datetime = max(dates, default=self.feed["nothing_since"])
        return latest

    def add_item_elements(self, handler: Any, item: dict[str, Any]) -> None:
        """Add the other addresses of an entry (RFC 4287 §4.2.7.2): what is about it."""
        super().add_item_elements(handler, item)
        for address in item["related"]:
            handler.addQuickElement("link", "", {"rel": "related", "href": address})


class _TopicFeed(Feed):  # type: ignore[type-arg]  # Django's own class takes no parameters
    """One instance per request: it holds the summaries of its papers."""

    feed_type = _Atom

    def __init__(self, language: str) -> None:
        self._language = language
        self._slug = ""
        self._papers: list[Paper] = []
        self._written: dict[int, Written] = {}
        self.language = tag(language)

    def get_object(self, request: HttpRequest, slug: str) -> Topic:  # noqa: ARG002 - Django's signature
        topic = public_topic(slug)
        self._slug = topic.slug
        self._papers = list(papers_of(topic, until=newest_papers_at())[:MOST_ENTRIES])
        self._written = summaries_of(self._papers, language=self._language)
        return topic

    def title(self, topic: Topic) -> str:
        return f"{topic.name_in(self._language)} · {service_name()}"

    def subtitle(self, topic: Topic) -> str:  # noqa: ARG002 - Django's signature
        return notice(self._written.values())

    def link(self, topic: Topic) -> str:
        return public_url("topic", slug=topic.slug)

    def feed_url(self, topic: Topic) -> str:
        return f"{public_url('topic_feed', slug=topic.slug)}?language={self._language}"

    def feed_guid(self, topic: Topic) -> str:
        return self.feed_url(topic)

    def author_name(self) -> str:
        return service_name()

    def feed_extra_kwargs(self, topic: Topic) -> dict[str, Any]:
        return {"nothing_since": topic.created_at}

    def items(self, topic: Topic) -> Sequence[Paper]:  # noqa: ARG002 - Django's signature
        return self._papers

    def item_title(self, paper: Paper) -> str:
        return _printable(paper.title)

    def item_link(self, paper: Paper) -> str:
        return page_url(paper.record, base_url=settings.CONFIG.base_url)

    def item_guid(self, paper: Paper) -> str:
        """A paper is one entry, whichever version."""
        return f"https://arxiv.org/abs/{paper.arxiv_id}"

    def item_pubdate(self, paper: Paper) -> datetime:
        return paper.published_at

    def item_updateddate(self, paper: Paper) -> datetime:
        written = self._written.get(paper.pk)
        moments = (paper.updated_at, written.row.written_at if written else None)
        return max(moment for moment in moments if moment)

    def item_author_name(self, paper: Paper) -> str:
        return _printable(", ".join(paper.authors) or "arXiv")

    def item_categories(self, paper: Paper) -> list[str]:
        return list(paper.categories)

    def item_extra_kwargs(self, paper: Paper) -> dict[str, Any]:
        return {"related": list(self._links(paper).values())}

    def item_description(self, paper: Paper) -> str:
        links = {gettext("Read on"): self.item_link(paper), **self._links(paper)}
        said = _as_html(paper.record, self._written.get(paper.pk))
        shown = format_html_join(" ", '<a href="{}">{}</a>', ((url, name) for name, url in links.items()))
        return _printable(format_html("{}<p>{}</p>", said, shown))

    def _links(self, paper: Paper) -> dict[str, str]:
        """Return what an entry links to besides its page: words → address."""
        record, week = paper.record, week_of(paper.first_seen_at)
        found = {
            "arXiv": abstract_url(record),
            gettext("PDF"): pdf_url(record),
            gettext("Project page"): project_url(record),
            gettext("Code"): code_url(record),
            gettext("Its week"): public_url("topic_week", slug=self._slug, week=str(week)),
        }
        return {name: url for name, url in found.items() if url}


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("", text)


def _as_html(paper: PaperRecord, written: Written | None) -> str:
    """Return what a card says: headline, a citation, takeaways, whose words they are; else the abstract."""
    if written is None:
        return format_html("<p>{}</p>", paper.abstract)
    content = written.content
    citation = _citation(content.headline) if written.is_model else ""
    points = format_html_join("", "<li>{}</li>", ((claim.text,) for claim in content.takeaways))
    made = written_by(written.row, content) if written.is_model else gettext("In the authors’ words.")
    return format_html(
        "<p>{}</p>{}{}<p>{}</p><p>arXiv:{}</p>",
        content.headline.text,
        citation,
        format_html("<ul>{}</ul>", points) if points else "",
        made,
        paper.versioned_id,
    )


def _citation(claim: Claim) -> str:
    if not claim.evidence:
        return ""
    quote = claim.evidence[0]
    return format_html("<blockquote>“{}” ({})</blockquote>", quote.quote, place_in_words(quote))
