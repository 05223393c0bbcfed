"""A mail as a browser shows it: nothing for axe-core to object to, no sideways scroll; and how it prints."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from playwright.sync_api import Browser

from newsletter.core.arxiv.revisions import Change, Revision
from newsletter.core.digests.digest import CardWhy, Digest, Learned, Notice, NoticeKind
from newsletter.core.digests.selection import WhyCode
from newsletter.core.summaries.summary import DetailLevel
from tests.browser.accessibility import TWICE_AS_LARGE, WIDTHS, violations
from tests.browser.word import as_word_shows_it
from tests.mail.digests import authors_summary, mail, make_card, make_digest, make_paper, reading_card


def week(language: str) -> Digest:
    """Return a week with every part of a mail: a lead, lines, a reading, a figure, notices, near, revised."""
    cards = [reading_card(language=language), *(make_card(make_paper(n), rank=n) for n in range(1, 6))]
    venue = make_card(make_paper(9, comment="Accepted at NeurIPS 2026"), summary=authors_summary(), rank=9)
    digest = make_digest(
        *cards,
        venue,
        language=language,
        depth=DetailLevel.READING,
        near=(make_card(make_paper(10)),),
        revised=((make_paper(11), Revision(2, (Change.ABSTRACT,))),),
        listed=(make_paper(12), make_paper(13)),
        counted=4,
        is_first=True,
        failed_gathers=(date(2026, 6, 18),),
        notices=(Notice(NoticeKind.CORRECTION, "It names two.", "https://digest.example.org/"),),
        whys=(("2606.00001", CardWhy(WhyCode.FOLLOWS, author="Ada Ray")),),
        learned=Learned(saved=2),
    )
    return replace(digest, topics=(replace(digest.topics[0], total=43),))


MAILS: dict[str, Callable[[str], Digest]] = {
    "week": week,
    "quiet": lambda language: make_digest(language=language, near=(make_card(make_paper(10)),)),
    "headline": lambda language: replace(week(language), depth=DetailLevel.HEADLINE, covers_days=1),
}


@pytest.mark.parametrize("kind", MAILS)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_mail_is_accessible_at_every_width(browser: Browser, kind: str, language: str, scheme: Any) -> None:
    page = browser.new_page(color_scheme=scheme)
    page.route("**/*", lambda route: route.abort())
    page.set_content(mail(MAILS[kind](language))[0])
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []
    page.close()


def test_without_its_style_block_a_mail_still_fits_a_phone(browser: Browser) -> None:
    html = re.sub(r"<style.*?</style>", "", mail(week("en"))[0], flags=re.DOTALL)
    page = browser.new_page(viewport={"width": 320, "height": 800})
    page.route("**/*", lambda route: route.abort())
    page.set_content(html)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    page.close()


def test_letters_twice_as_large_make_no_phone_scroll_sideways(browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 800})
    page.route("**/*", lambda route: route.abort())
    page.set_content(mail(week("en"))[0])
    page.evaluate(TWICE_AS_LARGE)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    page.close()


def test_no_white_strip_is_left_in_the_dark(browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 800, "height": 900}, color_scheme="dark")
    page.route("**/*", lambda route: route.abort())
    page.set_content(mail(week("en"))[0])
    painted = page.evaluate(
        "[...new Set([...document.querySelectorAll('body, body *')]"
        ".filter(each => each.tagName !== 'IMG').map(each => getComputedStyle(each).backgroundColor))]"
    )
    assert set(painted) == {"rgb(20, 22, 26)", "rgba(0, 0, 0, 0)", "rgb(90, 75, 18)"}
    page.close()


def test_a_mail_is_printed_light_from_the_first_page_on(browser: Browser) -> None:
    """A column set in line would move to the second page as a whole, and be cut at every edge."""
    html, _ = mail(make_digest(reading_card()))
    page = browser.new_page(color_scheme="dark")
    page.route("**/*", lambda route: route.abort())
    page.set_content(html)
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.querySelector('h3')).color") == "rgb(27, 29, 33)"
    assert page.evaluate("getComputedStyle(document.querySelector('[class^=mj-column]')).display") == "block"
    mark = page.locator("em.m").first
    assert mark.evaluate("mark => getComputedStyle(mark).printColorAdjust") == "exact"
    page.close()


WORD = """
() => ({
  lines: [...document.querySelectorAll('a[href^="#p"]')].map(each => each.getBoundingClientRect().top),
  listed: [...document.querySelectorAll('a.t')].map(each => each.getBoundingClientRect().top),
  images: [...document.images].map(each => [each.getBoundingClientRect().height,
                                            each.parentElement.getBoundingClientRect().height]),
})
"""


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_outlook_shows_each_link_on_its_own_line_and_figures_whole(browser: Browser, language: str) -> None:
    cards = [reading_card(language=language), *(make_card(make_paper(number)) for number in range(2, 6))]
    listed = (make_paper(7), make_paper(8))
    html, crop = as_word_shows_it(mail(make_digest(*cards, language=language, listed=listed))[0])
    page = browser.new_page(viewport={"width": 700, "height": 900})
    page.route("**/*", lambda route: route.abort())
    page.set_content(html)
    page.evaluate(crop)
    seen = page.evaluate(WORD)
    assert len(seen["lines"]) == len({round(top) for top in seen["lines"]}) == len(cards) - 1
    assert len(seen["listed"]) == len({round(top) for top in seen["listed"]})
    [(height, frame)] = seen["images"]
    assert frame >= height > 30
    page.close()


def test_a_list_from_right_to_left_keeps_its_bullets_inside(browser: Browser) -> None:
    card = reading_card(language="ar")
    page = browser.new_page(viewport={"width": 320, "height": 800})
    page.route("**/*", lambda route: route.abort())
    page.set_content(mail(make_digest(card))[0])
    for kind in ("ol",):
        for box in page.evaluate(
            f"[...document.querySelectorAll('{kind}')].map(each => [getComputedStyle(each).direction,"
            " each.getBoundingClientRect().right, each.parentElement.getBoundingClientRect().right])"
        ):
            assert (box[0], box[2] - box[1]) == ("rtl", 18)
    page.close()
