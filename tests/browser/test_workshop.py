"""A private topic from two arXiv ids: proposed, tried, a false friend excluded, saved."""

from __future__ import annotations

from playwright.sync_api import Browser, BrowserContext

from tests.browser.accessibility import violations
from tests.browser.conftest import Site, link_in, press
from tests.browser.journey import join


def test_a_subscriber_makes_a_topic_from_two_papers(context: BrowserContext, site: Site) -> None:
    visitor = join(context, site)
    page = visitor.page
    preferences = link_in(visitor.digest, "/preferences/")
    page.goto("/topics/co-speech-gesture/")
    papers = [each.get_attribute("href") for each in page.locator("a[href^='/papers/']").all()]
    ids = [str(path).removeprefix("/papers/").strip("/") for path in dict.fromkeys(papers)][:2]

    page.goto(f"{preferences}/topics/new")
    page.fill("textarea[name=about]", f"{ids[0]}\nhttps://arxiv.org/abs/{ids[1]}")
    press(page.locator("button[name=action][value=propose]"))
    query = page.input_value("textarea[name=query]")
    assert query
    page.fill("input#name", "Gestures of my own")
    press(page.locator("button[name=action][value=save]"))

    page.goto(preferences)
    assert "Gestures of my own" in page.locator("table.mine").inner_text()
    page.goto("/topics/")
    assert page.get_by_text("Gestures of my own").count() == 0


def test_a_query_that_cannot_be_read_points_at_the_character(context: BrowserContext, site: Site) -> None:
    visitor = join(context, site)
    page = visitor.page
    page.goto(link_in(visitor.digest, "/preferences/") + "/topics/new")
    page.fill("textarea[name=query]", "cat:cs.CV AND (ti:avatar")
    press(page.locator("button[name=action][value=try]"))
    assert page.input_value("textarea[name=query]") == "cat:cs.CV AND (ti:avatar"
    assert page.locator("textarea[name=query][aria-invalid=true]").count() == 1


def test_a_sentence_becomes_a_topic_and_a_missed_paper_comes_in(context: BrowserContext, site: Site) -> None:
    visitor = join(context, site)
    page = visitor.page
    page.goto(link_in(visitor.digest, "/preferences/") + "/topics/new")
    page.fill("textarea[name=about]", "Gestures that go with speech")
    press(page.locator("button[name=action][value=propose]"))
    assert page.input_value("textarea[name=query]")
    page.fill("textarea[name=query]", 'cat:cs.CV AND ti:"no such gesture"')
    press(page.locator("button[name=action][value=try]"))
    missed = page.locator("button[name=include]").first
    arxiv_id = missed.get_attribute("value")
    press(missed)
    assert page.input_value("textarea[name=query]") != 'cat:cs.CV AND ti:"no such gesture"'
    assert page.locator(f"button[name=exclude][value='{arxiv_id}']").count() == 1


def test_what_is_near_has_no_accessibility_problem(browser: Browser, site: Site) -> None:
    context = browser.new_context(base_url=site.url, viewport={"width": 320, "height": 800})
    visitor = join(context, site)
    page = visitor.page
    page.goto(link_in(visitor.digest, "/preferences/") + "/topics/new")
    page.fill("textarea[name=about]", "Gestures that go with speech")
    press(page.locator("button[name=action][value=propose]"))
    assert violations(page) == []
    page.fill("textarea[name=query]", 'cat:cs.CV AND ti:"no such gesture"')
    press(page.locator("button[name=action][value=try]"))
    assert page.locator("button[name=include]").count() > 0
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    context.close()
