"""What Zotero reads off a paper's page, by the rules of its translators "Embedded Metadata" and COinS.

The rules are written again here from their source: ``processFields``, ``processHighwireCreators`` and
``parseContextObject``. Names in words are Zotero's.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import html

from newsletter.core.arxiv.embedded import coins, meta_tags
from newsletter.models import Paper
from tests.fakes import readings
from tests.fakes.papers import paper_record
from tests.web.test_public_pages import text_of

pytestmark = pytest.mark.django_db
MAPPED = {
    "citation_title": "title",
    "citation_publication_date": "date",
    "citation_journal_title": "publicationTitle",
    "citation_abstract": "abstractNote",
    "citation_doi": "DOI",
    "citation_public_url": "url",
    "citation_language": "language",
}
"""HIGHWIRE_MAPPINGS, those that a preprint can have."""


def embedded(page: str) -> dict[str, Any]:
    """Return the item that "Embedded Metadata" makes."""
    root = html.document_fromstring(page)
    tags = [(meta.get("name", ""), meta.get("content", "")) for meta in root.iterfind("head/meta")]
    item: dict[str, Any] = {"itemType": "journalArticle"}  # its guess, for a citation_title
    for name, field in MAPPED.items():
        found = [content for each, content in tags if each.endswith(name)]
        if found and found[0].strip():
            item[field] = " ".join(found[0].split())
    item["itemType"] = next((content for name, content in tags if name == "z:itemType"), item["itemType"])
    authors = [content for name, content in tags if name.endswith("citation_author")]
    item["creators"] = []
    for author in authors:
        people = re.split(r"\s*;\s*", author)
        if len(people) == len(authors) == 1:
            by_comma = re.split(r"\s*,\s*", author)
            if len(by_comma) > 1 and " " in by_comma[0] and " " in by_comma[1]:
                people = by_comma
        for person in people:
            is_again = item["creators"] and item["creators"][-1] == person
            if re.search(r"[^\s,-.;]", person) and not is_again:
                item["creators"].append(person)
    item["pdf"] = next((content for name, content in tags if name.endswith("citation_pdf_url")), "")
    item["arxiv"] = next((content for name, content in tags if name.endswith("citation_arxiv_id")), "")
    return item


def context_object(page: str) -> dict[str, Any]:
    """Return the item that COinS makes of the first ``span.Z3988``."""
    [given] = html.document_fromstring(page).xpath('//span[@class="Z3988"]/@title')
    item: dict[str, Any] = {"itemType": "", "creators": []}
    fields = {"rft.title": "title", "rft.date": "date", "rft.publisher": "publisher", "rft.identifier": "url"}
    for pair in given.split("&"):
        name, text = pair.split("=")
        value = unquote(re.sub(r"\+|%2[bB]", " ", text))
        if name == "rft_val_fmt":
            item["itemType"] = {"info:ofi/fmt:kev:mtx:dc": "webpage"}.get(value, "")
        elif name == "rft.type":
            item["itemType"] = value
        elif name == "rft.au":
            item["creators"].append(value)
        elif name == "rft_id" and value.startswith("info:doi/"):
            item["DOI"] = value[9:]
        elif name in fields:
            item[fields[name]] = value
    return item


def page_of(visitor: Client, **fields: Any) -> str:
    record = paper_record(**fields)
    Paper.from_record(record, first_seen_at=record.published_at).save()
    return text_of(visitor, f"/papers/{record.arxiv_id}/")


NAMES = ("José M. F. Moura", "Ana Maria Lopez", "ATLAS Collaboration", "李明", "Ludwig van Beethoven")


def test_it_reads_a_preprint_with_its_names_as_printed(visitor: Client) -> None:
    page = page_of(visitor, version=2, authors=NAMES, doi="10.1000/a_b", journal_ref="J. X 1")
    item = embedded(page)
    assert item["itemType"] == "preprint"
    assert item["creators"] == list(NAMES)
    assert (item["title"], item["date"]) == ("Avatar 1: Talking Heads from Speech", "2026/06/15")
    assert (item["DOI"], item["url"]) == ("10.1000/a_b", "https://arxiv.org/abs/2606.00001v2")
    assert (item["pdf"], item["arxiv"]) == ("https://arxiv.org/pdf/2606.00001v2", "2606.00001v2")
    assert "publicationTitle" not in item  # it would make an article of a journal of it


def test_coins_says_the_same(visitor: Client) -> None:
    page = page_of(visitor, authors=NAMES, doi="10.1000/a_b", title="A & B = C? 50% “quoted” <b>")
    item = context_object(page)
    assert item == {
        "itemType": "preprint",
        "creators": list(NAMES),
        "title": "A & B = C? 50% “quoted” <b>",
        "date": "2026-06-15",
        "publisher": "arXiv",
        "url": "https://arxiv.org/abs/2606.00001v1",
        "DOI": "10.1000/a_b",
    }


def test_a_paper_without_a_doi_has_none(visitor: Client) -> None:
    page = page_of(visitor, doi="see the journal")
    assert "DOI" not in embedded(page)
    assert "DOI" not in context_object(page)


HOSTILE = (
    '"><script>alert(1)</script>',
    "' onload='alert(1)",
    "</title><meta http-equiv=refresh content=0;url=//evil>",
    "&lt;b&gt; &amp;quot; {{ 7 * 7 }} {% raw %}",
    "javascript:alert(1)//%0A&rft.au=Evil",
    "]]><!--",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_title_is_text_in_every_tag(visitor: Client, text: str) -> None:
    row = readings.store("harbornet", "en")
    hostile = replace(row.record, title=text, authors=(text, "B C"), comment=text, journal_ref=text, doi=text)
    for name in ("title", "comment", "journal_ref", "doi"):
        setattr(row, name, getattr(hostile, name))
    row.authors = list(hostile.authors)
    row.save()
    page = text_of(visitor, f"/papers/{row.arxiv_id}/")
    root = html.document_fromstring(page)
    assert not root.xpath("//script | //meta[@http-equiv] | //@onload | //*[@onerror]")
    assert [each.get("content") for each in root.xpath('//meta[@property="og:title"]')] == [text]
    assert root.findtext("head/title") == f"{text} · arXiv digest"
    item = embedded(page)
    assert item["title"] == " ".join(text.split())
    assert context_object(page)["title"] == " ".join(text.split())
    assert context_object(page)["creators"] == [text, "B C"]
    assert all(not href.startswith("javascript") for href in root.xpath("//@href"))


words = st.text(st.characters(exclude_categories=("Cs", "Cc", "Co", "Cn")), min_size=1, max_size=60)


@given(st.lists(words, min_size=1, max_size=4))
def test_whatever_the_names_they_are_told_whole_and_in_order(names: list[str]) -> None:
    record = paper_record(title=names[0], authors=tuple(names))
    plain = [" ".join(name.split()) for name in names]
    assert [content for name, content in meta_tags(record) if name == "citation_author"] == plain
    read = context_object(f'<html><span class="Z3988" title="{coins(record).replace("&", "&amp;")}"></span>')
    assert read["creators"] == [each.replace("+", " ") for each in plain]  # Zotero loses a plus


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(title=words.filter(str.strip), name=words.filter(str.strip))
def test_whatever_a_paper_says_its_page_is_inert(visitor: Client, title: str, name: str) -> None:
    row = readings.store("harbornet")
    Paper.objects.filter(pk=row.pk).update(title=title, authors=[name], comment=name, abstract=title)
    root = html.document_fromstring(text_of(visitor, f"/papers/{row.arxiv_id}/"))
    assert not root.xpath("//script | //iframe | //*[@onload or @onerror or @onclick]")
    assert root.xpath('//meta[@property="og:title"]/@content') == [title]
    assert root.xpath("string(//h1)") == title
    assert {str(each).partition(":")[0] for each in root.xpath("//@href") if ":" in each} <= {"http", "https"}
