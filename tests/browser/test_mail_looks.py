"""A reading in a mail: nothing for axe-core to object to, and no sideways scroll."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.accessibility import WIDTHS, violations
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
