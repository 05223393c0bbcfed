"""A reading in a mail: its four heads, where its quote stands, its figure, and what it says of being less."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from newsletter.core.digests.digest import DigestCard
from newsletter.core.digests.message import Fragment
from newsletter.core.summaries.paper_kinds import SECTIONS, PaperKind
from newsletter.core.summaries.summary import DetailLevel, Evidence, Section, Summary
from newsletter.mail.words import words_for
from tests.fakes import readings
from tests.mail.digests import (
    authors_summary,
    claim,
    mail,
    make_card,
    make_digest,
    make_paper,
    make_renderer,
    model_summary,
    reading_card,
)


def card_fragment(card: DigestCard, *, language: str = "en") -> Fragment:
    rendered = make_renderer().render(make_digest(card, language=language))
    return next(fragment for fragment in rendered.fragments if "<h3" in fragment.html)


def heads(html: str) -> list[str]:
    return re.findall(r"<h4[^>]*>([^<]+)", html)


@pytest.mark.parametrize(
    ("name", "language", "found"),
    [
        ("harbornet", "en", ["Problem", "Method", "Results", "Limits"]),
        ("harbornet", "zh-hans", ["问题", "方法", "结果", "局限"]),
        ("ledgers", "en", ["Background", "Position and arguments", "Implications", "Limits"]),
    ],
)
def test_the_heads_fit_the_kind_of_paper(name: str, language: str, found: list[str]) -> None:
    fragment = card_fragment(reading_card(name, language), language=language)
    assert heads(fragment.html) == found
    lines = fragment.text.splitlines()
    assert [line for line in lines if line in found] == found


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("kind", PaperKind)
def test_every_kind_of_paper_has_four_different_heads(kind: PaperKind, language: str) -> None:
    words = words_for(language)
    parts = list(dict.fromkeys(spec.part for spec in SECTIONS[kind] if spec.part != "assessment"))
    assert len({words.head(part, kind=kind) for part in parts}) == len(parts) == 4


def test_only_steps_are_numbered() -> None:
    html, text = mail(make_digest(reading_card("ledgers", figure=None)))
    assert re.search(r"Position and arguments</h4><p[^>]*>Every benchmark[^<]*</p><ol[^>]*><li", html)
    assert "1. It turns silent retries" in text
    assert "1. Every benchmark" not in text


def test_a_part_of_which_the_paper_says_nothing_says_so_softly() -> None:
    kind, sections = PaperKind.POSITION, readings.reading("ledgers").sections
    silent = tuple(replace(each, claims=()) if "limits" in each.kind else each for each in sections)
    summary = replace(readings.reading("ledgers"), sections=silent, kind=kind)
    html, text = mail(make_digest(reading_card("ledgers", figure=None, summary=summary)))
    assert re.search(r'Limits</h4><p class="s" style="[^"]*#565B64">Not stated in the paper\.', html)
    assert "Limits\nNot stated in the paper." in text


def test_a_reading_keeps_to_about_1600_characters_and_cuts_no_claim() -> None:
    long = tuple(claim(f"Finding {n} " + "is told in many words " * 7) for n in range(8))
    sections = tuple(Section(kind=spec.kind, claims=long) for spec in SECTIONS[PaperKind.METHOD])
    summary = replace(model_summary(deep=True), sections=sections)
    fragment = card_fragment(make_card(detail=DetailLevel.READING, summary=summary))
    shown = re.findall(r"Finding \d (?:is told in many words ?)+", fragment.html)
    assert all(each.strip().count("many words") == 7 for each in shown)
    assert 900 < sum(map(len, shown)) <= 1_700


@pytest.mark.parametrize(
    ("where", "english", "chinese"),
    [
        ("abstract", "from the abstract", "引自摘要"),
        ("title", "from the title", "引自标题"),
        ("Experiments", "from “Experiments”", "引自“Experiments”"),
        ("", "from the text", "引自正文"),
        ("A " + "very " * 30 + "long title", "…”", "…”"),
    ],
)
def test_a_quote_says_where_it_stands(where: str, english: str, chinese: str) -> None:
    quote = Evidence(quote="LampNet reads lamp labels.", where=where)
    summary = replace(model_summary(), headline=replace(model_summary().headline, evidence=(quote,)))
    for language, said in (("en", english), ("zh-hans", chinese)):
        html, text = mail(make_digest(make_card(summary=summary), language=language))
        assert said in html.replace("\u00a0", " ")
        assert said in " ".join(text.replace("\n> ", " ").split())


def test_a_reading_has_its_figure_from_our_own_address_with_caption_and_credit() -> None:
    fragment = card_fragment(reading_card())
    [image] = re.findall(r"<img[^>]*>", fragment.html)
    for attribute in (
        'src="https://digest.example.org/figures/0123abcd"',
        'alt="Figure 2"',
        'width="560"',
        'height="210"',
    ):
        assert attribute in image
    assert "background-color:#FFFFFF" in image
    said = " ".join(fragment.text.split())
    assert f"[{readings.FIGURE.caption}]" in said
    for form in (fragment.html, said):
        assert "Figure 2 from HarborNet: Docking Small Boats by the Sound of Their Own Motor, " in form
        assert "Ingrid Solheim et al., CC BY 4.0, resized" in form


@pytest.mark.parametrize(
    ("authors", "english", "chinese"),
    [
        (("Ada Ray", "Ben Os", "Cy Quill"), "Ada Ray et al.", "Ada Ray 等"),
        (("Ada Ray", "Ben Os"), "Ada Ray and Ben Os", "Ada Ray、Ben Os"),
        (("Ada Ray",), "Ada Ray", "Ada Ray"),
    ],
)
def test_a_figures_credit_is_in_the_mails_language(
    authors: tuple[str, ...], english: str, chinese: str
) -> None:
    paper = make_paper(title="A title", authors=authors)
    for language, said in (
        ("en", f"Figure 2 from A title, {english}, CC BY 4.0, resized"),
        ("zh-hans", f"图 2，引自 A title，{chinese}，CC BY 4.0，尺寸已调整"),
    ):
        html, text = mail(make_digest(reading_card(paper=paper), language=language))
        assert said in html.replace("\u00a0", " ")
        assert said in text
    assert (
        words_for("en")
        .credit(replace(readings.FIGURE, licence_url=""), paper=paper)
        .endswith(f"{english}, resized")
    )


@pytest.mark.parametrize(("language", "alt"), [("en", "Figure 2"), ("zh-hans", "图\u00a02")])
def test_a_figures_text_alternative_does_not_repeat_its_caption(language: str, alt: str) -> None:
    html, _ = mail(make_digest(reading_card(), language=language))
    [image] = re.findall(r"<img[^>]*>", html)
    assert f'alt="{alt}"' in image
    assert html.count(readings.FIGURE.caption) == 1


def test_a_small_figure_is_not_blown_up() -> None:
    small = replace(readings.FIGURE, mail_image=replace(readings.PICTURE, width=300, height=300))
    assert 'width="300"' in card_fragment(reading_card(figure=small)).html
    assert "max-width:300px" in card_fragment(reading_card(figure=small)).html


def test_what_a_figure_says_cannot_leave_its_attribute() -> None:
    evil = replace(readings.FIGURE, caption='"><script>alert(1)</script>')
    paper = make_paper(title="<b>[[email]]", authors=("<b>[[email]]",))
    html, _ = mail(make_digest(reading_card(figure=evil, paper=paper)))
    assert "<script" not in html
    assert "<b>" not in html
    assert html.count("ada@example.org") == 1


def test_a_figure_that_is_too_large_for_a_mail_stays_on_the_page() -> None:
    assert "<img" not in card_fragment(reading_card(figure=replace(readings.FIGURE, mail_image=None))).html


@pytest.mark.parametrize("detail", [DetailLevel.HEADLINE, DetailLevel.TAKEAWAYS])
def test_a_shallower_card_has_no_figure(detail: DetailLevel) -> None:
    assert "<img" not in card_fragment(reading_card(detail=detail)).html


@pytest.mark.parametrize(
    ("card", "english", "chinese"),
    [
        (
            make_card(lacks=DetailLevel.READING),
            "There is no complete reading of this paper, so this is",
            "完整的导读",
        ),
        (
            make_card(lacks=DetailLevel.READING, lacks_reason="no_full_text"),
            "The full text could not be read, so this is the shorter form.",
            "未能读取全文，因此",
        ),
        (
            make_card(summary=authors_summary(), lacks=DetailLevel.READING, lacks_reason="no_model"),
            "A reading takes a model, and none writes here, so this is the shorter form.",
            "本服务未使用模型，因此",
        ),
        (
            make_card(detail=DetailLevel.HEADLINE, lacks=DetailLevel.TAKEAWAYS),
            "only the headline is shown.",
            "一句话概述",
        ),
        (
            make_card(summary=authors_summary(fallback_reason="late")),
            "The summary was not ready in time: in the authors’ words instead.",
            "概述未能及时完成，以下为作者原文",
        ),
        (
            make_card(summary=authors_summary(fallback_reason="daily_cap")),
            "The day’s limit for summaries was reached: in the authors’ words instead.",
            "概述额度已用完",
        ),
        (
            make_card(summary=authors_summary(fallback_reason="withheld")),
            "taken down after a mistake was reported: in the authors’ words instead.",
            "已撤下，以下为作者原文",
        ),
    ],
)
def test_what_is_less_than_asked_for_says_so_in_a_sentence(
    card: DigestCard, english: str, chinese: str
) -> None:
    for language, said in (("en", english), ("zh-hans", chinese)):
        html, text = mail(make_digest(card, language=language))
        assert said in " ".join(html.split())
        assert said in " ".join(text.split()).replace(" ", "" if language != "en" else " ")


def test_a_reading_shown_shallower_is_another_card() -> None:
    assert card_fragment(make_card()).checksum != card_fragment(make_card(lacks=DetailLevel.READING)).checksum


def test_a_whole_reading_stays_below_eight_kilobytes() -> None:
    for name, language in (("harbornet", "en"), ("harbornet", "zh-hans"), ("ledgers", "en")):
        assert len(card_fragment(reading_card(name, language), language=language).html.encode()) <= 8_000


def test_the_sample_readings_are_whole() -> None:
    whole: list[Summary] = [readings.reading("harbornet", each) for each in ("en", "zh")]
    assert [each.detail for each in (*whole, readings.reading("ledgers"))] == [DetailLevel.READING] * 3
