"""What the mail says in our own voice."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from newsletter.core.digests.digest import DigestTopic, Notice, NoticeKind, stand_in
from tests.mail.digests import (
    BASE_URL,
    authors_summary,
    four_cards,
    joined,
    mail,
    make_card,
    make_digest,
    make_paper,
    make_renderer,
)


def test_a_mixed_mail_names_the_model_its_days_and_what_it_checked() -> None:
    _, text = mail(four_cards())
    said = " ".join(text.split()).replace("\u00a0", " ")
    assert (
        "were written by lamp-model-1 on 16 June 2026 and checked against them: 8 claims stand, 3 were"
        in said
    )
    assert "For a first screening, not for citing." in said
    assert "no model wrote anything" not in said


def test_a_mail_in_the_authors_words_says_so_in_its_own_language() -> None:
    card = make_card(summary=authors_summary(), language="en")
    for form in mail(make_digest(card, language="zh-hans")):
        assert form.count("以下为摘要原句，省略处以“…”标明，未经模型改写。") == 1


def test_a_quiet_digest_is_a_short_mail() -> None:
    quiet = make_digest(subscribed=(("lamps", "Lamps"), ("boats", "Boats")), last_match=date(2026, 6, 5))
    rendered = make_renderer().render(quiet)
    html, text = joined(rendered)
    assert rendered.subject == "Nothing new on Lamps or Boats"
    said = " ".join(text.split()).replace("\u00a0", " ")
    assert "Nothing new on Lamps or Boats this week." in said
    assert "311 new papers were compared with your topics between 15 and 22 June 2026." in said
    assert "Your last match came on 5 June 2026." in said
    assert "Widen a topic" in said
    assert "screening" not in said
    assert "Unsubscribe" in text
    assert len(html.encode()) < 9_000


def test_what_a_quiet_digest_says_stands_apart_from_its_footer() -> None:
    for digest in (make_digest(), four_cards()):
        _, text = mail(digest)
        assert re.search(r"[^\n]\n\n-{72}\n", text)


def test_where_arxiv_answered_only_in_part_no_week_is_called_empty_and_nothing_is_advised() -> None:
    failed = (date(2026, 6, 18),)
    _, english = mail(make_digest(scanned=0, failed_gathers=failed))
    assert "No new papers are known so far in your fields this week." in english
    _, chinese = mail(make_digest(scanned=0, failed_gathers=failed, language="zh-hans"))
    assert "本周你关注的领域暂未见更新。" in chinese
    for said in (english, chinese):
        assert not re.search("came out|Widen|没有更新|放宽", said)
    _, answered = mail(make_digest(scanned=0))
    assert "No new papers came out in your fields this week." in answered
    assert "Widen a topic" in answered


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
    assert "No new papers are known so far in your fields this week." in english
    assert (
        "Not complete. arXiv had not answered fully on 18 June. Papers of that day may be missing" in english
    )
    assert "No mail came on 17 June, when arXiv had not answered fully." in english
    _, chinese = mail(make_digest(scanned=0, language="zh-hans", **days))
    chinese = chinese.replace("\u00a0", " ").replace("\n", "")
    assert "本周你关注的领域暂未见更新。" in chinese
    assert "6 月 17 日 arXiv 的答复不完整，因此没有邮件。" in chinese
    for said in (english, chinese):
        assert not re.search("came out|Widen|没有更新|放宽", said)


def test_in_chinese_no_space_stands_between_han_and_no_half_width_brackets() -> None:
    html, text = mail(four_cards("zh-hans"))
    assert "本周新论文 311\u00a0篇，29\u00a0篇符合你的主题：" in html
    assert "：这四篇下文有详细摘要，其余 25\u00a0篇中两篇按标题列出。" in html
    assert "四篇之首" in html
    assert "另外三篇，各一句话" in text
    assert not re.search(
        r"[\u4e00-\u9fff] ?[()]|[()] ?[\u4e00-\u9fff]", text.replace("Lamps & <lights> (", "")
    )


CORRECTION = Notice(NoticeKind.CORRECTION, "T-Mem names two benchmarks.", f"{BASE_URL}/papers/1/")
ANNOUNCEMENT = Notice(NoticeKind.ANNOUNCEMENT, "The digest moves to a new server.")


def test_one_notice_stands_before_the_best_paper_and_the_others_behind_it() -> None:
    digest = replace(four_cards(), notices=(ANNOUNCEMENT, CORRECTION), failed_gathers=(date(2026, 6, 18),))
    html, text = mail(digest)
    said = " ".join(text.split())
    places = [
        said.index(each)
        for each in (
            "Not complete. arXiv gave no answer on 18 June. Papers of that day may be missing",
            "First of 4",
            "Correction. T-Mem names two benchmarks. The corrected summary: https://digest.example.org/papers/1/",
            "From the operator. The digest moves to a new server.",
            "Three more, a line each",
        )
    ]
    assert places == sorted(places)
    assert html.count("border-left:3px solid #8A4B00") == 3
    assert html.index("Not complete.") < html.index("First of 4") < html.index("T-Mem")


def test_empty_days_are_told_beside_the_statistic() -> None:
    empty = (date(2026, 6, 16), date(2026, 6, 17))
    html, text = mail(replace(four_cards(), empty_dates=empty))
    assert "border-left:3px" not in html
    assert "Nothing matched your topics on 16 and 17 June." in " ".join(text.split())


def test_the_preheader_is_the_best_papers_finding_and_neither_subject_nor_count() -> None:
    rendered = make_renderer().render(four_cards())
    html, _ = joined(rendered)
    hidden = re.search(r'<div style="display:none[^>]*>(.*?)</div>', html, re.DOTALL)
    assert hidden
    said = " ".join(hidden[1].replace("\u00a0", " ").replace("\u200c", "").split())
    assert said == "LampNet makes 4.2 % fewer errors on lamp labels."
    html, _ = mail(make_digest())
    assert re.search(r"hide:all\">\s*311 new papers were compared with your topics", html)


@pytest.mark.parametrize(
    ("titles", "language", "subject"),
    [
        (("One: a lamp is read",), "en", "Lamps: a lamp is read"),
        (("One: a lamp", "Two: b"), "en", "Lamps: a lamp, and 1 more paper"),
        (("One: a lamp",) + ("Two: b",) * 8, "en", "Lamps: a lamp, and 8 more papers"),
        (("Reading lamps",) + ("Two: b",) * 8, "en", "Lamps: Reading lamps, and 8 more papers"),
        (
            ("One: words that fill a line so that it is nearly full too soon",) + ("Two: b",) * 8,
            "en",
            "Lamps: words that fill a line so that it is nearly full…, and 8 more",
        ),
        (("x" * 300, "y" * 300), "en", None),
        (("MemTrace: a lamp",) + ("Two: b",) * 8, "zh-hans", "Lamps：MemTrace 等 9 篇"),
    ],
)
def test_the_subject_is_the_best_papers_topic_and_title_in_70_characters(
    titles: tuple[str, ...], language: str, subject: str | None
) -> None:
    cards = tuple(make_card(make_paper(n, title=title), rank=n) for n, title in enumerate(titles))
    digest = make_digest(language=language, topics=(DigestTopic(slug="lamps", name="Lamps", cards=cards),))
    rendered = make_renderer().render(digest)
    assert subject is None or rendered.subject == subject
    assert len(rendered.subject) <= 70


def test_no_subject_names_a_private_topic() -> None:
    topic = DigestTopic(slug="mine", name=stand_in("mine"), cards=(make_card(),))
    digest = make_digest(
        topics=(topic,), private_names=(("topic:mine", "Secret"),), subscribed=(("mine", stand_in("mine")),)
    )
    assert make_renderer().render(digest).subject == "Reading Lamp Labels in the Dark"
    quiet = replace(digest, topics=())
    assert make_renderer().render(quiet).subject == "Nothing new this week"
    assert "Nothing new on Secret this week." in mail(quiet)[1]


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
        (crowd, "Person 0 … Person 573, 574\u00a0authors"),
        (("LAMP Collaboration", *crowd), "LAMP Collaboration, 574\u00a0authors"),
        (("Ada Ray", "Ben Os", ":"), "Ada Ray, Ben Os"),
        (("Ada Ray",), "Ada Ray"),
    ):
        html, text = mail(make_digest(make_card(make_paper(authors=authors))))
        assert f">{line}<" in re.sub(r"</?span[^>]*>", "", html)
        assert f"\n{line}\n".replace("\u00a0", " ") in text


def test_the_first_digest_says_how_to_read_it() -> None:
    for language, said in (("en", "how to read it"), ("zh-hans", "怎样阅读")):
        digest = replace(four_cards(language), is_first=True)
        for form in mail(digest):
            assert form.count(said) == 1
        assert said not in mail(four_cards(language))[0]


@pytest.mark.parametrize(
    ("listed", "counted", "said"),
    [
        (2, 0, "6 of 311 new papers matched. These four stand in full below, the other 2 by title."),
        (
            2,
            23,
            "29 of 311 new papers matched. These four stand in full below, of the other 25 two by title.",
        ),
        (0, 0, "4 of 311 new papers matched. These four stand in full below."),
    ],
)
def test_the_one_statistic_says_where_every_match_is(listed: int, counted: int, said: str) -> None:
    papers = tuple(make_paper(50 + number) for number in range(listed))
    for form in mail(replace(four_cards(), listed=papers, counted=counted)):
        assert " ".join(form.split()).count(said) == 1


def test_of_a_daily_mail_the_statistic_comes_at_the_end() -> None:
    _, text = mail(replace(four_cards(), covers_days=1))
    assert text.index("new papers matched") > text.index("By title")
    said = "29 of 311 new papers matched. These four come first for you, of the other 25 two by title."
    assert said in " ".join(text.split())
