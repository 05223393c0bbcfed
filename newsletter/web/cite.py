"""Citations to download, in the formats of ``core/arxiv/cite.py``: of a paper, a topic's week, a digest."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from newsletter.audience.topics import public_topics
from newsletter.core.arxiv.cite import Form, export
from newsletter.core.arxiv.papers import PaperRecord, parse_id
from newsletter.core.digests.selection import Place
from newsletter.core.digests.weeks import parse_week
from newsletter.models import Delivery, Paper
from newsletter.pipeline.weeks import counts_by_week
from newsletter.web.digests import open_digest
from newsletter.web.pages import broken_link, private
from newsletter.web.papers import find_paper, unknown_paper
from newsletter.web.rendered import dont_keep, rendered_once
from newsletter.web.slugs import follows_former_slugs, public_topic
from newsletter.web.weeks import contents_of

MOST_CITED = 1_000
"""Papers of a topic's week: what is public has a bound."""


class FormConverter:
    """The ending of an address."""

    regex = "|".join(Form)

    def to_python(self, value: str) -> Form:
        return Form(value)

    def to_url(self, value: Form) -> str:
        return Form(value).value


def answer(papers: Iterable[PaperRecord], *, form: Form, name: str) -> HttpResponse:
    """Return a file of ``papers``; ``name``, without its ending, is of letters, digits, dots and hyphens."""
    response = HttpResponse(export(papers, form), content_type=f"{form.media_type}; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{form}"'
    return response


@require_safe
@rendered_once()
def paper(request: HttpRequest, arxiv_id: str, form: Form) -> HttpResponse:
    """Return one paper; redirect other forms of its id. Of an earlier version nothing is known."""
    asked = parse_id(arxiv_id)
    found = find_paper(asked)
    if asked is None or found is None:
        return unknown_paper(request, asked=asked)
    if asked.version not in (None, found.version):
        raise Http404
    if arxiv_id != found.arxiv_id:
        return redirect("paper_cite", arxiv_id=found.arxiv_id, form=form)
    record = found.record
    return answer([record], form=form, name=f"arxiv-{record.versioned_id.replace('/', '-')}")


@require_safe
@follows_former_slugs
@rendered_once()
def topic_week(request: HttpRequest, slug: str, week: str, form: Form) -> HttpResponse:  # noqa: ARG001 - a view
    """Return the papers of a topic's week, in the order of its page."""
    topic, asked = public_topic(slug), parse_week(week)
    if asked is None or asked not in counts_by_week(topic, now=timezone.now()):
        raise Http404
    contents = contents_of(topic, asked, now=timezone.now())
    ids = contents.papers[:MOST_CITED]
    papers = Paper.objects.in_bulk(ids)
    found = answer([papers[each].record for each in ids if each in papers], form=form, name=f"{slug}-{asked}")
    return found if contents.knows_all_changes else dont_keep(found)


@require_safe
@private
def digest(request: HttpRequest, token: str, form: Form) -> HttpResponse:
    """Return the papers that a digest names, in its order. By the share link: those of public topics."""
    found = open_digest(token)
    if found is None:
        return broken_link(request)
    delivery, is_shared = found
    name = f"digest-{delivery.slot_at:%Y-%m-%d}"
    return answer(_records(delivery, is_shared=is_shared), form=form, name=name)


def _records(delivery: Delivery, *, is_shared: bool) -> list[PaperRecord]:
    named = delivery.selected.papers
    if is_shared:
        # Papers beside the topics, and those of private ones, would tell what the reader likes.
        public = set(
            public_topics().filter(pk__in={each.topic for each in named}).values_list("pk", flat=True)
        )
        beside = (Place.NEAR, Place.REVISED)
        named = tuple(each for each in named if each.topic in public and each.final_place not in beside)
    order = {place: number for number, place in enumerate(Place)}
    ids = [each.paper_id for each in sorted(named, key=lambda each: order[each.final_place])]
    papers = Paper.objects.in_bulk(ids)
    return [papers[each].record for each in ids if each in papers]
