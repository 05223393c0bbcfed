"""What the mail says in our own voice."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest

from newsletter.core.summaries.summary import Voice
from tests.mail.digests import (
    authors_summary,
    four_cards,
    joined,
    mail,
    make_card,
    make_digest,
    make_paper,
    make_renderer,
    model_summary,
)


def test_a_fallback_is_labelled_on_its_card() -> None:
    card = make_card(summary=authors_summary(fallback_reason="safety"))
    for form in mail(make_digest(card)):
        assert "No summary of this paper could be used" in form


def test_a_mixed_mail_names_the_model_its_days_and_the_quoted_part() -> None:
    _, text = mail(four_cards())
    said = " ".join(text.split()).replace("\u00a0", " ")
    assert "Summaries were written by lamp-model-1 on 16 June 2026." in said
    assert "Cards marked “In the authors’ words” hold sentences of the abstract." in said
    assert "not to cite" in said


def test_a_paper_in_another_language_than_the_mail_says_so() -> None:
    card = make_card(summary=authors_summary(), language="en")
    html, text = mail(make_digest(card, language="zh-hans"))
    assert "作者原文，未翻译。" in html
    assert "作者原文，未翻译。" in text


def test_an_empty_digest_is_a_short_mail() -> None:
    rendered = make_renderer().render(make_digest())
    html, text = joined(rendered)
    assert rendered.subject == "No new papers matched your topics this week"
    assert re.search(r"<h1[^>]*>0 of 311</h1>", html)
    assert "None of the 311 was matched by your queries." in text
    assert "Summaries" not in text
    assert "Unsubscribe" in text
    assert len(html.encode()) < 8_000


def test_what_an_empty_digest_says_stands_apart_from_its_footer() -> None:
    _, text = mail(make_digest())
    assert re.search(r"serve you better\.\n\n-{72}\n", text)
    _, text = mail(four_cards())
    assert re.search(r"[^\n]\n\n-{72}\n", text)


def test_where_arxiv_answered_only_in_part_no_week_is_called_empty_and_nothing_is_advised() -> None:
    failed = (date(2026, 6, 18),)
    _, english = mail(make_digest(scanned=0, failed_gathers=failed))
    assert "0 new papers are known so far in your fields this week." in english
    _, chinese = mail(make_digest(scanned=0, failed_gathers=failed, language="zh-hans"))
    assert "本周你关注的领域暂未见更新。" in chinese
    for said in (english, chinese):
        assert not re.search("came out|wider topic|没有更新|放宽", said)
    _, answered = mail(make_digest(scanned=0))
    assert "0 new papers came out in your fields this week." in answered
    assert "wider topic" in answered


def test_where_arxiv_never_answered_nothing_is_counted() -> None:
    rendered = make_renderer().render(make_digest(scanned=0, was_asked=False))
    assert rendered.subject == "arXiv could not be asked this week"
    assert "arXiv could not be asked this week, so what is new" in joined(rendered)[1]
    rendered = make_renderer().render(make_digest(scanned=0, was_asked=False, language="zh-hans"))
    assert rendered.subject == "本周未能连接 arXiv"
    assert "arXiv 本周未能连接，尚不知道有哪些新论文。" in joined(rendered)[1]


def test_where_arxiv_answered_in_part_nothing_is_said_to_be_nothing() -> None:
    half: dict[str, Any] = {"scanned": 0, "was_asked": False, "is_half_answered": True}
    rendered = make_renderer().render(make_digest(**half))
    assert rendered.subject == "arXiv has not answered fully this week"
    assert "arXiv has not answered fully this week, so what is new" in joined(rendered)[1]
    rendered = make_renderer().render(make_digest(language="zh-hans", **half))
    assert rendered.subject == "本周 arXiv 的答复不完整"
    assert "arXiv 本周的答复不完整，尚不知道有哪些新论文。" in joined(rendered)[1]


def test_a_day_without_a_full_answer_is_named_and_no_week_is_called_empty() -> None:
    days: dict[str, Any] = {
        "doubtful_gathers": (date(2026, 6, 18),),
        "half_answered_dates": (date(2026, 6, 17),),
    }
    _, english = mail(make_digest(scanned=0, **days))
    english = " ".join(english.replace("\u00a0", " ").split())
    assert "0 new papers are known so far in your fields this week." in english
    assert "arXiv had not answered fully on 18 June. Papers of that day may be missing" in english
    assert "No mail came on 17 June, when arXiv had not answered fully." in english
    _, chinese = mail(make_digest(scanned=0, language="zh-hans", **days))
    chinese = chinese.replace("\u00a0", " ")
    assert "本周你关注的领域暂未见更新。" in chinese
    assert "6 月 17 日 arXiv 的答复不完整，因此没有邮件。" in chinese
    for said in (english, chinese):
        assert not re.search("came out|wider topic|没有更新|放宽", said)


def test_in_chinese_no_space_stands_between_han_and_no_half_width_brackets() -> None:
    html, text = mail(four_cards("zh-hans"))
    assert "29\u00a0篇符合你的主题，本周新论文共 311\u00a0篇。" in html
    assert "4\u00a0篇。\n\u200c" in html
    assert "29\u00a0篇符合你的主题" in text
    assert re.search(r"^\S.*（\d）$", text, re.MULTILINE)


def test_transactional_stand_under_the_opening() -> None:
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


def test_the_footer_says_why_the_subscriber_gets_this() -> None:
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
        assert f"\n{line}\n".replace("\u00a0", " ") in text


def test_a_voice_decides_the_first_link() -> None:
    labels = {Voice.MODEL: "Read with quotes", Voice.AUTHORS: "Paper page"}
    for voice, label in labels.items():
        summary = model_summary() if voice is Voice.MODEL else authors_summary()
        assert label in mail(make_digest(make_card(summary=summary)))[0]


@pytest.mark.parametrize(
    ("counted", "outside", "accounts"),
    [
        (
            3,
            8,
            ("One is summarised below, two are listed at the end and three more are on", "The other eight"),
        ),
        (23, 305, ("1 is summarised below, 2 are listed at the end and 23 more are on", "The other 305")),
    ],
)
def test_a_sentence_writes_all_its_numbers_out_or_none(
    counted: int, outside: int, accounts: tuple[str, str]
) -> None:
    listed = (make_paper(2), make_paper(3))
    _, text = mail(make_digest(make_card(), listed=listed, counted=counted, scanned=3 + counted + outside))
    said = " ".join(text.split()).replace("\u00a0", " ")
    assert all(account in said for account in accounts)
