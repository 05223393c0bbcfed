"""Small promises of the mail: titles in italics, a missing number said, a week linked, a mirrored figure."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest

from newsletter.adapters.mailers.sendgrid import _is_safe_to_substitute
from newsletter.core.digests.digest import CardWhy
from newsletter.core.digests.message import emphasis, html_value, plain_value
from newsletter.core.digests.selection import WhyCode
from tests.fakes.outgoing import outgoing
from tests.mail.digests import (
    authors_summary,
    claim,
    mail,
    make_card,
    make_digest,
    make_paper,
    model_summary,
    reading_card,
)

KEPT = CardWhy(WhyCode.KEPT, title="PhoneHarness: A Harness for <b>Phones</b>", terms=("agent", "harness"))


def test_the_kept_title_is_italic_in_html_and_plain_in_the_text() -> None:
    html, text = mail(make_digest(make_card(), whys=(("2606.00001", KEPT),)))
    assert 'Because you kept <i lang="en">PhoneHarness</i>: agent, harness.' in html
    assert "Because you kept PhoneHarness: agent, harness.\n" in text


def test_a_chinese_mail_sets_the_kept_title_in_its_own_marks_and_nothing_in_italics() -> None:
    html, text = mail(make_digest(make_card(), language="zh-hans", whys=(("2606.00001", KEPT),)))
    for form in (html, text):
        assert "因为你收藏了《PhoneHarness》：agent、harness。" in form
    assert "<i" not in html.replace("<img", "")


@pytest.mark.parametrize("title", ["<script>", "a\ue003b\ue002c", "\ue002", "&amp;", "[\u200b[email]]"])
def test_no_title_breaks_out_of_its_italics(title: str) -> None:
    html = html_value(f"Because you kept {emphasis(title)}: agent.")
    assert html.count("<i") == html.count("</i>")
    assert "<script" not in html
    assert "<" not in html.replace('<i lang="en">', "").replace("</i>", "")


def test_a_string_with_a_title_is_not_substituted_by_the_provider() -> None:
    """SendGrid puts one value into both forms."""
    plain = replace(outgoing(), values={"why:1": "You follow Ada."})
    titled = replace(outgoing(), values={"why:1": f"Because you kept {emphasis('Lamps')}."})
    assert _is_safe_to_substitute(plain)
    assert not _is_safe_to_substitute(titled)
    assert plain_value(titled.values["why:1"]) == "Because you kept Lamps."


@pytest.mark.parametrize(
    ("finding", "abstract", "is_said"),
    [
        ("Lamps can be read.", "Lamps are dim. LampNet reads them.", True),
        ("Lamps can be read.", "LampNet cuts errors by 4.2 %.", False),
        ("Errors fall by 4.2 %.", "LampNet cuts errors by 4.2 %.", False),
    ],
)
def test_a_finding_says_that_the_abstract_has_no_number(finding: str, abstract: str, is_said: bool) -> None:
    card = make_card(make_paper(abstract=abstract), summary=replace(model_summary(), headline=claim(finding)))
    for language, said in (("en", " No numbers in the abstract."), ("zh-hans", "摘要中没有数字。")):
        html, text = mail(make_digest(replace(card, language=language), language=language))
        assert (said in html, said.strip() in " ".join(text.split())) == (is_said, is_said)


def test_it_is_not_said_in_a_language_that_the_mail_does_not_speak() -> None:
    html, _ = mail(make_digest(make_card(language="ar")))
    assert "No numbers" not in html


@pytest.mark.parametrize(
    ("ends_on", "days", "week"),
    [
        (date(2026, 6, 22), 7, "2026-W25"),
        (date(2026, 6, 16), 1, "2026-W25"),
        (date(2027, 1, 4), 7, "2026-W53"),
        (date(2026, 6, 22), 14, ""),
    ],
)
def test_a_total_leads_to_the_week_that_the_digest_covers(ends_on: date, days: int, week: str) -> None:
    digest = make_digest(make_card(), slot_date=ends_on, covers_days=days)
    html, _ = mail(replace(digest, topics=(replace(digest.topics[0], total=43),)))
    path = f"/topics/lamps/{week}/" if week else "/topics/lamps/"
    assert f'href="https://digest.example.org{path}" style="color:#565B64">43</a>' in html


@pytest.mark.parametrize(
    ("language", "shown", "written"),
    [
        ("en", "Sentences in serif are the paper’s own", "What stands in “quotes” is the paper’s own."),
        ("zh-hans", "衬线字体的句子出自论文", "引号“ ”内是论文原文。"),
    ],
)
def test_each_form_says_how_its_own_shows_the_papers_words(language: str, shown: str, written: str) -> None:
    html, text = mail(make_digest(make_card(), language=language))
    assert (shown in html, written in html) == (True, False)
    assert (shown in text, written in text) == (False, True)
    html, text = mail(make_digest(make_card(summary=authors_summary(), model=""), language=language))
    assert shown not in html
    assert written not in text


def test_a_line_of_the_text_names_the_id_under_which_its_card_is_found() -> None:
    cards = [make_card(make_paper(n, title=f"Lamp {n}: A Lamp"), rank=n) for n in range(1, 5)]
    _, text = mail(make_digest(*cards))
    assert "Lamp 2: LampNet makes 4.2 % fewer errors on lamp labels. [2606.00002]\n" in text
    assert "arXiv:2606.00002v1" in text[text.index("[2606.00004]") :]


def test_a_number_and_its_unit_are_not_parted() -> None:
    said = claim("Errors fall 10 times more often.", quote="it fell 10 times more often", marked="")
    html, text = mail(make_digest(make_card(summary=replace(model_summary(), headline=said))))
    assert "Errors fall <b>10\u00a0times</b> more often." in html
    assert "fall 10 times more" in text


def test_what_is_not_in_a_language_from_right_to_left_keeps_its_own_direction() -> None:
    cards = [make_card(make_paper(n, title="A lamp " * 12), rank=n, language="ar") for n in range(1, 5)]
    for language, number in (("ar", 6), ("en", 0)):
        html, _ = mail(make_digest(*(replace(card, language=language) for card in cards)))
        assert html.count("unicode-bidi:isolate") == number  # a name and Save, of three lines


def test_english_sentences_in_a_chinese_mail_keep_the_line_height_of_english() -> None:
    cards = [make_card(make_paper(n), rank=n, summary=authors_summary(), model="") for n in range(1, 5)]
    html, _ = mail(make_digest(*cards, language="zh-hans"))
    assert html.count("font-size:16px;line-height:24px") == 3
    assert "font-size:16px;line-height:28px" not in html
    written, _ = mail(
        make_digest(*(make_card(make_paper(n), rank=n, language="zh-hans") for n in range(1, 5)))
    )
    assert written.count("font-size:16px;line-height:28px") == 3


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_teaser_stands_at_the_end_of_the_line_in_either_direction(language: str) -> None:
    card = replace(reading_card(), language=language)
    html, _ = mail(make_digest(card, reading_card("ledgers", figure=None)))
    table = re.search(r"<table[^>]*><tr>(?:(?!</table>).)*<img.*?</table>", html, re.DOTALL)
    assert table
    picture, names = table[0].index("<img"), table[0].index("arXiv:")
    if language == "ar":
        assert picture < names
        assert 'align="left"' in table[0]
        assert "padding:0 0 0 16px" in table[0]
    else:
        assert names < picture
        assert 'align="right"' in table[0]
        assert "padding:0 16px 0 0" in table[0]
