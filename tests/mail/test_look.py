"""How the mail looks: what it loads, marks, sizes, colours, and the rules of each script."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from typing import Any

import pytest

from newsletter.core.digests.digest import Digest
from newsletter.core.summaries.summary import DetailLevel
from tests.mail.digests import (
    ALL,
    BASE_URL,
    authors_summary,
    claim,
    four_cards,
    mail,
    make_card,
    make_digest,
    make_paper,
    model_summary,
    reading_card,
)

HAN = r"[\u4e00-\u9fff]"


class Tags(HTMLParser):
    """Collects start tags with their attributes, and holds that tags close in order."""

    VOID = frozenset({"meta", "br", "img", "link"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("digest", ALL)
def test_it_loads_nothing_but_its_own_figures(digest: Digest) -> None:
    html, _ = mail(digest)
    tags = Tags(html)
    assert not {tag for tag, _ in tags.found} & {"link", "script", "iframe", "object", "video", "form"}
    assert not re.search(r"@import|url\(|\bsrcset=|background=", html)
    for tag, attributes in tags.found:
        if tag != "html":
            reaching = {name for name, value in attributes.items() if "//" in value}
            assert reaching <= {"href", "src"}
            assert tag == "a" or (tag == "img" and attributes["src"].startswith(BASE_URL)) or not reaching


@pytest.mark.parametrize("digest", ALL)
def test_it_is_one_well_formed_document_with_lang_and_title(digest: Digest) -> None:
    html, text = mail(digest)
    tags = Tags(html)
    language = "en" if digest.language == "en" else "zh-Hans"
    assert next(attributes for tag, attributes in tags.found if tag == "html")["lang"] == language
    assert 'lang="und"' not in html
    assert re.search(r"<title>\s*arXiv [^<]+2026", html)
    assert [tag for tag, _ in tags.found].count("h1") == 1
    assert "[[" not in html + text
    assert not re.search(r"\{\{|\{%|\{#", html + text)


@pytest.mark.parametrize("digest", ALL)
def test_outlook_comments_are_balanced(digest: Digest) -> None:
    html, _ = mail(digest)
    conditions = re.findall(r"<!--\[if|<!\[endif\]-->", html)
    assert conditions == ["<!--[if", "<![endif]-->"] * (len(conditions) // 2)
    for hidden in re.findall(r"<!--\[if mso[^>]*>(.*?)<!\[endif\]", html, re.DOTALL):
        assert "{" not in re.sub(r"<style.*?</style>", "", hidden, flags=re.DOTALL)
    outlook = "".join(re.findall(r"<!--\[if mso \| IE\]>(.*?)<!\[endif\]", html, re.DOTALL))
    for tag in ("table", "tr", "td"):
        assert len(re.findall(rf"<{tag}\b", outlook)) == outlook.count(f"</{tag}>")


@pytest.mark.parametrize("digest", ALL)
def test_nothing_is_smaller_than_13_px_and_layout_tables_say_so(digest: Digest) -> None:
    html, _ = mail(digest)
    tags = Tags(html)
    sizes = {int(size) for size in re.findall(r"font-size:(\d+)px", html)}
    assert min(sizes - {0}) == 13
    assert all(attributes.get("role") == "presentation" for tag, attributes in tags.found if tag == "table")


@pytest.mark.parametrize("kind", ["title", "comment", "abstract", "authors"])
def test_data_stays_data(kind: str) -> None:
    evil = "<script>alert(\"1\")</script> & 'x' [[email]] {{ 7*7 }} {% raw %}"
    fields: dict[str, Any] = {kind: (evil,) if kind == "authors" else evil}
    paper = make_paper(**fields)
    summary = replace(authors_summary(), headline=replace(authors_summary().headline, text=evil))
    html, text = mail(make_digest(make_card(paper, summary=summary), listed=(paper,)))
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "{{ 7*7 }}" in html
    assert min(text.count("[\u200b[email]]"), html.count("[\u200b[email]]")) > 0
    assert html.count("ada@example.org") == 1


def test_an_address_cannot_leave_its_attribute() -> None:
    paper = make_paper(comment='https://lamps.example.org/"onmouseover="x and javascript:alert(1)')
    html, _ = mail(make_digest(make_card(paper)))
    links = [attributes["href"] for tag, attributes in Tags(html).found if tag == "a"]
    assert "https://lamps.example.org/" in links
    assert all(link.startswith("https://") for link in links)
    assert not any(name.startswith("on") for _, attributes in Tags(html).found for name in attributes)


def test_a_citation_highlights_the_words_that_carry_the_claim_and_more_than_colour_shows_them() -> None:
    html, text = mail(make_digest(make_card()))
    mark = re.search(r'<em class="m" style="([^"]*)">4.2 % fewer errors</em>', html)
    assert mark
    assert "background-color:#FFEFA3" in mark[1]
    assert "border-bottom:1px solid #B3850C" in mark[1]
    assert html.count("FFEFA3") == 1
    assert "> “LampNet reads lamp labels with 4.2 % fewer errors than before”\n" in text


def test_one_number_with_its_unit_is_bold_where_the_quote_states_it_too() -> None:
    html, _ = mail(make_digest(make_card()))
    assert "LampNet makes <b>4.2\u00a0%</b> fewer errors on lamp labels." in html
    said = replace(model_summary().headline, text="LampNet makes 5.1 % fewer errors.")
    html, _ = mail(make_digest(make_card(summary=replace(model_summary(), headline=said))))
    assert "<b>" not in html


def test_the_authors_own_words_are_serif_unquoted_and_labelled_once() -> None:
    result = replace(authors_summary(), headline=claim("LampNet reads 300 lamps, improving recall by 4.2 %."))
    cards = [make_card(make_paper(n), summary=result, model="") for n in range(1, 6)]
    html, text = mail(make_digest(*cards))
    assert re.search(
        r'<span lang="en" style="[^"]*Charter[^"]*">LampNet reads 300 lamps, improving recall ', html
    )
    assert html.count('font-style:normal">by 4.2 %</em>') == 5
    assert html.count("“") == 1
    assert "<b>" not in html
    for form in (html, text):
        said = " ".join(form.split())
        assert (
            said.count("Sentences of the abstracts, shortened where “…” stands; no model wrote anything.")
            == 1
        )


def test_the_venue_is_no_part_of_the_sentence_before_it() -> None:
    cards = [make_card(make_paper(n, comment="Accepted at MICCAI 2026.")) for n in range(1, 6)]
    html, text = mail(make_digest(*cards))
    assert html.count(">(MICCAI 2026)</span>") == 4
    assert " ".join(text.split()).count(" (MICCAI 2026)") == 4


def test_what_was_cut_from_an_authors_sentence_is_marked() -> None:
    opened = "… we show that lamps are read in any light that a person can read in."
    cards = [
        make_card(make_paper(n), summary=replace(authors_summary(), headline=claim(opened)))
        for n in range(1, 6)
    ]
    html, text = mail(make_digest(*cards))
    assert html.count(opened) >= 5
    assert " ".join(text.split()).count(opened) == 5


def test_a_reading_is_complete_and_says_what_the_paper_does_not_state() -> None:
    html, text = mail(make_digest(make_card(detail=DetailLevel.READING, summary=model_summary(deep=True))))
    assert re.findall(r"<h4[^>]*>(\w+)", html) == ["Problem", "Method", "Results", "Limits"]
    assert re.search(r"<ol[^>]*><li[^>]*>Photograph the lamp", html)
    assert "1. Photograph the lamp." in text
    for form in (html, text):
        assert "Not stated in the paper." in form
        assert "Read on" in form


def test_links_lead_where_they_say() -> None:
    digest = make_digest(make_card(make_paper(version=3)), counted=4)
    html, _ = mail(replace(digest, topics=(replace(digest.topics[0], total=31),)))
    links = re.findall(r'href="([^"]+)"[^>]*>([^<]+)</a>', html.replace("\n", " "))
    assert dict(links) == {
        "https://digest.example.org/topics/lamps/2026-W25/": "31",
        "https://arxiv.org/abs/2606.00001v3": "LampNet-1: Reading Lamp Labels in the Dark",
        "https://digest.example.org/papers/2606.00001/": "Read on",
        "https://arxiv.org/pdf/2606.00001v3": "PDF",
        "https://lamps.example.org/net": "Project",
        "https://digest.example.org/r/abc0123456789de/2606.00001/save": "Save",
        "https://digest.example.org/r/abc0123456789de/2606.00001/more": "More like this",
        "https://digest.example.org/r/abc0123456789de/2606.00001/less": "Not for me",
        "https://digest.example.org/preferences/Token": "Topics and schedule",
        "https://digest.example.org/preferences/Token/saved": "Saved papers",
        "https://digest.example.org/digests/Token": "In the browser",
        "https://digest.example.org/unsubscribe/Token": "Unsubscribe",
    }
    targets = [url for url, label in links if not label.startswith("and ")]
    assert len(targets) == len(set(targets))


@pytest.mark.parametrize("digest", ALL)
def test_the_rules_for_phones_are_the_first_style_block_and_alone_in_it(digest: Digest) -> None:
    """Gmail drops a block that it cannot read: those before it must not hold them, nor anything new in it."""
    html, _ = mail(digest)
    first = re.findall(r"<style[^>]*>(.*?)</style>", html, re.DOTALL)[0].strip()
    assert first.startswith("@media only screen and (max-width:479px){")
    assert first.count("@") == 1
    assert not re.search(r":has|:not|text-wrap|prefers|\[", first)
    assert html.count("max-width:479px") == 1


@pytest.mark.parametrize("digest", ALL)
def test_lines_lead_to_named_anchors(digest: Digest) -> None:
    """Gmail and Outlook follow ``<a name>``, not ids."""
    html, _ = mail(digest)
    names = re.findall(r'<a [^>]*name="([^"]+)"', html)
    assert len(names) == len(set(names)) == html.count("<h3")
    assert set(re.findall(r'href="#([^"]+)"', html)) <= set(names)


@pytest.mark.parametrize("digest", ALL)
def test_outlook_gives_no_line_of_a_fixed_height_to_an_image(digest: Digest) -> None:
    html, _ = mail(digest)
    [exact] = re.findall(r"<style>([^<{]*)\{mso-line-height-rule:exactly\}", html)
    assert set(exact.split(",")) == {"p", "li", "h1", "h2", "h3", "h4"}
    for holder in re.findall(r"<(\w+)[^>]*>\s*<img", html):
        assert holder not in exact.split(",")


@pytest.mark.parametrize("language", ["ar", "he"])
def test_a_list_from_right_to_left_is_indented_on_its_own_side(language: str) -> None:
    html, _ = mail(make_digest(reading_card(language=language), make_card(make_paper(2), language=language)))
    lists = re.findall(r"<[uo]l[^>]*>", html)
    assert len(lists) >= 2
    for each in lists:
        assert "direction:rtl" in each
        assert "margin-right:18px" in each
        assert not re.search(r"margin-left|0 0 20px", each)
    english, _ = mail(make_digest(make_card()))
    [bullets] = re.findall(r"<ul[^>]*>", english)
    assert "margin-left:18px" in bullets


def test_no_link_of_the_text_part_ends_in_what_mail_programs_leave_out() -> None:
    papers = [
        make_paper(number, comment=f"Code at https://lamps.example.org/net{end}")
        for number, end in enumerate(("-", "/a-_-"), start=1)
    ]
    _, text = mail(make_digest(*map(make_card, papers)))
    links = re.findall(r"^https?://\S+$", text, re.MULTILINE)
    assert "https://lamps.example.org/net%2D" in links
    assert "https://lamps.example.org/net/a-_%2D" in links
    assert not [link for link in links if link[-1] in "-_~"]


def test_dark_values_stand_in_a_block_of_their_own_with_outlook_twins() -> None:
    html, _ = mail(four_cards())
    assert '<meta content="light dark" name="color-scheme"/>' in html
    blocks = re.findall(r"<style[^>]*>(.*?)</style>", html, re.DOTALL)
    dark = next(block for block in blocks if "prefers-color-scheme:dark" in block)
    outlook = next(block for block in blocks if "data-ogsc" in block)
    assert dark is not outlook
    for colour in ("#14161A", "#E7E9EC", "#A3A9B3", "#9DC1F7", "#5A4B12", "#FFF3C2", "#343941", "#F0B35E"):
        assert colour in dark
        assert colour in outlook


@pytest.mark.parametrize(
    ("text", "ground", "ratio"),
    [
        ("#1B1D21", "#FFFFFF", 16.9), ("#565B64", "#FFFFFF", 6.8), ("#1A4FA0", "#FFFFFF", 7.9),
        ("#1B1D21", "#FFEFA3", 14.6), ("#8A4B00", "#FFFFFF", 6.8), ("#E7E9EC", "#14161A", 14.9),
        ("#A3A9B3", "#14161A", 7.7), ("#9DC1F7", "#14161A", 9.8), ("#FFF3C2", "#5A4B12", 7.7),
        ("#F0B35E", "#14161A", 9.8),
    ],
)  # fmt: skip
def test_colours_keep_their_contrast(text: str, ground: str, ratio: float) -> None:
    html, _ = mail(replace(four_cards(), failed_gathers=(date(2026, 6, 18),)))
    assert {text, ground} <= set(re.findall(r"#[0-9A-F]{6}", html))
    lighter, darker = sorted((_luminance(text), _luminance(ground)), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) == pytest.approx(ratio, abs=0.1)


def _luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_chinese_is_set_by_its_own_rules() -> None:
    summary = replace(
        model_summary(),
        takeaways=(replace(model_summary().takeaways[0], text="用LampNet读取300个标签，误差降低4.2 %。"),),
    )
    card = make_card(language="zh-hans", summary=summary)
    html, text = mail(make_digest(card, language="zh-hans", listed=(make_paper(2),)))
    body = html[html.index("<body") :]
    assert "用 LampNet 读取 300\u00a0个标签，误差降低 <b>4.2\u00a0%</b>。" in body
    assert "本周新论文 311\u00a0篇，2\u00a0篇符合你的主题：" in body
    assert "：这一篇为你排在最前，其余 1\u00a0篇在文末按标题列出。" in body
    assert "本周新论文 311 篇，2 篇符合你的主题" in text.replace("\n", "")
    said = re.sub(r"<[^>]+>", "\n", body)
    assert not re.search(rf"{HAN}[A-Za-z0-9]|[A-Za-z0-9]{HAN}", said)
    assert not re.search(rf"{HAN}[,;:!?]|[,;:!?]{HAN}", said)
    assert not re.search(rf"{HAN}\n*{HAN} {HAN}", said.replace("\u00a0", ""))
    for style, content in re.findall(r'<p style="([^"]*italic[^"]*)">(.*?)</p>', body, re.DOTALL):
        assert style
        outside = re.sub(r'<span lang="en">.*?</span>', "", content, flags=re.DOTALL)
        assert not re.search(HAN, outside)
    for tag in ("letter-spacing", "justify"):
        assert tag not in html
    assert re.search(r'<h3[^>]*lang="en"', body)
    assert re.search(r'<ul style="[^"]*font-size:16px;line-height:27px', body)
