"""Steps that several journeys share."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from email.message import EmailMessage

from playwright.sync_api import BrowserContext, Page

from tests.browser.conftest import Site, link_in, press

_numbers = itertools.count(1)


@dataclass
class Visitor:
    address: str
    page: Page
    digest: EmailMessage
    """The first one."""


def sign_up(
    page: Page, address: str, *, topics: tuple[str, ...] = ("talking-heads", "co-speech-gesture")
) -> None:
    page.goto(f"/?topics={';'.join(topics)}")
    page.check("input[name=cadence][value=other]")
    page.select_option("select[name=other_cadence]", "daily")
    page.fill("input[name=email]", address)
    press(page.locator(".to button[type=submit]"))


def join(context: BrowserContext, site: Site) -> Visitor:
    """Sign up, confirm, and wait for the first digest."""
    address = f"visitor{next(_numbers)}@example.org"
    page = context.new_page()
    site.forget_quotas()
    sign_up(page, address)
    # The answer is the same for every address, so it names none.
    assert address not in page.content()
    page.goto(link_in(site.wait_for_mail(address), "/confirm/"))
    press(page.locator("form button[type=submit]"))
    return Visitor(address, page, site.wait_for_mail(address, number=2))
