"""The operator's pages in a browser: axe, no sideways scroll on a phone, the keyboard, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext
from pytest_django.live_server_helper import LiveServer

from newsletter.models import DigestNotice, MistakeReport, Paper, SendPause, Subscription
from newsletter.models.delivery import State
from tests.browser.accessibility import violations
from tests.browser.conftest import chromium, press
from tests.fakes import readings
from tests.pipeline.deliveries import digest, new_subscriber, topic

WIDTHS = (360, 1280)
CONTRAST = """axe.run(document, {runOnly: ["color-contrast"], resultTypes: ["violations"]})
    .then(found => found.violations.flatMap(each => each.nodes.map(node => node.html)))"""
"""Of what axe-core checks, only colours depend on the scheme."""
DETAIL = "no connection: [Errno 111] Connection refused"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One that is gone before other tests use the database: Django takes a thread with its loop for async."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield from chromium()


@pytest.fixture
def addresses(live_server: LiveServer) -> list[str]:
    """Make something to show on each page; return the paths."""
    now = timezone.now()
    readings.store("harbornet", "en")
    reader = new_subscriber(next_slot_at=now + timedelta(hours=9))
    Subscription.objects.create(subscriber=reader, topic=topic(), position=0, created_at=now)
    waits: dict[str, Any] = {"state": State.RETRY_WAIT, "retries": 2, "last_detail": DETAIL}
    row = digest(reader, next_attempt_at=now + timedelta(minutes=7), **waits)
    for number, state in enumerate(State):
        digest(slot_key=f"2026-05-{number + 1:02}", state=state, outcome_at=now, last_code="550")
    paper = Paper.objects.get(arxiv_id="2606.90001")
    report = MistakeReport.objects.create(paper=paper, claim="It floats.", what="number", reported_at=now)
    texts = {"en": "It names two."}
    DigestNotice.objects.create(kind="correction", texts=texts, paper=paper, published_at=now, before="One.")
    SendPause.objects.create(transport="*", reason="a typo in the footer", since=now)
    below = (
        "",
        "pause/",
        "deliveries/",
        f"deliveries/{row.pk}/",
        f"deliveries/{row.pk}/cancel/",
        "readers/",
        f"readers/{reader.pk}/?preview",
        "topics/",
        "topics/heads/",
        "papers/",
        "papers/2606.90001/",
        "mistakes/",
        f"mistakes/{report.pk}/",
        "announce/",
    )
    return [f"{live_server.url}/admin/{path}" for path in below]


def operator(browser: Browser, address: str, **options: Any) -> BrowserContext:
    """Return a context in which an operator is logged in."""
    client = Client()
    client.force_login(User.objects.create_superuser("operator", last_login=timezone.now()))
    context = browser.new_context(**options)
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": address}])
    return context


def test_every_page_is_accessible_light_and_dark_and_fits_a_phone(
    browser: Browser, addresses: list[str]
) -> None:
    context = operator(browser, addresses[0], color_scheme="light")
    page = context.new_page()
    page.route("**/preview", lambda route: route.fulfill(body="<!doctype html><title>x</title>"))
    found = []
    for address in addresses:
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200, address
        page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            wide = page.evaluate("document.documentElement.scrollWidth")
            found += [f"{address} is {wide} wide at {width}"] if wide > width else []
        found += [f"{address}: {each}" for each in violations(page)]
        page.emulate_media(color_scheme="dark")
        found += [f"{address} when dark: {each}" for each in page.evaluate(CONTRAST)]
        page.emulate_media(color_scheme="light")
    context.close()
    assert found == []


def test_a_delivery_is_given_up_by_keyboard_and_scripts_are_not_needed(
    browser: Browser, addresses: list[str]
) -> None:
    context = operator(browser, addresses[0], java_script_enabled=False)
    page = context.new_page()
    page.goto(addresses[3])
    assert page.locator("h1").inner_text().startswith("Waiting: sending is paused")
    press(page.get_by_role("link", name="Give up"), key="Enter")
    press(page.get_by_role("button", name="Give up"), key="Enter")
    page.locator("h1", has_text="Cancelled: the operator gave it up").wait_for()
    assert page.get_by_role("status").inner_text().startswith("Given up")
    context.close()
