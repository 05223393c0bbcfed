"""A reading on its page: nothing for axe-core to object to, and no sideways scroll."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from tests.browser.accessibility import WIDTHS, violations
from tests.browser.conftest import chromium
from tests.fakes import readings


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


def test_a_mistake_is_reported_without_scripts(browser: Browser, paper_page: str) -> None:
    from newsletter.models import MistakeReport

    page = browser.new_page(java_script_enabled=False)
    page.goto(paper_page)
    page.locator("details.mistake > summary").click()
    page.select_option("#report-claim", index=2)
    page.check("input[name=what][value=number]")
    page.fill("#report-note", "It says 14.")
    page.locator("form.report button").click()
    page.locator("text=Thank you").first.wait_for()
    page.close()
    assert MistakeReport.objects.get().claim.startswith("By night a stereo camera")
