"""A reading in a mail: nothing for axe-core to object to, no sideways scroll; and how it prints."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.accessibility import TWICE_AS_LARGE, WIDTHS, violations
from tests.mail.digests import mail, make_digest, reading_card


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
