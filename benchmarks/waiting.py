"""How long readers wait at a slot for their mails, and a person for a confirmation while 50,000 go out.

    python benchmarks/waiting.py [--digests 50000] [--people 5]
    DATABASE_URL=postgresql://… python benchmarks/waiting.py --slot 1000 3000 10000 [--late]

The first starts ``newsletter up`` on SQLite in a temporary folder with that many composed digests due, signs
people up over HTTP one after the other, confirms them, and reads the outbox. Prints seconds; exits 1 when one
takes 20 seconds or more, or when the digests had all gone out before the last person was served.

``--slot`` fills the empty database with so many readers of one slot, each with another selection, plans their
digests ahead, starts the workers of docker-compose.yml, and prints seconds from the slot to the first and the
last mail that a sink for SendGrid's API took, and CPU milliseconds a reader. Readers are spread over five
minutes. ``--late``: the service was off until six minutes after the slot and nothing was planned; seconds are
from its start, and nobody is spread.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import compose_cost
import psutil
from readers import analyse, fill_papers, fill_topics
from send_sinks import sendgrid_sink
from service import fresh_service

from newsletter.adapters.infra.redis_server import server_command

LONGEST = 20.0
FORM = {"topics": "heads", "cadence": "daily", "at": "08:00", "timezone": "UTC", "language": "en"}
MORE = {"depth": "headline", "max_papers": "10"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--digests", type=int, default=50_000)
    parser.add_argument("--people", type=int, default=5)
    parser.add_argument("--slot", type=int, nargs="*", default=[], metavar="READERS")
    parser.add_argument("--late", action="store_true", help="nothing was planned ahead")
    options = parser.parse_args()
    if options.slot:
        return measure_slots(options.slot, is_late=options.late)
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


# --- a slot, by the workers of docker-compose.yml --------------------------------------------------------


def measure_slots(sizes: Sequence[int], *, is_late: bool) -> int:
    own = {
        "NEWSLETTER_MAILER": "sendgrid",
        "NEWSLETTER_BASE_URL": "https://news.example.org",
        "NEWSLETTER_FROM": "digest@news.example.org",
        "SENDGRID_API_KEY": "SG.benchmark",
        "DATABASE_URL": os.environ.get("DATABASE_URL", ""),
    }
    with sendgrid_sink() as port, redis_server() as url:
        own |= {"NEWSLETTER_SENDGRID_HOST": f"http://127.0.0.1:{port}", "REDIS_URL": url}
        with fresh_service(**own):
            print(f"{'readers':>8}{'first s':>9}{'composed s':>12}{'last s':>8}   CPU ms a reader")
            for readers in sizes:
                print(f"{readers:>8}{measure_slot(readers, is_late=is_late)}", flush=True)
    return 0


@contextmanager
def redis_server() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "redis.sock"
        with started(server_command(socket=path)):
            until(path.is_socket, seconds=10)
            yield f"unix://{path}"


def measure_slot(readers: int, *, is_late: bool) -> str:
    """Take that many readers through one slot; return the rest of the line."""
    from django.utils import timezone

    from newsletter.models import Paper, Subscriber, Topic
    from newsletter.pipeline.schedule import plan_ahead
    from newsletter.pipeline.select.select import select_planned
    from newsletter.pipeline.summarize.generate import write_extracts

    empty_tables()
    now = timezone.now().replace(second=0, microsecond=0)
    slot_at = now - timedelta(minutes=6) if is_late else now + timedelta(minutes=2, seconds=readers // 300)
    slot_at = slot_at.replace(second=0)
    topics = fill_topics()
    Topic.objects.update(looks_back=False)  # what they matched is filled in
    fill_papers(topics, slot_at=slot_at)
    write_extracts(Paper.objects.values_list("pk", flat=True), now=now)
    compose_cost.fill(topics, number=readers, shared=0, slot_at=slot_at, cadence="daily")
    analyse()
    used: dict[str, float] = {}
    if not is_late:
        began = time.process_time()
        plan_ahead(now=timezone.now())
        select_planned(now=timezone.now())
        used["plan and select ahead"] = time.process_time() - began
    assert is_late or timezone.now() < slot_at - timedelta(seconds=20), "filling took too long"
    assert Subscriber.objects.filter(next_slot_at=slot_at).count() == readers
    with ExitStack() as stack:
        workers = {name: stack.enter_context(started(celery(*words))) for name, words in ROLES.items()}
        began = time.monotonic() if is_late else slot_at.timestamp() - time.time() + time.monotonic()
        time.sleep(max(0.0, began - time.monotonic() - 2))
        before = {name: cpu_of(process) for name, process in workers.items()}
        first, composed, last = seconds_of(readers, began=began)
        used |= {name: cpu_of(process) - before[name] for name, process in workers.items()}
    each = ", ".join(f"{name} {1000 * seconds / readers:.2f}" for name, seconds in used.items())
    return f"{first:>9.1f}{composed:>12.1f}{last:>8.1f}   {each}"


ROLES = {
    "plan, select, compose": ("worker", "-Q", "summarize,compose,events", "-c", "2"),
    "send": ("worker", "-Q", "send", "-c", "2"),
    "transactional": ("worker", "-Q", "transactional", "-c", "1"),
    "beat": ("beat", "-S", "celery.beat:Scheduler", "--pidfile", ""),
}


def celery(kind: str, *words: str) -> list[str]:
    app = {"worker": "worker.app", "beat": "worker.beat"}[kind]
    quiet = ["--loglevel", "WARNING"]
    if kind == "worker":
        quiet += ["--without-gossip", "--without-mingle", "-n", f"{words[1].partition(',')[0]}@%h"]
    return [sys.executable, "-m", "celery", "-q", "-A", app, kind, *words, *quiet]


def seconds_of(readers: int, *, began: float) -> tuple[float, float, float]:
    """Return when the first mail was accepted, the last digest composed, and the last mail accepted."""
    from newsletter.models import Delivery

    times: list[float] = []
    for is_reached in (
        lambda: Delivery.objects.filter(state="ACCEPTED").exists(),
        lambda: not Delivery.objects.filter(state="PLANNED").exists() and Delivery.objects.count() == readers,
        lambda: Delivery.objects.filter(state="ACCEPTED").count() == readers,
    ):
        until(is_reached, seconds=1800)
        times.append(time.monotonic() - began)
    return times[0], times[1], times[2]


def cpu_of(process: subprocess.Popen[bytes]) -> float:
    """Return the seconds of CPU of this process and its children, also of those that have ended."""
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    times = [each.cpu_times() for each in family]
    return sum(each.user + each.system for each in times) + times[0].children_user + times[0].children_system


@contextmanager
def started(command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def empty_tables() -> None:
    from newsletter.models import Delivery, FragmentRow, Paper, Selection, Subscriber, Topic

    for model in (Delivery, Subscriber, Topic, Selection, FragmentRow, Paper):
        model.objects.all().delete()


# --- what both need --------------------------------------------------------------------------------------


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
