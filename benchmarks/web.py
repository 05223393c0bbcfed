"""Requests a second and latency of every kind of page, at 50 users, and the CPU that they cost.

    python benchmarks/web.py [--seconds 5] [--users 50] [--weeks 26] [--readers 2000] [--deliver 20000]

Starts the web server as docker-compose.yml does, over the papers, matches, digests and readers of half a year
(SQLite in a temporary folder, or the empty database of DATABASE_URL), and drives it with ``wrk`` (Debian's).
Each user keeps a connection and asks again at once; "a click a second" means that each waits a second. With
``--deliver`` a worker hands over that many digests to the outbox meanwhile.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import resource
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

import psutil
from readers import analyse, fill_subscribers
from service import fresh_service

if TYPE_CHECKING:
    from newsletter.models import Paper, Subscriber, Summary, Topic

NOW = datetime.now(UTC)
WEEK = timedelta(days=7)
PAPERS_A_WEEK, REAL_READERS = 400, 20
CHANCE = random.Random(20260615)  # noqa: S311  # the same papers in every run
COMPOSE_FILE = Path(__file__).resolve().parents[1] / "docker-compose.yml"
SCRIPT = """
local paths = {%s}
local place = 0
request = function()
  place = place + 1
  return wrk.format("%s", paths[(place - 1) %% #paths + 1], {["Accept-Encoding"] = "gzip", %s}, %s)
end
delay = function() return %d end
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format("RESULT %%d %%d %%d %%d %%d %%d\\n", summary.requests, summary.bytes,
    latency:percentile(50), latency:percentile(95), latency.max,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
"""
FORM = '["Content-Type"] = "application/x-www-form-urlencoded"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    name: str
    paths: Sequence[str]
    method: str = "GET"
    wait_ms: int = 0

    @property
    def script(self) -> str:
        quoted = ", ".join(f'"{path}"' for path in self.paths)
        body = '"List-Unsubscribe=One-Click"' if self.method == "POST" else "nil"
        return SCRIPT % (quoted, self.method, FORM if self.method == "POST" else "", body, self.wait_ms)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--weeks", type=int, default=26)
    parser.add_argument("--readers", type=int, default=2_000)
    parser.add_argument("--deliver", type=int, default=0, metavar="DIGESTS")
    parser.add_argument("--only", default="", help="loads whose name has this")
    parser.add_argument("--be-the-worker", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.be_the_worker:
        return deliver()
    settings = {"DATABASE_URL": os.environ.get("DATABASE_URL", ""), "NEWSLETTER_MAILER": "outbox"}
    with fresh_service(**settings) as folder, ExitStack() as stack:
        loads = fill(weeks=options.weeks, readers=options.readers)
        fill_composed(options.deliver)
        analyse()
        server = stack.enter_context(web_server())
        print(f"{os.cpu_count()} cores, {options.users} users, {options.seconds} s each; CPU of one core")
        print(f"{'':34} a second   p50 ms   p95 ms   max ms  server  ms each  wrk  KB each  errors")
        if options.deliver:
            worker = stack.enter_context(child([sys.executable, __file__, "--be-the-worker"]))
            time.sleep(2)
        for load in loads:
            if options.only in load.name:
                server.measure(load, users=options.users, seconds=options.seconds)
        if options.deliver:
            sent, busy = len(list((folder / "outbox").glob("*.eml"))), worker.poll() is None
            print(f"Handed over meanwhile: {sent:,} digests{'' if busy else ', all: ask for more'}.")
    return 0


# --- what there is ---------------------------------------------------------------------------------------


def fill(*, weeks: int, readers: int) -> list[Load]:
    """Fill the database; return what is asked for."""
    from newsletter.audience.topics import add_starter_topics
    from newsletter.models import Topic

    add_starter_topics(now=NOW - weeks * WEEK)
    Topic.objects.update(looks_back=False)  # what they matched is made up
    topics = list(Topic.objects.order_by("pk"))
    papers: list[Paper] = []
    for week in range(weeks, 0, -1):
        papers = fill_papers(topics, week=week)
    people = fill_readers(topics)
    fill_subscribers(topics, number=readers, weeks=20, slot_at=NOW + WEEK)
    return loads_of(topics, papers, people)


def fill_papers(topics: Sequence[Topic], *, week: int) -> list[Paper]:
    """Write the papers of that many weeks ago, what each topic matched, and what a model said of a third."""
    from newsletter.models import Match, Paper, Summary

    begin = NOW - week * WEEK
    papers = Paper.objects.bulk_create(
        _paper(number, seen=begin, week=week) for number in range(PAPERS_A_WEEK)
    )
    Match.objects.bulk_create(
        Match(topic=topic, paper=paper, score=CHANCE.random() * 20, created_at=paper.first_seen_at)
        for topic in topics
        for paper in CHANCE.sample(papers, CHANCE.choice([10, 20, 40, 80]))
    )
    Summary.objects.bulk_create(_summary(paper) for paper in papers[::3])
    return papers


def _paper(number: int, *, seen: datetime, week: int) -> Paper:
    from newsletter.models import Paper

    seen += timedelta(hours=28 * (number % 5) + 1)
    said = [
        f"We generate talking heads at {each} frames a second on a consumer GPU." for each in range(30, 46)
    ]
    return Paper(
        arxiv_id=f"{2001 + week}.{number:05}",
        version=1,
        title=f"SpatialAvatar-{number}: Talking heads from speech on one consumer GPU",
        abstract=" ".join(said),
        authors=["Ada Roe", "Ben Doe", "Chen Poe", "Dua Lowe", "Eve Low"],
        primary_category="cs.CV",
        categories=["cs.CV", "cs.GR"],
        published_at=seen - timedelta(hours=20),
        updated_at=seen - timedelta(hours=20),
        first_seen_at=seen,
        matched_at=seen,
    )


def _summary(paper: Paper) -> Summary:
    from newsletter.core.summaries.summary import Claim, Evidence, Voice, summary_to_json
    from newsletter.core.summaries.summary import Summary as Value
    from newsletter.models import Summary

    quotes = [f"{each}." for each in paper.abstract.split(". ")][:6]
    claims = [
        Claim(
            text=quote.replace("We generate", "It makes"),
            evidence=(Evidence(quote=quote, highlights=((3, 11),)),),
        )
        for quote in quotes
    ]
    value = Value(voice=Voice.MODEL, headline=claims[0], takeaways=tuple(claims[1:]))
    return Summary(
        paper=paper,
        paper_version=1,
        language="en",
        prompt_version="1",
        model="gemini-flash-latest",
        detail="takeaways",
        content=summary_to_json(value),
        written_at=paper.first_seen_at,
    )


def fill_readers(topics: Sequence[Topic]) -> list[Subscriber]:
    """Add readers who get a digest through the whole pipeline."""
    from django.conf import settings

    from newsletter.pipeline.context import Context
    from newsletter.pipeline.run import run_once
    from newsletter.subscribers.add import add_by_operator
    from newsletter.subscribers.preferences import Preferences

    preferences = Preferences.checked(cadence="daily", timezone="UTC", max_papers=10)
    people = [
        add_by_operator(
            f"real{number}@example.org",
            topics=[topic.slug for topic in CHANCE.sample(topics, 4)],
            preferences=preferences,
            source="benchmark",
            now=NOW - timedelta(days=3),
        )
        for number in range(REAL_READERS)
    ]
    run_once(Context(settings.CONFIG), now=NOW, gather=False)
    return people


def loads_of(topics: Sequence[Topic], papers: Sequence[Paper], people: Sequence[Subscriber]) -> list[Load]:
    from newsletter.audience.tokens import Purpose, digest_token, make_token
    from newsletter.models import Delivery, Subscriber

    def links(purpose: Purpose, after: str = "", *, of: Sequence[Subscriber] = people) -> list[str]:
        return [f"/{purpose}/{make_token(purpose, subject=each.link_key)}{after}" for each in of]

    sent = Delivery.objects.filter(subscriber__in=people).exclude(fragments=[]).select_related("subscriber")
    leaving = links(Purpose.UNSUBSCRIBE, of=Subscriber.objects.exclude(pk__in=[each.pk for each in people]))
    half = len(leaving) // 2
    return [
        Load(name="/", paths=["/"]),
        Load(name="/topics/", paths=["/topics/"]),
        Load(name="a topic", paths=[f"/topics/{topic.slug}/" for topic in topics]),
        Load(name="a paper", paths=[f"/papers/{paper.arxiv_id}/" for paper in papers[:60]]),
        Load(name="a feed", paths=[f"/topics/{topic.slug}/feed.atom" for topic in topics]),
        Load(name="personal: preferences", paths=links(Purpose.PREFERENCES)),
        Load(name="personal: taste", paths=links(Purpose.PREFERENCES, "/taste")),
        Load(name="personal: saved", paths=links(Purpose.PREFERENCES, "/saved")),
        Load(
            name="personal: a digest",
            paths=[f"/digests/{digest_token(each.pk, link_key=each.subscriber.link_key)}" for each in sent],
        ),
        Load(name="personal: unsubscribe", paths=links(Purpose.UNSUBSCRIBE)),
        Load(name="one-click", method="POST", paths=leaving[:half]),
        Load(name="one-click, a click a second", method="POST", paths=leaving[half:], wait_ms=1000),
    ]


def fill_composed(digests: int) -> None:
    """Add readers, each with a digest that is due."""
    from newsletter.core.digests.message import Fragment
    from newsletter.models import Delivery, FragmentRow, Subscriber
    from newsletter.models.delivery import Kind, State

    fragment = Fragment("<p>Nine papers for [[email]]</p>\n" * 300, "Nine papers for [[email]]\n" * 300)
    FragmentRow.objects.create(
        key=fragment.checksum, checksum=fragment.checksum, html=fragment.html, text=fragment.text
    )
    names = (f"due{number}@example.org" for number in range(digests))
    rows = []
    for subscriber in Subscriber.objects.bulk_create(
        [Subscriber(email=name, email_key=name, status="active", joined_at=NOW) for name in names],
        batch_size=1000,
    ):
        row = Delivery.planned(
            subscriber_id=subscriber.pk, kind=Kind.DIGEST, slot_key="2026-06-19", slot_at=NOW, now=NOW
        )
        row.state, row.subject, row.fragments = State.COMPOSED, "9 new papers", [fragment.checksum]
        row.composed_at = row.covers_until = row.next_attempt_at = NOW
        rows.append(row)
    Delivery.objects.bulk_create(rows, batch_size=1000)


def deliver() -> int:
    from newsletter.cli.start import start_django

    start_django()
    from django.utils import timezone

    from newsletter.pipeline.context import Context
    from newsletter.pipeline.lease import boot_id
    from newsletter.pipeline.send.send import send_due
    from newsletter.settings import CONFIG

    context = Context(CONFIG)
    send_due(mailer=context.mailer, journal=context.journal, now=timezone.now(), owner=boot_id())
    return 0


# --- the server and its visitors --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Server:
    process: psutil.Process
    url: str

    def measure(self, load: Load, *, users: int, seconds: int) -> None:
        """Ask for each page once, then drive the server and print a line."""
        if load.method == "GET":
            for path in load.paths:
                with urllib.request.urlopen(self.url + path) as answer:
                    answer.read()
        with NamedTemporaryFile("w", suffix=".lua") as script:
            script.write(load.script)
            script.flush()
            used, wrk_used, began = self.cpu(), _cpu_of_children(), time.perf_counter()
            command = ["wrk", "-t1", f"-c{users}", f"-d{seconds}s", "--timeout", "30s", "-s", script.name]
            done = subprocess.run([*command, self.url], capture_output=True, text=True, check=True)
        took = time.perf_counter() - began
        used, wrk_used = self.cpu() - used, _cpu_of_children() - wrk_used
        found = re.search(r"RESULT (.+)", done.stdout)
        assert found, done.stdout + done.stderr
        number, size, p50, p95, most, errors = map(int, found[1].split())
        print(
            f"{load.name:34} {number / seconds:8.0f} {p50 / 1000:8.1f} {p95 / 1000:8.1f} {most / 1000:8.1f}"
            f" {used / took:6.0%} {1000 * used / max(number, 1):8.2f} {wrk_used / took:5.0%}"
            f" {size / max(number, 1) / 1000:8.1f} {errors:7}",
            flush=True,
        )

    def cpu(self) -> float:
        processes = [self.process, *self.process.children(recursive=True)]
        return sum(each.cpu_times().user + each.cpu_times().system for each in processes)


@contextmanager
def web_server() -> Iterator[Server]:
    """Start it by the command of docker-compose.yml, on a free port of this machine."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    found = re.search(
        r"^  web:\n.*?command: python (.+?)$", COMPOSE_FILE.read_text(), re.MULTILINE | re.DOTALL
    )
    assert found, "docker-compose.yml has no web server"
    command = [sys.executable, *found[1].replace("0.0.0.0:8000", address).split()]
    with child(command) as process:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://{address}/healthz").close()
                break
            except OSError:
                time.sleep(0.1)
        yield Server(psutil.Process(process.pid), f"http://{address}")


@contextmanager
def child(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
