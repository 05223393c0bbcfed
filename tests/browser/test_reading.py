"""A reader's life with the service: another schedule, another order, a pause, less, and nothing at all."""

from __future__ import annotations

import json
import urllib.request
from datetime import date, timedelta

from playwright.sync_api import BrowserContext, Page

from tests.browser.conftest import Site, link_in, press
from tests.browser.journey import Visitor, join


def save(page: Page) -> None:
    press(page.locator("form.preferences p.act button").first)
    page.locator("[role=status]").wait_for()


def order_of_topics(page: Page) -> list[str | None]:
    return [each.get_attribute("value") for each in page.locator("#topics-form input[name=topics]").all()]


def fresh_link(visitor: Visitor, site: Site, *, number: int) -> str:
    """Ask for the mailed link that change of address, export and erasure need."""
    press(visitor.page.locator("button[name=do][value=link]"))
    return link_in(site.wait_for_mail(visitor.address, number=number), "/account/")


def test_a_subscriber_changes_pauses_and_is_erased(context: BrowserContext, site: Site) -> None:
    visitor = join(context, site)
    page = visitor.page
    preferences = link_in(visitor.digest, "/preferences/")
    page.goto(preferences)

    page.locator("details.change > summary").click()
    page.select_option("select[name=cadence]", "weekly:mon")
    page.select_option("select[name=cadence-talking-heads]", "daily")
    page.fill("input[name=max_papers]", "3")
    save(page)
    page.goto(preferences)
    assert page.input_value("select[name=cadence-talking-heads]") == "daily"
    assert page.input_value("input[name=max_papers]") == "3"

    before = order_of_topics(page)
    press(page.locator("button[name=move][value^='down:']").first)
    page.goto(preferences)
    assert order_of_topics(page) == before[::-1]

    page.locator("details.pause > summary").click()
    page.fill("input[name=until]", (date.today() + timedelta(days=9)).isoformat())  # noqa: DTZ011
    press(page.locator("button[name=do][value=pause]"))
    press(page.locator("button[name=do][value=resume]"))
    page.locator("details.pause > summary").wait_for()

    page.goto(f"{link_in(visitor.digest, '/unsubscribe/')}/co-speech-gesture")
    press(page.locator("form button[type=submit]"))
    page.goto(preferences)
    assert order_of_topics(page) == ["talking-heads"]

    account = fresh_link(visitor, site, number=3)
    page.goto(account)
    with urllib.request.urlopen(page.locator("a[download]").evaluate("a => a.href")) as answer:  # noqa: S310
        assert visitor.address in json.dumps(json.load(answer))
    press(page.locator("a[href$='/erase']"))
    press(page.locator("form button[type=submit]"))
    page.goto(preferences)
    assert page.locator("form.preferences").count() == 0
    assert site.mails_to(visitor.address) == []


def test_a_subscriber_asks_for_less_instead_of_leaving(context: BrowserContext, site: Site) -> None:
    visitor = join(context, site)
    page = visitor.page
    page.goto(link_in(visitor.digest, "/unsubscribe/"))
    press(page.locator("button[name=less]").first)
    page.goto(link_in(visitor.digest, "/preferences/"))
    assert page.input_value("select[name=cadence]") != "daily"


def test_a_friend_sees_a_shared_digest_without_the_subscriber(context: BrowserContext, site: Site) -> None:
    [digest, *_] = site.mails_to("ada@example.org")
    page = context.new_page()
    page.goto(link_in(digest, "/preferences/"))
    page.goto(page.locator("a[href*='/digests/']").first.evaluate("a => a.href"))
    shared = page.locator(".share a").evaluate("a => a.href")
    page.goto(shared)
    assert "ada@example.org" not in page.content()
