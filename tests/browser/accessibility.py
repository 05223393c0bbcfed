"""What axe-core says of a page."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from playwright.sync_api import Browser, Page

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
WIDTHS = (320, 640, 1280)
"""Pixels at which pages and mails are looked at."""
TWICE_AS_LARGE = """() => {
    const all = [...document.querySelectorAll("html, body, body *")].map(each => {
        const {fontSize, lineHeight} = getComputedStyle(each);
        return [each, 2 * parseFloat(fontSize), 2 * parseFloat(lineHeight)];
    });
    for (const [each, size, line] of all) {
        each.style.fontSize = `${size}px`;
        if (line) each.style.lineHeight = `${line}px`;
    }
}"""
"""What a browser does when only text is enlarged (WCAG 2.2, 1.4.4)."""
RUN = "axe.run(document, {resultTypes: ['violations']}).then(found => found.violations)"


def violations(page: Page) -> list[str]:
    """Return a line for each element that axe-core objects to."""
    page.evaluate(AXE)
    return _lines(page.evaluate(RUN))


def violations_of_source(browser: Browser, html: str) -> list[str]:
    """Look at a document that is not on a site: a mail."""
    page = browser.new_page(viewport={"width": 640, "height": 900})
    try:
        page.set_content(html)
        return violations(page)
    finally:
        page.close()


def _lines(found: list[dict[str, Any]]) -> list[str]:
    return [
        f"{each['id']}: {node['target']} {node.get('failureSummary', '')}"
        for each in found
        for node in each["nodes"]
    ]
