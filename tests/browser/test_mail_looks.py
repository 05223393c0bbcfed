"""A reading in a mail: nothing for axe-core to object to, no sideways scroll; and how it prints."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.accessibility import TWICE_AS_LARGE, WIDTHS, violations
from tests.browser.word import as_word_shows_it
from tests.mail.digests import mail, make_card, make_digest, make_paper, reading_card


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_readings_mail_is_accessible_at_every_width(browser: Browser, language: str, scheme: Any) -> None:
    html, _ = mail(make_digest(reading_card(language=language), language=language))
    page = browser.new_page(color_scheme=scheme)
    page.route("**/*", lambda route: route.abort())
    page.set_content(html)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []
    page.close()


def test_letters_twice_as_large_make_no_phone_scroll_sideways(browser: Browser) -> None:
    html, _ = mail(make_digest(reading_card()))
    page = browser.new_page(viewport={"width": 320, "height": 800})
    page.route("**/*", lambda route: route.abort())
    page.set_content(html)
    page.evaluate(TWICE_AS_LARGE)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    page.close()


def test_a_mail_is_printed_light_from_the_first_page_on(browser: Browser) -> None:
    """A column set in line would move to the second page as a whole, and be cut at every edge."""
    html, _ = mail(make_digest(reading_card()))
    page = browser.new_page(color_scheme="dark")
    page.route("**/*", lambda route: route.abort())
    page.set_content(html)
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.querySelector('h1 + p')).color") == "rgb(27, 29, 33)"
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
    assert len(seen["lines"]) == len({round(top) for top in seen["lines"]}) == len(cards)
    assert len(seen["listed"]) == len({round(top) for top in seen["listed"]})
    [(height, frame)] = seen["images"]
    assert frame >= height > 100
    page.close()


def test_a_list_from_right_to_left_keeps_its_bullets_inside(browser: Browser) -> None:
    card = reading_card(language="ar")
    page = browser.new_page(viewport={"width": 320, "height": 800})
    page.route("**/*", lambda route: route.abort())
    page.set_content(mail(make_digest(card))[0])
    for kind in ("ul", "ol"):
        for box in page.evaluate(
            f"[...document.querySelectorAll('{kind}')].map(each => [getComputedStyle(each).direction,"
            " each.getBoundingClientRect().right, each.parentElement.getBoundingClientRect().right])"
        ):
            assert (box[0], box[2] - box[1]) == ("rtl", 20)
    page.close()
