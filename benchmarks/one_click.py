"""How long a mail program waits for its one-click unsubscribe while a worker hands over digests.

    python benchmarks/one_click.py [--clicks 300] [--digests 20000]

The service's own web server answers over HTTP, each click on a new connection and for another reader; beside
it a process delivers to the outbox without a pause. SQLite, unless DATABASE_URL names an (empty) PostgreSQL.
"""

from __future__ import annotations

import argparse
import http.client
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from service import fresh_service

BODY = "List-Unsubscribe=One-Click"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clicks", type=int, default=300)
    parser.add_argument("--digests", type=int, default=20_000)
    parser.add_argument("--deliver", action="store_true", help="be the worker")
    options = parser.parse_args()
    if options.send:
        return send()
    database = os.environ.get("DATABASE_URL", "")
    with fresh_service(DATABASE_URL=database, NEWSLETTER_MAILER="outbox") as folder:
        return measure(folder / "outbox", clicks=options.clicks, digests=options.digests)


def measure(outbox: Path, *, clicks: int, digests: int) -> int:
    paths = fill(digests=digests)[-clicks:]  # the worker begins at the other end
    with web_server() as port:
        idle = [click(port, path) for path in paths[: clicks // 3]]
        with child([sys.executable, __file__, "--deliver"]) as worker:
            time.sleep(2)
            busy = [click(port, path) for path in paths[clicks // 3 :]]
            was_busy = worker.poll() is None
    report("nobody else writing", idle)
    report("a worker delivering", busy)
    sent = len(list(outbox.glob("*.eml")))
    print(f"The worker handed over {sent:,} digests meanwhile.")
    if not was_busy:
        print("It was done before the last click: ask for more digests.")
    return 0 if was_busy else 1


def fill(*, digests: int) -> list[str]:
    """Add readers, each with a digest that is due; return the paths of their one-click links."""
    from django.utils import timezone

    from newsletter.audience.tokens import Purpose, make_token
    from newsletter.core.digests.message import Fragment
    from newsletter.models import Delivery, FragmentRow, Subscriber
    from newsletter.models.delivery import Kind, State

    now = timezone.now()
    fragment = Fragment(
        "<p>Nine new papers for [[email]]</p>\n" * 300, "Nine new papers for [[email]]\n" * 300
    )
    FragmentRow.objects.create(
        key=fragment.checksum, checksum=fragment.checksum, html=fragment.html, text=fragment.text
    )
    names = (f"reader{number}@example.org" for number in range(digests))
    subscribers = Subscriber.objects.bulk_create(
        [Subscriber(email=name, email_key=name, status="active", joined_at=now) for name in names],
        batch_size=1000,
    )
    rows = []
    for place, subscriber in enumerate(subscribers):
        row = Delivery.planned(
            subscriber_id=subscriber.pk, kind=Kind.DIGEST, slot_key="2026-06-19", slot_at=now, now=now
        )
        row.state, row.subject, row.fragments = State.COMPOSED, "9 new papers", [fragment.checksum]
        row.composed_at = row.covers_until = now
        row.next_attempt_at = now - timedelta(seconds=digests - place)
        rows.append(row)
    Delivery.objects.bulk_create(rows, batch_size=1000)
    return [
        f"/unsubscribe/{make_token(Purpose.UNSUBSCRIBE, subject=subscriber.link_key)}"
        for subscriber in subscribers
    ]


def send() -> int:
    from newsletter.cli.session import start_django

    start_django()
    from django.utils import timezone

    from newsletter.pipeline.context import Context
    from newsletter.pipeline.lease import boot_id
    from newsletter.pipeline.send.send import send_due
    from newsletter.settings import CONFIG

    context = Context(CONFIG)
    send_due(mailer=context.mailer, journal=context.journal, now=timezone.now(), owner=boot_id())
    return 0


@contextmanager
def web_server() -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    with child([sys.executable, "-m", "newsletter.web.server", "--bind", f"127.0.0.1:{port}"]):
        for _ in range(200):
            try:
                if ask(port, "GET", "/healthz") == 200:
                    break
            except OSError:
                time.sleep(0.1)
        yield port


@contextmanager
def child(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def click(port: int, path: str) -> float:
    """Return how long the answer took, in milliseconds."""
    begun = time.perf_counter()
    status = ask(port, "POST", path)
    assert status == 200, status
    return (time.perf_counter() - begun) * 1000


def ask(port: int, method: str, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, body=BODY if method == "POST" else None, headers=FORM)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def report(what: str, taken: list[float]) -> None:
    cut = statistics.quantiles(taken, n=100)
    print(
        f"{what}: median {cut[49]:.0f} ms, p95 {cut[94]:.0f} ms, longest {max(taken):.0f} ms, of {len(taken)}"
    )


if __name__ == "__main__":
    sys.exit(main())
