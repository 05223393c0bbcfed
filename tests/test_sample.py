"""The sample data of the demo: a feed as arXiv would answer, topics that find papers in it, their readers."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from typing import Any
from xml.etree import ElementTree

import pytest

ATOM = "{http://www.w3.org/2005/Atom}"
ARXIV = "{http://arxiv.org/schemas/atom}"
OPENSEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"
FEEDS = ("week.xml", "revisions.xml")
READER_FIELDS = {"email", "topics", "cadence", "at", "timezone", "language", "depth", "max_papers"}


def sample(name: str) -> str:
    return files("newsletter.sample").joinpath(name).read_text(encoding="utf-8")


def feed(name: str) -> ElementTree.Element:
    return ElementTree.fromstring(sample(name))  # noqa: S314 - the project's own file


def entries(name: str) -> list[ElementTree.Element]:
    return feed(name).findall(f"{ATOM}entry")


def text(entry: ElementTree.Element, tag: str) -> str:
    return entry.findtext(tag, default="")


def versioned_ids(name: str) -> list[str]:
    return [text(entry, f"{ATOM}id").removeprefix("http://arxiv.org/abs/") for entry in entries(name)]


def newsroom() -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads(sample("newsroom.toml"))


@pytest.mark.parametrize("name", FEEDS)
def test_a_feed_has_as_many_entries_as_it_promises(name: str) -> None:
    promised = int(text(feed(name), f"{OPENSEARCH}totalResults"))
    assert promised == len(entries(name)) > 0


@pytest.mark.parametrize("name", FEEDS)
def test_an_id_is_given_once_and_lies_beyond_the_real_ones(name: str) -> None:
    ids = versioned_ids(name)
    assert len({re.sub(r"v\d+$", "", one) for one in ids}) == len(ids)
    assert all(re.fullmatch(r"2611\.9\d{4}v[12]", one) for one in ids)


@pytest.mark.parametrize("name", FEEDS)
def test_an_entry_has_what_arxiv_always_gives(name: str) -> None:
    for entry in entries(name):
        terms = [category.attrib["term"] for category in entry.findall(f"{ATOM}category")]
        primary = entry.find(f"{ARXIV}primary_category")
        assert primary is not None
        assert primary.attrib["term"] == terms[0]
        assert text(entry, f"{ATOM}title")
        assert text(entry, f"{ATOM}summary")
        assert all(text(author, f"{ATOM}name") for author in entry.findall(f"{ATOM}author"))
        assert entry.find(f"{ATOM}author") is not None
        assert text(entry, f"{ATOM}published") <= text(entry, f"{ATOM}updated")


def test_the_week_has_twelve_papers_on_each_of_five_days() -> None:
    days = [text(entry, f"{ATOM}published")[:10] for entry in entries("week.xml")]
    assert {day: days.count(day) for day in days} == {f"2026-11-{day}": 12 for day in range(16, 21)}


def test_no_day_lies_after_the_week() -> None:
    last = max(text(entry, f"{ATOM}updated") for name in FEEDS for entry in entries(name))
    assert last < "2026-11-21"


def test_the_later_answer_revises_one_paper_and_withdraws_another() -> None:
    first = {one.partition("v")[0]: one for one in versioned_ids("week.xml")}
    for one in versioned_ids("revisions.xml"):
        assert one == first[one.partition("v")[0]].replace("v1", "v2")
    comments = [text(entry, f"{ARXIV}comment") for entry in entries("revisions.xml")]
    assert [comment.startswith("This paper has been withdrawn") for comment in comments] == [False, True]


def test_the_week_holds_the_hard_cases() -> None:
    week = entries("week.xml")
    names = [[text(author, f"{ATOM}name") for author in entry.findall(f"{ATOM}author")] for entry in week]
    assert max(len(of_one) for of_one in names) > 60
    assert any(of_one[0].endswith(" Collaboration") for of_one in names)
    assert any("Ã" in name for of_one in names for name in of_one)
    assert any("\n  " in text(entry, f"{ATOM}summary") for entry in week)
    assert any("Ignore previous instructions" in text(entry, f"{ATOM}summary") for entry in week)
    assert any(len(text(entry, f"{ATOM}title")) > 200 for entry in week)
    assert any("$" in text(entry, f"{ATOM}title") for entry in week)
    assert any(entry.find(f"{ARXIV}doi") is not None for entry in week)


@pytest.mark.parametrize("name", FEEDS)
def test_no_address_in_a_feed_leads_to_a_stranger(name: str) -> None:
    without_namespaces = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", sample(name))
    hosts = set(re.findall(r"https?://([^/\s\"<?]+)", without_namespaces))
    strangers = {host for host in hosts if not f".{host}".endswith((".arxiv.org", ".example.org"))}
    # The form gives each DOI a link of its own; 10.5555 is the prefix for examples, which names nothing.
    assert strangers <= {"doi.org"}
    dois = re.findall(r"https?://doi\.org/(\S+?)\"", sample(name))
    assert all(doi.startswith("10.5555/") for doi in dois)


def words(of: str) -> str:
    """Lower case, with single spaces for all that is no letter or digit."""
    return " ".join(re.findall(r"\w+", of.casefold()))


@pytest.mark.parametrize("topic", newsroom()["topics"], ids=lambda topic: str(topic["slug"]))
def test_each_term_of_a_topic_occurs_in_its_categories(topic: dict[str, str]) -> None:
    categories = tuple(one.rstrip("*") for one in re.findall(r"cat:([\w.*-]+)", topic["query"]))
    papers = [
        f" {words(text(entry, f'{ATOM}title') + ' ' + text(entry, f'{ATOM}summary'))} "
        for entry in entries("week.xml")
        if any(c.attrib["term"].startswith(categories) for c in entry.findall(f"{ATOM}category"))
    ]
    terms = re.findall(r'(?:ti|abs|all):(?:"([^"]+)"|([\w-]+))', topic["query"])
    assert terms
    for phrase, word in terms:
        assert any(f" {words(phrase or word)}" in paper for paper in papers), phrase or word


def test_topics_have_both_names_and_slugs_of_their_own() -> None:
    topics = newsroom()["topics"]
    assert len({topic["slug"] for topic in topics}) == len(topics)
    for topic in topics:
        assert set(topic) == {"slug", "name", "name_zh", "group", "group_zh", "query"}
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", topic["slug"])
        assert topic["query"].count("(") == topic["query"].count(")")


def test_every_topic_of_a_subscriber_exists() -> None:
    slugs = {topic["slug"] for topic in newsroom()["topics"]}
    wanted = {slug for subscriber in newsroom()["readers"] for slug in subscriber["topics"]}
    assert wanted <= slugs


def test_four_subscribers_differ_in_cadence_language_and_depth() -> None:
    subscribers = newsroom()["readers"]
    assert (
        len(
            {
                (subscriber["cadence"], subscriber["language"], subscriber["depth"])
                for subscriber in subscribers
            }
        )
        == 4
    )
    for subscriber in subscribers:
        assert set(subscriber) == READER_FIELDS
        assert subscriber["email"].endswith("@example.org")
