"""A real service on the sample week, and a real browser to read it with."""

from __future__ import annotations

import email
import email.policy
import re
import shutil
import sqlite3
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, sync_playwright

from tests.fakes.processes import Processes, free_port, processes, wait_until

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
START_SECONDS = 60.0


@dataclass
class Site:
    """The demo, kept up: its pages, and the mails that leave it."""

    url: str
    folder: Path
    processes: Processes

    @property
    def outbox(self) -> Path:
        return self.folder / "var" / "demo" / "outbox"

    def mails_to(self, address: str) -> list[EmailMessage]:
        """Return the mails to one address, oldest first."""
        found = []
        for path in sorted(self.outbox.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns):
            mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            if mail["To"] == address:
                found.append(mail)
        return found

    def wait_for_mail(self, address: str, *, number: int = 1, seconds: float = 60) -> EmailMessage:
        """Return the ``number``-th mail to ``address`` once it is there."""
        wait_until(
            lambda: len(self.mails_to(address)) >= number,
            seconds=seconds,
            otherwise=lambda: f"no mail {number} to {address}\n" + "\n".join(self.said()),
        )
        return self.mails_to(address)[number - 1]

    @property
    def database(self) -> Path:
        return self.folder / "var" / "demo" / "newsletter.sqlite3"

    def forget_quotas(self) -> None:
        """Let the next visitor come as from another address: all tests together are more than a day's."""
        with closing(sqlite3.connect(self.database, timeout=20)) as database, database:
            database.execute("DELETE FROM newsletter_quota")

    def said(self) -> list[str]:
        return [each.said() for each in self.processes.running.values()]


def press(control: Locator, *, key: str = "") -> None:
    """Press a link or a button of a form, and wait for the page that it brings: a click alone does not."""
    with control.page.expect_navigation():
        if key:
            control.press(key)
        else:
            control.click()


def html_of(mail: EmailMessage) -> str:
    part = mail.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def link_in(mail: EmailMessage, path: str) -> str:
    """Return the first address in the text part whose path begins with ``path``."""
    part = mail.get_body(("plain",))
    assert part is not None
    found = re.search(rf"https?://[^\s/]+{re.escape(path)}\S*", str(part.get_content()))
    assert found, f"no {path} in {mail['Subject']}"
    return found[0]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder, port = tmp_path_factory.mktemp("site"), free_port()
    with processes(folder) as started:
        running = started.start(
            "demo", ["newsletter", "demo", "--serve", "--port", str(port)], environment={}
        )
        site = Site(f"http://localhost:{port}", folder, started)
        wait_until(
            lambda: _answers(f"{site.url}/readyz") or not running.is_alive,
            seconds=START_SECONDS,
            otherwise=running.said,
        )
        assert running.is_alive, running.said()
        yield site


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  # our own http address
            return bool(answer.status == 200)
    except OSError:
        time.sleep(0.2)
        return False


@pytest.fixture(scope="package")  # while it runs, Django takes this thread for an asynchronous one
def browser() -> Iterator[Browser]:
    yield from chromium()


def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no chromium on PATH: .ci/run installs Debian's")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(params=["en", "zh", "en-without-script"])
def context(request: pytest.FixtureRequest, browser: Browser, site: Site) -> Iterator[BrowserContext]:
    """A visitor: in English, in Chinese, and with scripts switched off."""
    language = "zh-CN" if request.param == "zh" else "en-GB"
    context = browser.new_context(
        base_url=site.url,
        locale=language,
        timezone_id="Europe/Berlin",
        java_script_enabled=request.param != "en-without-script",
        viewport={"width": 640, "height": 900},
    )
    context.set_default_timeout(10_000)
    yield context
    context.close()
