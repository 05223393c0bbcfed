"""A topic as a feed and as a Markdown document: valid, with citations, not sent again to who has it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as ET

import feedparser
import pytest
from django.test import Client

from newsletter.audience.topics import add_topic
from newsletter.core.arxiv.papers import parse_id
from newsletter.core.summaries.summary import summary_to_json
from newsletter.models import Match, Paper, Summary, Topic
from newsletter.subscribers.reports import take_down
from tests.fakes import readings
from tests.web.conftest import JOINED, SENT, Service

FEED, EXPORT = "/topics/boats/feed.atom", "/topics/boats/export.md"
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def boats(db: None) -> Topic:  # noqa: ARG001 - the database
    """A topic with a whole reading in two languages, and a position paper nobody summarised."""
    topic = add_topic(
        "boats", name="Boats", names={"zh-hans": "小艇"}, group="Robotics", query="cat:cs.RO", now=JOINED
    )
    for name, languages in (("harbornet", ("en", "zh-hans")), ("ledgers", ())):
        Match.objects.create(
            topic=topic, paper=readings.store(name, *languages), score=1.0, created_at=JOINED
        )
    return topic


def say_in_headline(text: str) -> None:
    """Let the stored summary say what grounding would never pass."""
    summary = readings.reading("harbornet")
    said = replace(summary, headline=replace(summary.headline, text=text))
    Summary.objects.filter(language="en").update(content=summary_to_json(said))


def feed(visitor: Client, path: str = FEED) -> ET.Element:
    response = visitor.get(path)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/atom+xml; charset=utf-8"
    return ET.fromstring(response.content)  # noqa: S314 - our own


def text(element: ET.Element, name: str) -> str:
    found = element.find(f"{ATOM}{name}")
    assert found is not None
    return found.text or ""


def export(visitor: Client, **headers: Any) -> str:
    response = visitor.get(EXPORT, headers=headers)
    assert response.status_code == 200
    return response.content.decode()


def test_a_feed_has_what_atom_asks_for(visitor: Client, boats: Topic) -> None:  # noqa: ARG001
    root = feed(visitor)
    assert root.tag == f"{ATOM}feed"
    ids = [text(entry, "id") for entry in root.findall(f"{ATOM}entry")]
    assert ids == ["https://arxiv.org/abs/2606.90002", "https://arxiv.org/abs/2606.90001"]
    for element in (root, *root.findall(f"{ATOM}entry")):
        assert text(element, "title")
        assert datetime.fromisoformat(text(element, "updated")).tzinfo is not None
        assert element.find(f"{ATOM}author/{ATOM}name") is not None
    links = {link.get("rel"): link.get("href") for link in root.findall(f"{ATOM}link")}
    assert links["self"] == text(root, "id") == "http://localhost:8000/topics/boats/feed.atom?language=en"
    assert all(parse_id(each.rpartition("/")[2]) for each in ids)


def test_an_entry_has_headline_citation_and_takeaways_as_text(visitor: Client, boats: Topic) -> None:  # noqa: ARG001
    evil = "<script>alert(1)</script>\x07"
    Paper.objects.filter(arxiv_id="2606.90001").update(title=f"HarborNet {evil}")
    say_in_headline(evil)
    root = feed(visitor)
    entry = root.findall(f"{ATOM}entry")[1]
    said = text(entry, "summary")
    assert "&lt;script&gt;" in said
    assert "<script" not in said
    assert "<blockquote>“In 412 dockings" in said
    assert "(from the abstract)</blockquote>" in said
    assert said.count("<li>") == 7
    assert "Written by gemini-flash-latest (prompt 4) on 15 June 2026." in said
    assert "For a first screening, not for citing." in said
    assert text(entry, "title") == "HarborNet <script>alert(1)</script>"


def test_a_feed_speaks_the_language_its_address_names(visitor: Client, boats: Topic) -> None:  # noqa: ARG001
    root = feed(visitor, f"{FEED}?language=zh")
    assert root.get("{http://www.w3.org/XML/1998/namespace}lang") == "zh-Hans"
    assert text(root, "title").startswith("小艇 · ")
    assert "借助小艇自身马达声" in text(root.findall(f"{ATOM}entry")[1], "summary")


@pytest.mark.parametrize("path", [FEED, EXPORT])
def test_who_has_it_already_is_told_so_until_something_changes(
    visitor: Client,
    boats: Topic,  # noqa: ARG001
    path: str,
) -> None:
    first = visitor.get(path)
    known = {"if_none_match": first["ETag"]}
    again = visitor.get(path, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    take_down(Summary.objects.get(language="en"), now=SENT)
    changed = visitor.get(path, headers=known)
    assert changed.status_code == 200
    assert "HarborNet docks small boats" not in changed.content.decode()


@pytest.mark.django_db
def test_the_feed_of_a_topic_without_papers_stays_the_same(visitor: Client) -> None:
    add_topic("boats", name="Boats", query="cat:cs.RO", now=JOINED)
    assert datetime.fromisoformat(text(feed(visitor), "updated")) == JOINED
    assert visitor.get(FEED)["ETag"] == visitor.get(FEED)["ETag"]


def test_private_and_unknown_topics_have_neither(visitor: Client, service: Service) -> None:
    for slug in (service.private.slug, "never-was"):
        assert visitor.get(f"/topics/{slug}/feed.atom").status_code == 404
        assert visitor.get(f"/topics/{slug}/export.md").status_code == 404


def test_the_topic_page_leads_to_both(visitor: Client, boats: Topic) -> None:  # noqa: ARG001
    page = visitor.get("/topics/boats/").content.decode()
    assert (
        f'<link rel="alternate" type="application/atom+xml" title="Boats" href="{FEED}?language=en">' in page
    )
    assert 'href="/topics/boats/2026-W25/export.md?language=en"' in page


def test_an_export_opens_with_front_matter_notice_and_date(visitor: Client, boats: Topic) -> None:  # noqa: ARG001
    readings.store_details("harbornet", image=b"an image")
    document = export(visitor)
    _, front, rest = document.split("---\n", 2)
    values = {
        name: json.loads(value) for name, _, value in (line.partition(": ") for line in front.splitlines())
    }
    assert values["title"] == "Boats, 15 to 21 June 2026"
    assert values["date"] == "2026-06-15 09:30:00"
    assert values["categories"] == ["Robotics"]
    assert values["tags"] == ["Boats", "cs.RO", "cs.SD"]
    assert (values["toc"], values["mathjax"]) == (True, False)
    assert values["description"] == "2 new papers of arXiv on Boats"
    assert values["keywords"] == ["acoustic mapping", "autonomous docking", "marine robotics"]
    assert re.fullmatch(r"http://localhost:8000/figures/\w+\.png", values["cover"])
    assert rest.lstrip().startswith(
        "# Boats, 15 to 21 June 2026\n\n> Summaries are machine-made and meant for a first screening"
    )
    assert "## Updated on 15 June 2026" in rest


def test_where_no_model_has_written_nothing_is_called_machine_made(visitor: Client, boats: Topic) -> None:  # noqa: ARG001
    Summary.objects.all().delete()
    assert "Summaries are whole sentences of the abstract" in export(visitor)


def test_an_export_has_every_paper_with_its_facts_summarised_ones_first(
    visitor: Client,
    boats: Topic,  # noqa: ARG001
) -> None:
    readings.store_details("harbornet", image=b"an image")
    document = export(visitor)
    first, second = document.index("### HarborNet"), document.index("### Position")
    assert first < second
    for line in (
        "- **Authors**: Ingrid Solheim, Tadeo Quiroga, Mei-Ling Hsu, Oluwaseun Adeyemi, Petra Novotná",
        "- **Affiliations**: Nordfjord Institute of Technology; Universidad del Litoral;",
        "- **PDF**: <https://arxiv.org/pdf/2606.90001v1>",
        "- **Project page**: <https://harbornet.example.org>",
        "- **Comment**: 14 pages, 6 figures;",
        "**The abstract**: Small boats must often dock at night",
    ):
        assert line in document[first:second]
    assert "**Code**" not in document


def test_an_export_has_the_three_depths_with_their_quotes(visitor: Client, boats: Topic) -> None:  # noqa: ARG001
    document = export(visitor)
    for heading in ("#### Headline", "#### Takeaways", "#### Problem", "##### Steps", "#### Conclusion"):
        assert f"\n{heading}\n" in document
    assert "1. Sweep the motor’s speed by 4 %" in document
    assert "> “In 412 dockings in three harbours, HarborNet reached its berth" in document
    assert "(from “Limitations”)" in document
    assert "##### Innovation: limits\n\nNot stated in the paper." in document
    assert "Written by gemini-flash-latest (prompt 4) on 15 June 2026. 28 claims checked" in document


def test_an_export_says_where_wording_is_not_checked(visitor: Client, boats: Topic) -> None:  # noqa: ARG001
    assert "the wording is not." not in export(visitor)
    Summary.objects.filter(language="zh-hans").delete()
    Summary.objects.update(language="de")
    assert "markup are checked; the wording is not." in export(visitor)


def test_an_export_speaks_chinese(visitor: Client, boats: Topic) -> None:  # noqa: ARG001
    document = export(visitor, accept_language="zh-CN")
    assert document.startswith('---\ntitle: "小艇')
    assert "##### 步骤" in document
    assert "HarborNet 借助小艇自身马达声" in document


def test_what_a_paper_says_is_no_markup(visitor: Client, boats: Topic) -> None:  # noqa: ARG001
    evil = "](javascript:alert(1)) <img src=x onerror=y> # *x*"
    say_in_headline(evil)
    Paper.objects.filter(arxiv_id="2606.90001").update(title=evil, comment=evil, abstract=evil)
    document = export(visitor)
    assert "<img" not in re.sub(r"\\.", "", document)
    assert "](javascript" not in re.sub(r"\\.", "", document)


def read_feed(visitor: Client, path: str = FEED) -> Any:
    found = feedparser.parse(visitor.get(path).content)
    assert not found.bozo, found.get("bozo_exception")
    return found


def test_a_feed_is_read_by_feedparser_with_full_entries(visitor: Client, boats: Topic) -> None:  # noqa: ARG001
    found = read_feed(visitor)
    assert (found.version, found.feed.title) == ("atom10", "Boats · arXiv digest")
    first = next(each for each in found.entries if each.id.endswith("2606.90001"))
    assert first.link == "http://localhost:8000/papers/2606.90001/"
    assert [each.href for each in first.links if each.rel == "related"] == [
        "https://arxiv.org/abs/2606.90001v1",
        "https://arxiv.org/pdf/2606.90001v1",
        "https://harbornet.example.org",
        "http://localhost:8000/topics/boats/2026-W25/",
    ]
    for words in ("HarborNet docks small boats", "<blockquote>“In 412 dockings", "<li>"):
        assert words in first.summary
    for each in (first.link, *(link.href for link in first.links)):
        assert f'href="{each}"' in first.summary
    assert {tag.term for tag in first.tags} == {"cs.RO", "cs.SD"}
    assert first.updated_parsed >= first.published_parsed


@pytest.mark.parametrize(
    "evil",
    [
        "]]></summary><entry><title>another</title></entry>",
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        "&#0; &lt;b&gt; \x0b\x1f \ufffe\uffff",
        '"><a href="javascript:alert(1)">x</a>',
    ],
)
def test_a_feed_stays_valid_whatever_a_paper_says(visitor: Client, boats: Topic, evil: str) -> None:  # noqa: ARG001
    Paper.objects.filter(arxiv_id="2606.90001").update(
        title=evil, abstract=evil, authors=[evil], comment=evil
    )
    say_in_headline(evil)
    found = read_feed(visitor)
    assert len(found.entries) == 2
    raw = visitor.get(FEED).content.decode()
    texts = [element.text or "" for element in ET.fromstring(raw).iter(f"{ATOM}summary")]  # noqa: S314 - our own
    tags = {tag for text in texts for tag in re.findall(r"<(\w+)", text)}
    assert tags <= {"p", "ul", "li", "blockquote", "a"}
    assert not any("javascript:" in url for text in texts for url in re.findall(r'href="([^"]*)"', text))
