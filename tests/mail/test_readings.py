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
    joined,
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
    assert re.search(
        r'<h4[^>]*>Limits&?[^<]*<span class="s" style="[^"]*#565B64">Not stated in the paper\.', html
    )
    assert "Limits\nNot stated in the paper." in text


def test_a_part_of_a_reading_is_two_sentences_or_three_steps_and_cuts_no_claim() -> None:
    long = tuple(claim(f"Finding {n} " + "is told in many words " * 7) for n in range(8))
    sections = tuple(Section(kind=spec.kind, claims=long) for spec in SECTIONS[PaperKind.METHOD])
    summary = replace(model_summary(deep=True), sections=sections)
    fragment = card_fragment(make_card(detail=DetailLevel.READING, summary=summary))
    shown = re.findall(r"Finding \d (?:is told in many words ?)+", fragment.html)
    assert all(each.strip().count("many words") == 7 for each in shown)
    assert len(shown) == 2 + 3 + 2 + 2


def test_only_the_best_three_get_a_reading_and_the_others_takeaways() -> None:
    deep = model_summary(deep=True)
    cards = [
        make_card(make_paper(n), detail=DetailLevel.READING, summary=deep, rank=n - 1) for n in range(1, 6)
    ]
    html, _ = mail(make_digest(*cards, depth=DetailLevel.READING))
    assert len(re.findall(r">Problem</h[34]>", html)) == 3
    assert html.count("Lamp finding number 1") == 2


@pytest.mark.parametrize(
    ("where", "english", "chinese"),
    [
        ("title", "from the title", "引自标题"),
        ("Experiments", "from “Experiments”", "引自“Experiments”"),
        ("", "from the text", "引自正文"),
        ("A " + "very " * 30 + "long title", "…”", "…”"),
    ],
)
def test_a_quote_says_where_it_stands_unless_it_is_the_abstract(
    where: str, english: str, chinese: str
) -> None:
    quote = Evidence(quote="LampNet reads lamp labels.", where=where)
    summary = replace(model_summary(), headline=replace(model_summary().headline, evidence=(quote,)))
    for language, said in (("en", english), ("zh-hans", chinese)):
        html, text = mail(make_digest(make_card(summary=summary), language=language))
        assert said in html.replace("\u00a0", " ")
        assert said in " ".join(text.replace("\n> ", " ").split())


def test_a_teaser_is_small_from_our_own_address_and_its_caption_is_its_text() -> None:
    rendered = make_renderer().render(make_digest(reading_card(), reading_card("ledgers", figure=None)))
    [image] = re.findall(r"<img[^>]*>", "".join(each.html for each in rendered.fragments))
    for attribute in ('src="https://digest.example.org/figures/0123abcd"', 'width="96"', 'height="36"'):
        assert attribute in image
    assert 'alt="Figure 2: Echoes become a map of free water.' in image
    assert "background-color:#FFFFFF" in image
    said = "Figures are from the papers, made smaller; each paper’s page names its licence."
    assert [" ".join(form.split()).count(said) for form in joined(rendered)] == [1, 0]


@pytest.mark.parametrize(
    ("width", "height", "shown"), [(300, 300, (64, 64)), (60, 30, (60, 30)), (50, 900, (4, 64))]
)
def test_a_teaser_keeps_its_proportions_and_is_not_blown_up(
    width: int, height: int, shown: tuple[int, int]
) -> None:
    figure = replace(readings.FIGURE, mail_image=replace(readings.PICTURE, width=width, height=height))
    assert f'width="{shown[0]}" height="{shown[1]}"' in re.sub(
        r'(height="\d+") (.*?)(width="\d+")', r"\3 \1", card_fragment(reading_card(figure=figure)).html
    )


def test_what_a_figure_says_cannot_leave_its_attribute() -> None:
    evil = replace(readings.FIGURE, caption='"><script>alert(1)</script>')
    paper = make_paper(title="<b>[[email]]", authors=("<b>[[email]]",))
    html, _ = mail(make_digest(reading_card(figure=evil, paper=paper)))
    assert "<script" not in html
    assert "<b>[" not in html
    assert html.count("ada@example.org") == 1


def test_a_figure_that_is_too_large_for_a_mail_stays_on_the_page() -> None:
    assert "<img" not in card_fragment(reading_card(figure=replace(readings.FIGURE, mail_image=None))).html


def test_a_headline_has_no_figure() -> None:
    html, _ = mail(make_digest(reading_card(), depth=DetailLevel.HEADLINE))
    assert "<img" not in html


@pytest.mark.parametrize(
    ("card", "english", "chinese"),
    [
        (
            make_card(lacks=DetailLevel.READING),
            "One paper stands in the shorter form, without a reading: it is not complete.",
            "完整的导读",
        ),
        (
            make_card(lacks=DetailLevel.READING, lacks_reason="no_full_text"),
            "without a reading: the full text could not be read.",
            "未能读取全文，",
        ),
        (
            make_card(summary=authors_summary(), lacks=DetailLevel.READING, lacks_reason="no_model"),
            "without a reading: a reading takes a model, and none writes here.",
            "本服务未使用模型，",
        ),
        (
            make_card(detail=DetailLevel.HEADLINE, lacks=DetailLevel.TAKEAWAYS),
            "with the finding alone: nothing else could be backed by a quote.",
            "一句话结论",
        ),
        (
            make_card(summary=authors_summary(fallback_reason="late")),
            "stands in the authors’ words: the summary was not ready in time.",
            "概述未能及时完成，",
        ),
        (
            make_card(summary=authors_summary(fallback_reason="daily_cap")),
            "in the authors’ words: the day’s limit for summaries was reached.",
            "概述额度已用完",
        ),
        (
            make_card(summary=authors_summary(fallback_reason="withheld")),
            "in the authors’ words: the summary was taken down after a mistake was reported.",
            "已撤下，",
        ),
    ],
)
def test_what_is_less_than_asked_for_is_said_once_for_the_mail(
    card: DigestCard, english: str, chinese: str
) -> None:
    for language, said in (("en", english), ("zh-hans", chinese)):
        html, text = mail(make_digest(card, language=language))
        assert said in " ".join(html.split())
        assert said in " ".join(text.split()).replace(" ", "" if language != "en" else " ")


def test_a_whole_reading_stays_below_eight_kilobytes() -> None:
    for name, language in (("harbornet", "en"), ("harbornet", "zh-hans"), ("ledgers", "en")):
        assert len(card_fragment(reading_card(name, language), language=language).html.encode()) <= 8_000


def test_the_sample_readings_are_whole() -> None:
    whole: list[Summary] = [readings.reading("harbornet", each) for each in ("en", "zh")]
    assert [each.detail for each in (*whole, readings.reading("ledgers"))] == [DetailLevel.READING] * 3
