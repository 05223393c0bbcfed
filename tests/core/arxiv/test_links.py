"""Addresses of a paper."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from newsletter.core.arxiv.links import (
    abstract_url,
    code_url,
    html_url,
    other_urls,
    page_url,
    pdf_url,
    project_url,
)
from newsletter.core.arxiv.papers import PaperRecord


def paper(comment: str = "", *, abstract: str = "", arxiv_id: str = "2606.00001") -> PaperRecord:
    day = datetime(2026, 6, 16, tzinfo=UTC)
    return PaperRecord(
        arxiv_id=arxiv_id,
        version=2,
        title="A lamp",
        abstract=abstract,
        authors=("Ada Ray",),
        primary_category="cs.CV",
        categories=("cs.CV",),
        published_at=day,
        updated_at=day,
        comment=comment,
    )


def test_arxiv_is_linked_with_its_version_and_our_page_without() -> None:
    old = paper(arxiv_id="quant-ph/0201082")
    assert abstract_url(old) == "https://arxiv.org/abs/quant-ph/0201082v2"
    assert html_url(old) == "https://arxiv.org/html/quant-ph/0201082v2"
    assert pdf_url(old) == "https://arxiv.org/pdf/quant-ph/0201082v2"
    assert page_url(old, base_url="https://x.example/") == "https://x.example/papers/quant-ph/0201082/"


@pytest.mark.parametrize(
    ("comment", "url"),
    [
        ("Project page: https://lamps.example.org/net.", "https://lamps.example.org/net"),
        ("(see http://lamps.example.org/a_(b))", "http://lamps.example.org/a_(b)"),
        ("[https://lamps.example.org/net]", "https://lamps.example.org/net"),
        ("code:https://lamps.example.org/?a=1&b=2#c;", "https://lamps.example.org/?a=1&b=2#c"),
        ("项目主页：https://lamps.example.org/net。谢谢", "https://lamps.example.org/net"),
        (r"\url{https://lamps.example.org/net}", "https://lamps.example.org/net"),
        ("https://arxiv.org/abs/2501.00001 and https://lamps.example.org", "https://lamps.example.org"),
        ("https://www.arxiv.org/x", ""),
        ("Published: https://doi.org/10.1000/182", ""),
        ("HTTPS://Lamps.Example.org/Net", "HTTPS://Lamps.Example.org/Net"),
        ("https://notarxiv.org/x", "https://notarxiv.org/x"),
        ("ftp://lamps.example.org and javascript:alert(1)", ""),
        ("http://localhost:8000/ and http://10.0.0.1/x", ""),
        ("https://user:pass@lamps.example.org/", ""),
        ("https://lamps.example.org:99999/", ""),
        ("https://lamps.example.org/" + "x" * 600, ""),
        ("https://[::1/", ""),
        ("https://", ""),
        ("", ""),
    ],
)
def test_the_project_page_is_the_first_public_address_that_is_not_arxivs(comment: str, url: str) -> None:
    assert project_url(paper(comment)) == url


def test_the_comment_comes_before_the_abstract() -> None:
    both = paper("https://first.example.org", abstract="See https://second.example.org.")
    assert project_url(both) == "https://first.example.org"
    assert (
        project_url(paper("8 pages", abstract="See https://second.example.org."))
        == "https://second.example.org"
    )


def test_code_and_project_page_are_told_apart() -> None:
    both = paper(
        "Page: https://lamps.example.org.", abstract="Code at https://github.com/ray/lamps, data too."
    )
    assert project_url(both) == "https://lamps.example.org"
    assert code_url(both) == "https://github.com/ray/lamps"
    alone = paper("https://github.com/ray/lamps")
    assert (project_url(alone), code_url(alone)) == ("", "https://github.com/ray/lamps")
    assert code_url(paper("https://notgithub.com/ray")) == ""


def test_addresses_of_the_text_are_shown_once_and_only_where_they_may_be() -> None:
    known = paper("Page: https://lamps.example.org.", abstract="Code: https://github.com/ray/lamps")
    found = (
        "http://github.com/ray/lamps/",
        "https://lamps.example.org",
        "https://data.example.org/set).",
        "https://data.example.org/set/",
        "https://arxiv.org/abs/1706.03762",
        "javascript:alert(1)",
        "http://localhost/x",
    )
    assert other_urls(found, paper=known) == ("https://data.example.org/set/",)
