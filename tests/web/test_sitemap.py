"""robots.txt, the sitemap, and what a public page says of its address; nothing personal is in any of them."""

from __future__ import annotations

from urllib.robotparser import RobotFileParser
from xml.etree import ElementTree

import pytest
from django.conf import settings
from django.test import Client
from lxml import html

from newsletter.audience.tokens import Purpose
from newsletter.models import Paper, Summary
from newsletter.subscribers.reports import take_down
from newsletter.web import sitemap
from tests.web.conftest import SENT, Service
from tests.web.test_public_pages import text_of, write_summary

BASE = "http://localhost:8000"


def locations(visitor: Client, path: str) -> list[str]:
    answer = visitor.get(path)
    assert answer["Content-Type"] == "application/xml; charset=utf-8"
    root = ElementTree.fromstring(answer.content)  # noqa: S314 - our own
    return [each.text or "" for each in root.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]


def everything(visitor: Client) -> list[str]:
    pages = locations(visitor, "/sitemap.xml")
    return [url for page in pages for url in locations(visitor, page.removeprefix(BASE))]


def canonical(page: str) -> list[str]:
    return [str(each) for each in html.document_fromstring(page).xpath('//link[@rel="canonical"]/@href')]


def test_the_sitemap_has_topics_and_papers_with_a_summary(visitor: Client, service: Service) -> None:
    write_summary(Paper.objects.get(arxiv_id="2606.00002"), language="en", headline="Errors fall by 12%.")
    found = everything(visitor)
    assert {f"{BASE}/", f"{BASE}/topics/", f"{BASE}/topics/heads/", f"{BASE}/papers/2606.00002/"} <= set(
        found
    )
    assert f"{BASE}/papers/2606.00009/" not in found  # of it nothing is told that arXiv does not
    assert len(found) == len(set(found))
    assert not [url for url in found if service.private.slug in url]


def test_every_address_of_the_sitemap_is_its_pages_own(visitor: Client, service: Service) -> None:  # noqa: ARG001
    for url in everything(visitor):
        assert canonical(text_of(visitor, url.removeprefix(BASE))) == [url]


def test_a_summary_that_is_taken_down_leaves_the_sitemap(visitor: Client, service: Service) -> None:  # noqa: ARG001
    write_summary(Paper.objects.get(arxiv_id="2606.00009"), language="en", headline="Errors fall by 12%.")
    take_down(Summary.objects.get(model="some-model"), now=SENT)
    assert f"{BASE}/papers/2606.00009/" not in everything(visitor)


def test_a_long_sitemap_has_pages(
    visitor: Client,
    service: Service,  # noqa: ARG001
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number in (2, 3, 4):
        write_summary(Paper.objects.get(arxiv_id=f"2606.0000{number}"), language="en", headline="It is 12%.")
    monkeypatch.setattr(sitemap, "ON_A_PAGE", 2)
    papers = [url for url in everything(visitor) if "/papers/" in url]
    assert len(papers) == len(set(papers)) == Summary.objects.shown().values("paper").distinct().count()
    for path in ("/sitemap-papers-0.xml", "/sitemap-papers-99999999999999999999.xml", "/sitemap-x-1.xml"):
        assert visitor.get(path).status_code == 404


def test_robots_may_read_what_is_public(visitor: Client, service: Service) -> None:
    said = visitor.get("/robots.txt")
    assert said["Content-Type"].startswith("text/plain")
    robots = RobotFileParser()
    robots.parse(said.content.decode().splitlines())
    assert robots.site_maps() == [f"{BASE}/sitemap.xml"]
    for path in ("/", "/topics/heads/", "/papers/2606.00001/"):
        assert robots.can_fetch("anyone", path)
    for path in ("/admin/", "/hooks/sendgrid", "/outbox/", "/search?q=x"):
        assert not robots.can_fetch("anyone", path)
    # Personal pages must be readable for a robot to see that they are not to be indexed.
    link = service.link(Purpose.PREFERENCES)
    assert robots.can_fetch("anyone", link)
    assert link.rpartition("/")[2] not in said.content.decode()


@pytest.mark.parametrize("purpose", [Purpose.PREFERENCES, Purpose.DIGEST, Purpose.SHARE, Purpose.UNSUBSCRIBE])
def test_personal_pages_are_not_indexed_and_have_no_public_address(
    visitor: Client, service: Service, purpose: Purpose
) -> None:
    answer = visitor.get(service.link(purpose))
    assert answer["X-Robots-Tag"] == "noindex"
    assert canonical(answer.content.decode()) == []
    assert "og:url" not in answer.content.decode()


def test_a_page_that_is_not_there_has_no_public_address(visitor: Client, service: Service) -> None:  # noqa: ARG001
    for path in ("/papers/2606.99999/", "/topics/none/", "/nothing/"):
        assert canonical(text_of(visitor, path, status=404)) == []


def test_the_public_address_is_the_base_urls(visitor: Client, service: Service) -> None:  # noqa: ARG001
    old = settings.CONFIG
    try:
        settings.CONFIG = old.model_copy(update={"base_url": "https://news.example.org"})
        page = text_of(visitor, "/topics/heads/?page=1&utm_source=x")
    finally:
        settings.CONFIG = old
    assert canonical(page) == ["https://news.example.org/topics/heads/"]
