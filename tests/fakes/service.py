"""``newsletter up`` in a folder of its own, seen from outside: its processes, database and mails."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import psutil

from newsletter.sample.newsroom import newsroom, write_week
from tests.fakes.processes import Processes, Running, free_port, processes, wait_until

START_SECONDS = 100.0
ROLES = {
    "worker child": ("nl-worker", 2),
    "transactional child": ("nl-transactiona", 2),
    "beat": ("nl-beat", 1),
    "web": ("nl-web", 1),
    "worker": ("nl-worker", 1),
    "transactional": ("nl-transactiona", 1),
    "redis": ("unixsocket:", 1),
}
"""What the name and command line hold, and how many generations below ``up`` the process stands."""

READERS = """
from django.utils import timezone
from datetime import timedelta
from newsletter.subscribers.add import add_by_operator
from newsletter.subscribers.preferences import Preferences
joined = timezone.now() - timedelta(days=8)
at = f"{{timezone.now() - timedelta(hours=1):%H:%M}}"  # so that the next slot is not planned ahead
for number in range({count}):
    email, preferences = f"{name}-{{number}}@example.org", Preferences.checked(cadence="daily", at=at)
    add_by_operator(email, topics={topics!r}, preferences=preferences, source="a test", now=joined)
"""


@dataclass
class Service:
    processes: Processes
    arxiv_url: str
    port: int = field(default_factory=free_port)
    mark: str = field(default_factory=lambda: secrets.token_hex(8))
    """Stands in the environment of every process of the service, and of no other."""

    @property
    def data(self) -> Path:
        return self.processes.folder / "data"

    @property
    def environment(self) -> dict[str, str]:
        addresses = {f"NEWSLETTER_ARXIV_{name}_URL": self.arxiv_url for name in ("API", "HTML", "OAI")}
        return addresses | {"NEWSLETTER_DATA_DIR": str(self.data), "NEWSLETTER_ARXIV_INTERVAL": "0"}

    def up(self) -> Running:
        """Start the service; it is ready when the web answers."""
        started = self.start()
        wait_until(self.answers, seconds=START_SECONDS, otherwise=started.said)
        return started

    def start(self) -> Running:
        """Start the service and do not wait for it."""
        marked = self.environment | {"NEWSLETTER_NAME": self.mark}
        command = ["newsletter", "up", "--port", str(self.port)]
        return self.processes.start("up", command, environment=marked)

    @property
    def started(self) -> Running:
        return self.processes.running["up"]

    def answers(self) -> bool:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def newsletter(self, *words: str) -> dict[str, Any]:
        """Run a command on the service's data folder; it does not reach its Redis."""
        done = self.processes.run(["newsletter", *words, "--json"], environment=self.environment)
        assert done.returncode == 0, done.stdout + done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def take_in_a_week(self) -> None:
        """Add two topics and the sample week of papers."""
        for topic in newsroom().topics[:2]:
            self.newsletter("topic", "add", topic["slug"], "--name", topic["name"], "--query", topic["query"])
        files = write_week(self.processes.folder, last_day=(datetime.now(UTC) - timedelta(days=1)).date())
        gathered = self.newsletter("gather", *(word for path in files for word in ("--file", str(path))))
        assert gathered["matched"] > 0

    def add_due_subscribers(self, name: str, *, count: int = 1) -> None:
        """Add readers ``name-0@…`` whose daily slot has passed."""
        script = READERS.format(
            name=name, count=count, topics=[each["slug"] for each in newsroom().topics[:2]]
        )
        done = self.processes.run(
            ["newsletter", "shell", "-v", "0", "-c", script], environment=self.environment
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def mails(self) -> list[Path]:
        return sorted((self.data / "outbox").glob("*.eml"))

    def states(self, name: str) -> dict[str, int]:
        """Return how many deliveries to the readers called ``name-…`` are in which state."""
        query = (
            "SELECT state, COUNT(*) FROM newsletter_delivery JOIN newsletter_subscriber AS reader "
            "ON reader.id = subscriber_id WHERE reader.email LIKE ? GROUP BY state"
        )
        with closing(sqlite3.connect(self.data / "newsletter.sqlite3", timeout=20)) as database:
            return dict(database.execute(query, [f"{name}-%"]).fetchall())

    def members(self) -> list[psutil.Process]:
        """Return every living process of the service, ``up`` included."""
        marked = {process for process in psutil.process_iter() if self._is_marked(process)}
        # Redis writes its title over its environment: it is found by its folder, or as a child.
        if up := self.processes.running.get("up"):
            with suppress(psutil.NoSuchProcess):
                marked |= set(psutil.Process(up.process.pid).children(recursive=True))
        return [process for process in marked if is_alive(process)]

    def pids(self, role: str) -> set[int]:
        """Return who plays the role at present."""
        text, generation = ROLES[role]
        found = psutil.Process(self.started.process.pid).children(recursive=True)
        return {process.pid for process in found if self._plays(process, text=text, generation=generation)}

    def _plays(self, process: psutil.Process, *, text: str, generation: int) -> bool:
        try:
            lineage = [parent.pid for parent in process.parents()]
            return (
                text in " ".join((process.name(), *process.cmdline()))
                and lineage.index(self.started.process.pid) == generation - 1
                and is_alive(process)
            )
        except (psutil.NoSuchProcess, ValueError):  # it ended meanwhile
            return False

    def _is_marked(self, process: psutil.Process) -> bool:
        try:
            is_redis = str(self.data) in " ".join(process.cmdline())
            return is_redis or process.environ().get("NEWSLETTER_NAME") == self.mark
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return False

    def kill_leftovers(self) -> None:
        for process in self.members():
            process.kill()


def is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@contextmanager
def service_in(folder: Path, *, arxiv_url: str) -> Iterator[Service]:
    with processes(folder) as started:
        service = Service(started, arxiv_url)
        try:
            yield service
        finally:
            started.stop()
            service.kill_leftovers()
