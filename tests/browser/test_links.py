"""Every link of every digest, opened by a browser as a scanner does: not one row changes."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing

from playwright.sync_api import Browser

from tests.browser.conftest import Site, html_of


def rows(site: Site) -> dict[str, list[tuple[object, ...]]]:
    """Return everything the service remembers, but for what its own clock finds late."""
    with closing(sqlite3.connect(f"file:{site.database}?mode=ro", uri=True)) as database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        tables -= {"newsletter_incident", "sqlite_sequence"}
        return {name: database.execute(f'SELECT * FROM "{name}"').fetchall() for name in tables}  # noqa: S608


def test_opening_every_link_of_every_digest_changes_nothing(browser: Browser, site: Site) -> None:
    links = {
        link
        for subscriber in ("ada", "tomas", "yulan", "weiming")
        for mail in site.mails_to(f"{subscriber}@example.org")
        for link in re.findall(rf'href="({re.escape(site.url)}[^"]*)"', html_of(mail))
    }
    assert len(links) > 30
    before = rows(site)
    page = browser.new_page()
    answers = {link: page.goto(link) for link in sorted(links)}
    page.close()
    assert {link for link, answer in answers.items() if answer is None or answer.status != 200} == set()
    assert rows(site) == before
