"""From the first page to the first digest, and out again, as a visitor does it."""

from __future__ import annotations

import urllib.request

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.accessibility import violations, violations_of_source
from tests.browser.conftest import Site, html_of, link_in, press
from tests.browser.journey import join, sign_up


def look(page: Page) -> None:
    """Hold the page against axe-core and against a narrow screen; scripts must be on for the first."""
    page.wait_for_load_state("load")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert violations(page) == []


def test_a_visitor_gets_a_first_digest_and_leaves_with_one_click(context: BrowserContext, site: Site) -> None:
    visitor = join(context, site)
    digest = visitor.digest
    assert digest["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    one_click = urllib.request.Request(  # noqa: S310  # our own http address
        digest["List-Unsubscribe"].partition(",")[0].strip("<>"),
        data=b"List-Unsubscribe=One-Click",
        method="POST",
    )
    for _ in range(2):
        with urllib.request.urlopen(one_click, timeout=30) as answer:  # noqa: S310
            assert (answer.status, answer.read()) == (200, b"")
    visitor.page.goto(link_in(digest, "/unsubscribe/"))
    # Nothing is left to end: the page offers no button for it.
    assert visitor.page.locator("form").count() == 0


def test_the_browser_fills_in_the_time_zone_and_finds_topics(context: BrowserContext) -> None:
    page = context.new_page()
    page.goto("/")
    has_script = page.input_value("input[name=timezone]") == "Europe/Berlin"
    page.fill("input[name=find]", "gesture")
    if not has_script:
        press(page.locator("button[name=search]"))
    shown = page.locator("input[name=topics]:visible")
    expect(shown).to_have_count(1)
    assert shown.get_attribute("value") == "co-speech-gesture"


@pytest.mark.parametrize("language", ["en-GB", "zh-CN"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_of_joining_has_an_accessibility_problem(
    browser: Browser, site: Site, language: str, scheme: str
) -> None:
    address = f"axe-{language}-{scheme}@example.org".lower()
    context = browser.new_context(
        base_url=site.url,
        locale=language,
        color_scheme="dark" if scheme == "dark" else "light",
        viewport={"width": 320, "height": 800},
    )
    page = context.new_page()
    for path in (
        "/",
        "/topics/",
        "/topics/talking-heads/",
        "/privacy/",
        "/about/",
        "/preferences/",
        "/nowhere",
    ):
        page.goto(path)
        look(page)
    page.goto("/")
    press(page.locator(".to button[type=submit]"))
    look(page)  # with what is wrong said at its field
    sign_up(page, address)
    look(page)
    page.goto(link_in(site.wait_for_mail(address), "/confirm/"))
    look(page)
    press(page.locator("form button[type=submit]"))
    look(page)
    digest = site.wait_for_mail(address, number=2)
    preferences = link_in(digest, "/preferences/")
    for url in (
        link_in(digest, "/unsubscribe/"),
        link_in(digest, "/papers/"),
        f"{preferences}/topics/new",
        preferences,
    ):
        page.goto(url)
        look(page)
    press(page.locator("button[name=do][value=link]"))
    look(page)
    page.goto(link_in(site.wait_for_mail(address, number=3), "/account/"))
    look(page)
    press(page.locator("a[href$='/erase']"))
    look(page)
    context.close()


def test_no_mail_has_an_accessibility_problem(browser: Browser, site: Site) -> None:
    mails = [
        mail
        for subscriber in ("ada", "tomas", "yulan")
        for mail in site.mails_to(f"{subscriber}@example.org")
    ]
    assert len(mails) >= 3
    for mail in mails:
        assert violations_of_source(browser, html_of(mail)) == []


def test_the_pages_around_a_digest_have_no_accessibility_problem(browser: Browser, site: Site) -> None:
    context = browser.new_context(base_url=site.url, viewport={"width": 640, "height": 900})
    page = context.new_page()
    [digest, *_] = site.mails_to("ada@example.org")
    page.goto(link_in(digest, "/preferences/"))
    page.goto(page.locator("a[href*='/digests/']").first.evaluate("a => a.href"))
    look(page)
    page.goto(page.locator(".share a").evaluate("a => a.href"))
    look(page)
    page.goto(f"{link_in(digest, '/preferences/')}/preview")
    look(page)
    page.goto("/outbox/")
    look(page)
    press(page.locator("main a[href^='/outbox/']").first)
    look(page)
    page.goto(f"{link_in(digest, '/unsubscribe/')}/talking-heads")
    look(page)
    context.close()
