"""What axe-core says of a reading's page, no sideways scroll; how pages print, and where the focus is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from newsletter.pipeline.context import Context
from tests.browser.accessibility import TWICE_AS_LARGE, WIDTHS, violations
from tests.browser.conftest import chromium, press
from tests.fakes import readings

FOCUSED = """() => {
    const element = document.activeElement, style = getComputedStyle(element);
    return [element.type || element.tagName,
            `${style.outlineStyle} ${style.outlineWidth} ${style.outlineColor} ${style.outlineOffset}`];
}"""
"""What kind of element has the focus, and how its ring looks."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One that is gone before other tests use the database: Django takes a thread with its loop for async."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield from chromium()


@pytest.fixture
def paper_page(live_server: LiveServer) -> str:
    """The address of a page with both languages, figure and facts."""
    readings.store("harbornet", "en", "zh-hans")
    readings.store_details("harbornet", image=b"")
    return f"{live_server.url}/papers/2606.90001/"


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_readings_page_and_its_form_are_accessible_at_every_width(
    browser: Browser, paper_page: str, language: str, scheme: Any
) -> None:
    page = browser.new_page(locale=language, color_scheme=scheme)
    for address in (paper_page, f"{paper_page}report/"):
        page.goto(address)
        page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert violations(page) == []
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_search_is_accessible_at_every_width(
    browser: Browser,
    live_server: LiveServer,
    paper_page: str,
    scheme: Any,
    tmp_path: Path,
    settings: Settings,
) -> None:
    assert paper_page
    settings.CONFIG = settings.CONFIG.model_copy(update={"data_dir": tmp_path})
    Context(settings.CONFIG).index_keeper.keep_up()
    page = browser.new_page(color_scheme=scheme)
    for asked in ("", "?q=harbor*", "?q=harbor*+zebrafish", "?q=tr*"):
        page.goto(f"{live_server.url}/search{asked}")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (asked, width)
        assert violations(page) == []
    page.close()


def test_a_mistake_is_reported_without_scripts(browser: Browser, paper_page: str) -> None:
    from newsletter.models import MistakeReport

    page = browser.new_page(java_script_enabled=False)
    page.goto(paper_page)
    page.locator("details.mistake > summary").click()
    page.select_option("#report-claim", index=2)
    page.check("input[name=what][value=number]")
    page.fill("#report-note", "It says 14.")
    press(page.locator("form.report button"))
    page.locator("text=Thank you").first.wait_for()
    page.close()
    assert MistakeReport.objects.get().claim.startswith("By night a stereo camera")


def test_a_page_is_printed_light_without_what_can_only_be_clicked(browser: Browser, paper_page: str) -> None:
    page = browser.new_page(color_scheme="dark")
    page.goto(paper_page)
    assert page.locator("nav").is_visible()
    page.emulate_media(media="print", color_scheme="dark")
    assert page.locator("nav").is_hidden()
    assert page.locator("form").is_hidden()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    mark = page.locator("mark").first
    assert mark.evaluate("mark => getComputedStyle(mark).printColorAdjust") == "exact"
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_whatever_has_the_focus_shows_the_same_ring(
    browser: Browser, live_server: LiveServer, scheme: Any
) -> None:
    from newsletter.audience.topics import add_topic

    add_topic("lamps", name="Lamps", query="cat:cs.CV", now=readings.PUBLISHED)
    page = browser.new_page(color_scheme=scheme)
    page.goto(live_server.url)
    # Fields in folds and the list of all cadences, too; the focus stays where the page begins.
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    page.evaluate("document.querySelector('input[value=other]').checked = true")
    rings, kinds = set(), set()
    for _ in range(40):
        page.keyboard.press("Tab")
        kind, ring = page.evaluate(FOCUSED)
        if kind == "BODY":
            break
        kinds.add(kind)
        rings.add(ring)
    assert {"time", "checkbox", "radio", "textarea", "select-one", "email", "submit"} <= kinds
    assert len(rings) == 1
    assert rings.pop().startswith("solid 2px")
    page.close()


def test_letters_twice_as_large_make_no_phone_scroll_sideways(
    browser: Browser, paper_page: str, live_server: LiveServer
) -> None:
    from newsletter.audience.topics import add_topic

    add_topic("weather", name="Exoplanets and their atmospheres", query="cat:cs.RO", now=readings.PUBLISHED)
    page = browser.new_page(viewport={"width": 320, "height": 800})
    for address in (
        live_server.url,
        f"{live_server.url}/topics/",
        f"{live_server.url}/topics/weather/",
        paper_page,
    ):
        page.goto(address)
        page.evaluate(TWICE_AS_LARGE)
        assert page.evaluate("document.documentElement.scrollWidth") == 320, address
    page.close()
