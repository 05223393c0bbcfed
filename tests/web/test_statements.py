"""What a page costs the database: counted, so that it does not grow unseen."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core.cache import caches
from django.test import Client

from newsletter.audience.feedback_links import feedback_token
from newsletter.audience.tokens import Purpose
from newsletter.models import Figure, FullTextRecord, Paper
from newsletter.models.taste import Act, Source
from newsletter.subscribers.taste.acts import act_on
from tests.web.conftest import SENT, Service
from tests.web.test_public_pages import write_summary
from tests.web.test_rendered import statements

RENDERED = {
    "/": 27,  # of it half again once it is known which papers it shows
    "/topics/": 5,
    "/topics/heads/": 13,
    "/topics/heads/feed.atom": 5,
    "/topics/heads/2026-W25/": 13,
    "/topics/heads/export.md": 12,
    "/papers/2606.00001/": 12,  # two of it find the papers close to it, which are asked for twice
    "/papers/2606.00001/report/": 5,
    "/papers/2606.00001/cite.bib": 2,
    "/papers/2606.00001/card.png": 3,
    "/sitemap.xml": 8,
    "/sitemap-papers-1.xml": 4,
    "/preferences/": 2,
    "/privacy/": 1,
    "/about/": 1,
}
"""Statements of a page that changed; of one that did not: one (``test_rendered.py``)."""
CC_BY = "https://creativecommons.org/licenses/by/4.0/"
MOST_PERSONAL = 8
MOST_SHARED = 2
"""More for the first reader's page after a change: the topics on offer, and whether sending is paused."""
MOST_OF_A_PAPER = 12
"""Of its page behind a link: it names two papers close to it, which cost three."""


@pytest.mark.parametrize(("path", "most"), RENDERED.items())
def test_rendering_a_public_page_costs_no_more(
    visitor: Client,
    service: Service,  # noqa: ARG001
    path: str,
    most: int,
) -> None:
    said = statements(visitor, path).said
    assert len(said) <= most, said


@pytest.mark.parametrize(
    "page",
    [
        "",
        "?find=speech",
        "/taste",
        "/saved",
        "/saved?list=more",
        "/topics/new",
        "/taste/import",
        "/taste/export.json",
    ],
)
def test_a_readers_own_pages_cost_at_most_eight(visitor: Client, service: Service, page: str) -> None:
    papers = Paper.objects.order_by("pk")[:9]
    for act, rows in ((Act.SAVE, papers[:3]), (Act.MORE, papers[3:6]), (Act.LESS, papers[6:])):
        act_on(service.subscriber, act, [row.record for row in rows], source=Source.PAGE, now=SENT)
    path = f"{service.link(Purpose.PREFERENCES)}{page}"
    caches["pages"].clear()
    visitor.get("/topics/")  # the counts of the week are everybody's
    first, then = statements(visitor, path).said, statements(visitor, path).said
    assert len(then) <= MOST_PERSONAL, then
    assert len(first) <= len(then) + MOST_SHARED, first


def test_a_paper_behind_a_feedback_link_costs_no_more(visitor: Client, service: Service) -> None:
    paper = Paper.objects.get(arxiv_id="2606.00001")
    record = FullTextRecord.objects.create(paper=paper, paper_version=1, licence=CC_BY, read_at=SENT)
    Figure.objects.create(record=record, position=1, number="1", image="a.png", width=1, height=1)
    write_summary(paper, language="en", headline="It speaks.")
    token = feedback_token(service.delivery.pk, link_key=service.subscriber.link_key)
    with time_machine.travel(SENT + timedelta(hours=1)):
        said = statements(visitor, f"/r/{token}/2606.00001").said
    assert len(said) <= MOST_OF_A_PAPER, said


@pytest.mark.parametrize("purpose", [Purpose.DIGEST, Purpose.SHARE, Purpose.UNSUBSCRIBE])
def test_what_a_mail_links_to_costs_at_most_eight(
    visitor: Client, service: Service, purpose: Purpose
) -> None:
    said = statements(visitor, service.link(purpose)).said
    assert len(said) <= MOST_PERSONAL, said
