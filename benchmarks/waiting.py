"""How long a person waits for a confirmation and a first digest while 50,000 digests are going out.

    python benchmarks/waiting.py [--digests 50000] [--people 5]

Starts ``newsletter up`` on SQLite in a temporary folder with that many composed digests due, signs people up
over HTTP one after the other, confirms them, and reads the outbox. Prints seconds; exits 1 when one takes 20
seconds or more, or when the digests had all gone out before the last person was served.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
import uuid
from datetime import timedelta
from pathlib import Path

from service import fresh_service

LONGEST = 20.0
FORM = {"topics": "heads", "cadence": "daily", "at": "08:00", "timezone": "UTC", "language": "en"}
MORE = {"depth": "headline", "max_papers": "10"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--digests", type=int, default=50_000)
    parser.add_argument("--people", type=int, default=5)
    options = parser.parse_args()
    with fresh_service() as folder:
        fill(options.digests)
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        command = [sys.executable, "-m", "newsletter", "up", "--port", str(port)]
        up = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            return measure(f"http://localhost:{port}", folder / "outbox", people=options.people)
        finally:
            up.send_signal(signal.SIGTERM)
            up.wait()


def fill(digests: int) -> None:
    """Make that many readers with a composed digest that is due, and one topic to sign up for."""
    from django.utils import timezone

    from newsletter.audience.topics import add_topic
    from newsletter.core.digests.message import Fragment
    from newsletter.models import Delivery, FragmentRow, Subscriber
    from newsletter.models.delivery import Kind, State

    now = timezone.now()
    add_topic("heads", name="Heads", query="cat:cs.CV", now=now)
    fragment = Fragment(html="<p>[[email]]</p>\n" * 400, text="[[email]]\n" * 100)
    FragmentRow.objects.create(
        key=fragment.checksum, checksum=fragment.checksum, html=fragment.html, text=fragment.text
    )
    rows = [
        Subscriber(email=f"r{n}@example.org", email_key=f"r{n}@example.org", status="active", joined_at=now)
        for n in range(digests)
    ]
    for subscriber in (subscribers := Subscriber.objects.bulk_create(rows, batch_size=500)):
        subscriber.next_slot_at = None
    made = []
    for subscriber in subscribers:
        each = Delivery.planned(
            subscriber_id=subscriber.pk, kind=Kind.DIGEST, slot_key="2026-06-15", slot_at=now, now=now
        )
        each.state, each.subject, each.fragments = State.COMPOSED, "Digest", [fragment.checksum]
        each.composed_at, each.next_attempt_at = now, now - timedelta(minutes=1)
        made.append(each)
    Delivery.objects.bulk_create(made, batch_size=500)


def measure(site: str, outbox: Path, *, people: int) -> int:
    until(lambda: answers(f"{site}/readyz"), seconds=60)
    until(lambda: outbox.is_dir() and any(outbox.iterdir()), seconds=60)
    slowest = 0.0
    for _ in range(people):
        address = f"{uuid.uuid4().hex[:12]}@example.net"
        begun = time.monotonic()
        post(f"{site}/", FORM | MORE | {"email": address})
        confirmation = wait_for(outbox, address, number=1)
        asked = time.monotonic() - begun
        link = re.search(
            r"https?://\S+/confirm/[\w.=-]+", confirmation.replace("=\r\n", "").replace("=3D", "=")
        )
        assert link, confirmation
        begun = time.monotonic()
        post(link[0], {})
        wait_for(outbox, address, number=2)
        first = time.monotonic() - begun
        print(
            f"confirmation {asked:6.1f} s   first digest {first:6.1f} s   {gone(outbox):>6} mails out so far"
        )
        slowest = max(slowest, asked, first)
    left = waiting()
    print(f"{left} digests were still to go out")
    return int(slowest >= LONGEST or left == 0)


def post(url: str, fields: dict[str, str]) -> None:
    with urllib.request.urlopen(url, data=urllib.parse.urlencode(fields).encode(), timeout=30) as answer:
        assert answer.status == 200, answer.status


def wait_for(outbox: Path, address: str, *, number: int) -> str:
    """Return the ``number``-th mail to ``address``; only mails younger than the last look are read."""
    found: list[str] = []
    seen: set[str] = set()

    def arrived() -> bool:
        for entry in os.scandir(outbox):
            if entry.name.endswith(".eml") and entry.name not in seen:
                seen.add(entry.name)
                with Path(entry.path).open(encoding="utf-8") as file:
                    head = file.read(4000)
                if address in head:
                    found.append(head)
        return len(found) >= number

    until(arrived, seconds=120)
    return found[-1] if number > 1 else found[0]


def gone(outbox: Path) -> int:
    return sum(1 for _ in os.scandir(outbox))


def waiting() -> int:
    from newsletter.models import Delivery

    return Delivery.objects.filter(state="COMPOSED").count()


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def until(check: object, *, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not check():  # type: ignore[operator]
        if time.monotonic() > deadline:
            raise SystemExit("it did not happen in time")
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main())
