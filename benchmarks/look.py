"""Pictures of mails and pages to look at: both languages, three widths, light and dark.

    python benchmarks/look.py OUT [SAVED.xml …]     pictures go to the folder OUT; arXiv answers fill up

Starts a newsroom in a temporary folder on the fake model, puts the hand-written readings of tests/data in it,
sends a digest to each of four readers, serves the site, and photographs. Prints what axe-core objects to;
exits 1 when it objects to anything, or a page is wider than its window.
"""

from __future__ import annotations

import argparse
import email
import email.policy
import io
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

WIDTHS = (320, 640, 1280)
READERS = [
    ("takeaways-en", "en", "takeaways"),
    ("takeaways-zh", "zh", "takeaways"),
    ("reading-en", "en", "reading"),
    ("reading-zh", "zh", "reading"),
]
PAGES = {
    "page": "/papers/2606.90001/",
    "page-position": "/papers/2606.90002/",
    "page-report": "/papers/2606.90001/report/",
    "topic": "/topics/boats/",
}


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
        """Say nothing."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("answers", type=Path, nargs="*")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    from tests.fakes.gemini_server import GeminiServer
    from tests.fakes.processes import free_port

    port = free_port()
    with tempfile.TemporaryDirectory() as data, GeminiServer() as gemini:
        os.environ |= {
            "NEWSLETTER_DATA_DIR": data,
            "DATABASE_URL": "",
            "REDIS_URL": "",
            "NEWSLETTER_SUMMARISER": "gemini",
            "GEMINI_API_KEY": "none",
            "NEWSLETTER_GEMINI_ENDPOINT": gemini.url,
            "NEWSLETTER_BASE_URL": f"http://localhost:{port}",
            "NEWSLETTER_MAILER": "outbox",
            "NEWSLETTER_ARXIV_API_URL": gemini.url,
            "NEWSLETTER_ARXIV_HTML_URL": gemini.url,
            "NEWSLETTER_ARXIV_OAI_URL": gemini.url,
            "NEWSLETTER_ARXIV_INTERVAL": "0",
        }
        mails = make_newsroom([str(path.resolve()) for path in options.answers])
        with served(port):
            return photograph(options.out, mails, base=f"http://localhost:{port}")


def make_newsroom(answers: list[str]) -> dict[str, str]:
    """Set everything up, send what is due, and return the HTML of each mail by its reader."""
    from newsletter.cli.session import start_django

    start_django()
    from django.conf import settings
    from django.core.management import call_command

    from newsletter.adapters.registry import paper_source
    from newsletter.audience.topics import add_topic
    from newsletter.pipeline.context import Context
    from newsletter.pipeline.gather import gather_files
    from newsletter.pipeline.match import match_papers
    from newsletter.pipeline.run import run_once
    from tests.fakes import readings

    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    now = readings.PUBLISHED + timedelta(hours=20)
    joined = now - timedelta(days=3)
    names = {"zh-hans": "小艇与港口"}
    add_topic("boats", name="Boats and harbours", names=names, query="cat:cs.RO AND abs:harbour", now=joined)
    add_topic("benchmarks", name="Benchmarks", query="abs:leaderboards AND abs:ledger", now=joined)
    add_topic("heads", name="Talking heads", query='abs:"talking head"', now=joined)
    if answers:
        gather_files(paper_source(settings.CONFIG), paths=answers, now=readings.PUBLISHED)
    add_readings(Context(settings.CONFIG).summariser.prompt_version)
    add_subscribers(now=joined)
    match_papers(now=readings.PUBLISHED, lookback=timedelta(days=14))
    run_once(Context(settings.CONFIG), now=now, gather=False)
    return read_mails(settings.CONFIG.outbox_folder)


def add_readings(prompt_version: str) -> None:
    from newsletter.models import Summary
    from tests.fakes import readings

    readings.store("harbornet", "en", "zh-hans")
    readings.store("ledgers", "en")
    readings.store_details("harbornet", image=drawing())
    Summary.objects.update(prompt_version=prompt_version)


def add_subscribers(*, now: Any) -> None:
    from newsletter.subscribers.add import add_by_operator
    from newsletter.subscribers.preferences import Preferences

    for name, language, depth in READERS:
        preferences = Preferences.checked(cadence="daily", language=language, depth=depth, max_papers=5)
        topics = ["boats", "benchmarks", "heads"]
        add_by_operator(
            f"{name}@example.org", topics=topics, preferences=preferences, source="a look", now=now
        )


def read_mails(folder: Path) -> dict[str, str]:
    found = {}
    for path in folder.glob("*.eml"):
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        html = mail.get_body(("html",))
        found[str(mail["To"]).partition("@")[0]] = str(html.get_content()) if html else ""
    return found


def drawing() -> bytes:
    """Return a figure as papers have them: black lines on transparent ground, a chart."""
    from PIL import Image, ImageDraw

    image = Image.new("RGBA", (1120, 420), (255, 255, 255, 0))
    draw = ImageDraw.Draw(image)
    for number in range(4):
        top = 30 + number * 95
        points = [
            (40 + x, top + 40 + ((x * (number + 3)) % 37) * (1 if x % 2 else -1)) for x in range(0, 460, 7)
        ]
        draw.line(points, fill=(20, 20, 20, 255), width=2)
    for ring in range(40, 200, 40):
        draw.arc((820 - ring, 380 - ring, 820 + ring, 380 + ring), 180, 360, fill=(20, 60, 160, 255), width=3)
    draw.rectangle((620, 20, 1080, 400), outline=(20, 20, 20, 255), width=2)
    data = io.BytesIO()
    image.save(data, format="PNG")
    return data.getvalue()


@contextmanager
def served(port: int) -> Iterator[None]:
    from newsletter.web.wsgi import application

    server = make_server("127.0.0.1", port, application, handler_class=Quiet)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield
    server.shutdown()
    thread.join()


def photograph(out: Path, mails: dict[str, str], *, base: str) -> int:
    from playwright.sync_api import sync_playwright

    from tests.browser.accessibility import violations
    from tests.browser.conftest import CHROMIUM, FLAGS

    bad = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for name, width, scheme, language, show in shots(mails):
            page = browser.new_page(
                base_url=base, locale=language, color_scheme=scheme, viewport={"width": width, "height": 900}
            )
            show(page)
            page.evaluate("document.querySelectorAll('img').forEach(each => { each.loading = 'eager' })")
            page.wait_for_load_state("networkidle")
            too_wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
            page.screenshot(path=out / f"{name}-{width}-{scheme}.png", full_page=True)
            found = violations(page)
            print(f"{name:20} {width:5} {scheme:5} axe {len(found)}{' TOO WIDE' if too_wide else ''}")
            for line in found:
                print("    ", line)
            bad += len(found) + too_wide
            page.close()
        browser.close()
    return int(bad > 0)


def in_word(page: Any, html: str) -> None:
    """Show a mail as Outlook's Word engine would, as far as a browser can."""
    from tests.browser.word import as_word_shows_it

    shown, crop = as_word_shows_it(html)
    page.set_content(shown)
    page.evaluate(crop)


def shots(mails: dict[str, str]) -> Iterator[tuple[str, int, Any, str, Any]]:
    for name, html in sorted(mails.items()):
        yield f"word-{name}", 640, "light", "en", lambda page, html=html: in_word(page, html)
    for scheme in ("light", "dark"):
        for width in WIDTHS:
            for name, html in sorted(mails.items()):
                yield f"mail-{name}", width, scheme, "en", lambda page, html=html: page.set_content(html)
            for name, path in PAGES.items():
                for language in ("en", "zh-CN"):
                    where = f"{name}-{language[:2]}"
                    yield where, width, scheme, language, lambda page, path=path: page.goto(path)


if __name__ == "__main__":
    sys.exit(main())
