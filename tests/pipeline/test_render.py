"""What a rendered digest says and shows, in both forms and both languages."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from time import perf_counter

import pytest

from newsletter.core.digest import Digest, DigestTopic
from newsletter.core.reading import Depth, Voice
from tests.pipeline.digests import (
    MemoryFragments,
    authors_summary,
    joined,
    mail,
    make_card,
    make_digest,
    make_paper,
    make_renderer,
    model_summary,
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


def four_cards(language: str = "en") -> Digest:
    quoted = make_card(make_paper(3), summary=authors_summary(), summary_key="q", model="")
    cards = (
        make_card(make_paper(1), also_in=("Night",)),
        make_card(make_paper(2), depth=Depth.HEADLINE),
        quoted,
        make_card(make_paper(4), depth=Depth.READING, summary=model_summary(deep=True), summary_key="deep"),
    )
    return make_digest(*cards, language=language, listed=(make_paper(5), make_paper(6)), counted=23)


ALL = [
    pytest.param(four_cards(), id="english"),
    pytest.param(four_cards("zh-hans"), id="chinese"),
    pytest.param(make_digest(), id="empty"),
    pytest.param(make_digest(language="zh-hans", scanned=0), id="nothing new, chinese"),
]


@pytest.mark.parametrize("digest", ALL)
def test_it_loads_nothing_from_anywhere(digest: Digest) -> None:
    html, _ = mail(digest)
    tags = Tags(html)
    assert not {tag for tag, _ in tags.found} & {"img", "link", "script", "iframe", "object", "video", "form"}
    assert not re.search(r"@import|url\(|\bsrc=|background=", html)
    for tag, attributes in tags.found:
        if tag != "html":
            reaching = {name for name, value in attributes.items() if "//" in value}
            assert reaching <= {"href"}
            assert tag == "a" or not reaching


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


@pytest.mark.parametrize("digest", ALL)
def test_every_piece_ends_in_a_line_break_and_addresses_stand_alone(digest: Digest) -> None:
    rendered = make_renderer().render(digest)
    for piece in rendered.pieces:
        for form in (piece.html, piece.text):
            assert form == "" or form.endswith("\n")
    _, text = joined(rendered)
    addresses = [line for line in text.splitlines() if "http" in line]
    assert all(re.fullmatch(r"https?://\S+", line) for line in addresses)


def test_text_keeps_to_72_columns() -> None:
    for language in ("en", "zh-hans"):
        _, text = mail(four_cards(language))
        for line in text.splitlines():
            columns = sum(2 if re.match(r"[\u2e80-\uffef]", char) else 1 for char in line)
            assert columns <= 72 or line.startswith("http"), line


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_html_and_text_name_the_same_papers_with_id_and_version(language: str) -> None:
    html, text = mail(four_cards(language))
    named = [re.findall(r"arXiv:(\d{4}\.\d{5}v\d+)", form) for form in (html, text)]
    assert named[0] == named[1] == [f"2606.{n:05}v1" for n in range(1, 7)]


@pytest.mark.parametrize("kind", ["title", "comment", "abstract", "authors"])
def test_data_stays_data(kind: str) -> None:
    evil = "<script>alert(\"1\")</script> & 'x' [[email]] {{ 7*7 }} {% raw %}"
    paper = make_paper(**{kind: (evil,) if kind == "authors" else evil})
    summary = replace(authors_summary(), headline=replace(authors_summary().headline, text=evil))
    html, text = mail(make_digest(make_card(paper, summary=summary), listed=(paper,)))
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "{{ 7*7 }}" in html
    assert text.count("[\u200b[email]]") == html.count("[\u200b[email]]") > 0
    assert html.count("ada@example.org") == 1


def test_an_address_cannot_leave_its_attribute() -> None:
    paper = make_paper(comment='https://lamps.example.org/"onmouseover="x and javascript:alert(1)')
    html, _ = mail(make_digest(make_card(paper)))
    links = [attributes["href"] for tag, attributes in Tags(html).found if tag == "a"]
    assert "https://lamps.example.org/" in links
    assert all(link.startswith("https://") for link in links)
    assert not any(name.startswith("on") for _, attributes in Tags(html).found for name in attributes)


def test_a_card_is_the_same_alone_and_among_others() -> None:
    fragments = MemoryFragments()
    renderer = make_renderer(fragments)
    whole, _ = joined(renderer.render(four_cards()))
    first = make_renderer(fragments).render(make_digest(make_card(make_paper(1))))
    card = next(piece for piece in first.pieces if 'id="p2606.00001"' in piece.html)
    assert card.html in whole


def test_nothing_is_rendered_twice() -> None:
    fragments = MemoryFragments()
    make_renderer(fragments).render(four_cards())
    rendered = fragments.rendered
    again = make_renderer(fragments).render(replace(four_cards(), email="bob@example.org", cadence="daily"))
    assert fragments.rendered == rendered
    assert "bob" not in "".join(piece.html + piece.text for piece in again.pieces)


def test_another_summary_depth_or_language_is_another_card() -> None:
    fragments = MemoryFragments()
    renderer = make_renderer(fragments)
    cards = (
        make_card(),
        make_card(summary_key="summary-2"),
        make_card(depth=Depth.HEADLINE),
        make_card(make_paper(version=2)),
    )
    found = {
        next(piece.digest for piece in renderer.render(make_digest(card)).pieces if "<h3" in piece.html)
        for card in cards
    }
    assert len(found) == 3  # another summary under the same words reads the same
    assert sum("<h3" in piece.html for piece in fragments.values()) == 4


@pytest.mark.parametrize(
    ("depth", "deep", "most"),
    [(Depth.HEADLINE, False, 1_900), (Depth.TAKEAWAYS, False, 3_800), (Depth.READING, True, 6_000)],
)
def test_a_card_stays_small(depth: Depth, deep: bool, most: int) -> None:
    card = make_card(depth=depth, summary=model_summary(deep=deep))
    piece = next(p for p in make_renderer().render(make_digest(card)).pieces if "<h3" in p.html)
    assert len(piece.html.encode()) <= most


def test_ten_known_cards_take_no_rendering() -> None:
    renderer = make_renderer()
    digest = make_digest(*(make_card(make_paper(n)) for n in range(1, 11)))
    renderer.render(digest)
    taken = []
    for _ in range(20):
        started = perf_counter()
        renderer.render(digest)
        taken.append(perf_counter() - started)
    assert min(taken) < 0.002


def test_a_large_digest_is_reduced_from_the_end_and_says_so() -> None:
    deep = model_summary(deep=True)
    cards = [make_card(make_paper(n), depth=Depth.READING, summary=deep) for n in range(1, 24)]
    wanted = make_digest(*cards, listed=(make_paper(90),))
    rendered = make_renderer().render(wanted)
    html, text = joined(rendered)
    assert len(html.encode()) <= 90_000
    depths = [card.depth.rank for topic in rendered.digest.topics for card in topic.cards]
    assert depths == sorted(depths, reverse=True)
    assert len(set(depths)) == 2
    assert rendered.digest.matched == wanted.matched
    lowered = sum(rank < Depth.READING.rank for rank in depths)
    assert rendered.digest.reduced == lowered > 0
    assert "less detail than you asked for" in html.replace("\n", " ")
    assert "less detail than you asked for" in text.replace("\n", " ")


def test_what_does_not_fit_as_a_headline_is_listed_then_counted() -> None:
    cards = [make_card(make_paper(n)) for n in range(1, 81)]
    wanted = make_digest(*cards[:40], listed=tuple(make_paper(n) for n in range(91, 99)))
    wanted = replace(
        wanted, topics=(*wanted.topics, DigestTopic(slug="b", name="B", cards=tuple(cards[40:])))
    )
    rendered = make_renderer().render(wanted)
    shown = rendered.digest
    html, text = joined(rendered)
    assert len(html.encode()) <= 90_000
    assert len(shown.listed) == 10
    assert shown.matched == wanted.matched == 88
    assert shown.reduced == 80
    ids = [card.paper.arxiv_id for topic in shown.topics for card in topic.cards]
    ids += [paper.arxiv_id for paper in shown.listed]
    assert ids == [f"2606.{n:05}" for n in range(1, len(ids) + 1)]
    assert f"and {shown.counted} more" in html
    assert f"and {shown.counted} more" in text


def test_a_receipt_marks_the_words_that_carry_the_claim_and_more_than_colour_shows_them() -> None:
    html, text = mail(make_digest(make_card()))
    mark = re.search(r'<em class="m" style="([^"]*)">4.2 % fewer errors</em>', html)
    assert mark
    assert "background-color:#FFEFA3" in mark[1]
    assert "font-style:normal" in mark[1]
    assert html.count("FFEFA3") == 1
    assert "> “LampNet reads lamp labels with 4.2 % fewer errors than before” from" in text.replace(
        "\u00a0", " "
    )


def test_the_mail_shows_five_takeaways_and_counts_all_claims() -> None:
    html, text = mail(make_digest(make_card()))
    assert html.count("Lamp finding") == text.count("Lamp finding") == 5
    assert "8 claims checked against the abstract, 1 withheld for lack of evidence." in html
    headline, _ = mail(make_digest(make_card(depth=Depth.HEADLINE)))
    assert "Lamp finding" not in headline
    assert "claims checked" not in headline


def test_the_authors_own_words_are_serif_unquoted_and_labelled() -> None:
    card = make_card(summary=authors_summary(), model="")
    html, text = mail(make_digest(card))
    assert re.search(r'<p lang="en" style="[^"]*Charter[^"]*font-size:17px[^"]*">LampNet reads lamps\.', html)
    assert re.search(r'<ul lang="en" style="[^"]*Charter', html)
    assert "“" not in html
    for form in (html, text):
        assert "In the authors’ words." in form
        assert "Paper page" in form
        assert "Read with quotes" not in form
        assert "no model wrote anything here" in " ".join(form.split())


def test_a_fallback_is_labelled_on_its_card() -> None:
    card = make_card(summary=authors_summary(fallback_reason="safety"))
    for form in mail(make_digest(card)):
        assert "No summary of this paper could be used" in form


def test_a_mixed_mail_names_the_model_its_days_and_the_quoted_part() -> None:
    _, text = mail(four_cards())
    said = " ".join(text.split()).replace("\u00a0", " ")
    assert "Summaries were written by lamp-model-1 on 16 June 2026." in said
    assert "Text set in serif is the authors’ own" in said
    assert "not to cite" in said


def test_a_reading_is_complete_and_says_what_the_paper_does_not_state() -> None:
    html, text = mail(make_digest(make_card(depth=Depth.READING, summary=model_summary(deep=True))))
    assert re.findall(r"<h4[^>]*>(\w+)", html) == ["Problem", "Method", "Results", "Limits"]
    assert re.search(r"<ol[^>]*><li[^>]*>Photograph the lamp", html)
    assert "1. Photograph the lamp." in text
    for form in (html, text):
        assert "Not stated in the paper." in form
        assert "Continue reading" in form
        assert "checked against the paper" in form


def test_links_lead_where_they_say() -> None:
    html, _ = mail(make_digest(make_card(make_paper(version=3)), counted=4))
    found = dict(re.findall(r'href="([^"]+)"[^>]*>([^<]+)</a>', html.replace("\n", " ")))
    assert found == {
        "https://arxiv.org/abs/2606.00001v3": "Abstract",
        "https://arxiv.org/pdf/2606.00001v3": "PDF",
        "https://digest.example.org/papers/2606.00001/": "Read with quotes",
        "https://lamps.example.org/net": "Project page",
        "https://digest.example.org/digests/Token": "and 4 more",
        "https://digest.example.org/preferences/Token": "Change topics or schedule",
        "https://digest.example.org/unsubscribe/Token": "Unsubscribe",
    }


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
    html, _ = mail(replace(four_cards(), reduced=1))
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
    assert "用 LampNet 读取 300\u00a0个标签，误差降低 4.2\u00a0%。" in body
    assert "9 of" not in text
    assert re.search(r"<h1[^>]*>2\u00a0篇</h1>", body)
    assert "符合你的主题，本周新论文共 311\u00a0篇。" in body
    said = re.sub(r"<[^>]+>", "\n", body)
    assert not re.search(rf"{HAN}[A-Za-z0-9]|[A-Za-z0-9]{HAN}", said)
    assert not re.search(rf"{HAN}[,;:!?]|[,;:!?]{HAN}", said)
    assert not re.search(rf"{HAN}\n*{HAN} {HAN}", said.replace("\u00a0", ""))
    for style, content in re.findall(r'<p style="([^"]*italic[^"]*)">(.*?)</p>', body, re.DOTALL):
        assert style
        outside = re.sub(r'<span lang="en">.*?</span>', "", content, flags=re.DOTALL)
        assert "font-style:normal" in outside
    for tag in ("letter-spacing", "justify"):
        assert tag not in html
    assert re.search(r'<h3[^>]*lang="en"', body)
    assert re.search(r'<ul lang="zh-Hans" style="[^"]*font-size:16px;line-height:28px', body)


def test_a_paper_in_another_language_than_the_mail_says_so() -> None:
    card = make_card(summary=authors_summary(), language="en")
    html, text = mail(make_digest(card, language="zh-hans"))
    assert "作者原文，未翻译。" in html
    assert "作者原文，未翻译。" in text


def test_an_empty_digest_is_a_short_mail() -> None:
    rendered = make_renderer().render(make_digest())
    html, text = joined(rendered)
    assert rendered.subject == "No new papers matched your topics this week"
    assert re.search(r"<h1[^>]*>0\u00a0of\u00a0311</h1>", html)
    assert "All 311 were outside your topics." in text
    assert "Summaries" not in text
    assert "Unsubscribe" in text
    assert len(html.encode()) < 8_000


def test_notices_stand_under_the_opening() -> None:
    digest = make_digest(
        make_card(),
        empty_dates=(date(2026, 6, 16), date(2026, 6, 17)),
        failed_gathers=(date(2026, 6, 18),),
    )
    html, text = mail(digest)
    assert html.count("border-left:3px solid #8A4B00") == 2
    said = " ".join(text.split())
    assert "Nothing matched your topics on 16 and 17 June." in said
    assert "arXiv gave no answer on 18 June. Papers of that day may be missing" in said


def test_contents_come_from_four_papers_up() -> None:
    three = make_digest(*(make_card(make_paper(n)) for n in (1, 2, 3)))
    assert 'href="#p' not in mail(three)[0]
    html, _ = mail(four_cards())
    assert re.findall(r'href="#p([\d.]+)"[^>]*>([^<]+)', html) == [
        (f"2606.{n:05}", f"LampNet-{n}") for n in (1, 2, 3, 4)
    ]


def test_the_preheader_holds_the_opening_and_counts_but_not_the_subject() -> None:
    rendered = make_renderer().render(four_cards())
    html, _ = joined(rendered)
    hidden = re.search(r'<div style="display:none[^>]*>(.*?)</div>', html, re.DOTALL)
    assert hidden
    said = " ".join(hidden[1].replace("\u00a0", " ").split())
    assert said.startswith("29 of 311 new papers matched your topics. Lamps &amp; &lt;lights&gt; 4.")
    assert "LampNet" not in said


@pytest.mark.parametrize(
    ("titles", "counted", "subject"),
    [
        (("One: a", "Two: b"), 7, "9 new papers: One, Two and 7 more"),
        (("One: a", "Two: b"), 0, "2 new papers: One and Two"),
        (("One: a",), 0, "1 new paper: One"),
        (("Long words that fill a line very soon", "Others that fill a line as well"), 3, None),
        (("x" * 300, "y" * 300), 3, None),
    ],
)
def test_the_subject_names_two_papers_in_70_characters(
    titles: tuple[str, ...], counted: int, subject: str | None
) -> None:
    cards = [make_card(make_paper(n, title=title)) for n, title in enumerate(titles)]
    rendered = make_renderer().render(make_digest(*cards, counted=counted))
    assert subject is None or rendered.subject == subject
    assert len(rendered.subject) <= 70
    assert rendered.subject.startswith(str(rendered.digest.matched))


@pytest.mark.parametrize(
    ("cadence", "english", "chinese"),
    [
        ("daily", "every day at 08:00 (Europe/Berlin)", "每天 08:00（Europe/Berlin）"),
        ("weekdays", "every weekday at", "每个工作日 08:00"),
        ("weekly:mon", "every Monday at", "每周一 08:00"),
        ("weekly:mon,wed,fri", "every Monday, Wednesday and Friday at", "每周一、周三、周五 08:00"),
        ("biweekly:sun", "every second Sunday at", "每两周的周日 08:00"),
        ("monthly:1", "on the 1st of every month at", "每月 1\u00a0日 08:00"),
        ("monthly:12", "on the 12th of every month at", "每月 12\u00a0日 08:00"),
        ("monthly:22", "on the 22nd of every month at", "每月 22\u00a0日 08:00"),
        ("monthly:last", "on the last day of every month at", "每月最后一天 08:00"),
    ],
)
def test_the_footer_says_the_cadence_in_plain_words(cadence: str, english: str, chinese: str) -> None:
    assert english in mail(make_digest(cadence=cadence))[1]
    assert chinese in mail(make_digest(cadence=cadence, language="zh-hans"))[1]


def test_the_footer_says_why_the_reader_gets_this() -> None:
    why = {
        make_digest(): "because you confirmed ada@example.org on 2 June 2026.",
        make_digest(confirmed_by_operator=True): (
            "because the operator of this service added ada@example.org on 2 June 2026."
        ),
        make_digest(confirmed_on=None): "because ada@example.org is subscribed.",
    }
    for digest, sentence in why.items():
        assert sentence in " ".join(mail(digest)[1].replace("\u00a0", " ").split())


def test_many_authors_and_collaborations_are_named_briefly() -> None:
    crowd = tuple(f"Person {n}" for n in range(574))
    for authors, line in (
        (crowd, "Person 0, Person 1, Person 2 and 571\u00a0more"),
        (("LAMP Collaboration", *crowd), "LAMP Collaboration, 574 authors"),
        (("Ada Ray", "Ben Os", ":"), "Ada Ray, Ben Os"),
    ):
        html, text = mail(make_digest(make_card(make_paper(authors=authors))))
        assert f">{line}<" in re.sub(r"</?span[^>]*>", "", html)
        assert f"\n{line}\n" in text


def test_a_voice_decides_the_first_link() -> None:
    labels = {Voice.MODEL: "Read with quotes", Voice.AUTHORS: "Paper page"}
    for voice, label in labels.items():
        summary = model_summary() if voice is Voice.MODEL else authors_summary()
        assert label in mail(make_digest(make_card(summary=summary)))[0]
