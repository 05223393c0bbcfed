"""An attack on the real site: 200 slow connections of each kind. Readers leave by one click all the same."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
import requests

from tests.conftest import MakeTables
from tests.fakes.processes import Running, free_port, processes, wait_until
from tests.fakes.slow_clients import Trick, slow_clients

START_SECONDS = 100.0
PATIENCE = 9.0
"""Seconds for one click: less than the server gives a slow connection, for which a click must not wait."""
CLICKS = 8
MOST_MEMORY = 40_000_000
"""Bytes that 200 slow connections may add."""
READERS = """
import json
from django.utils import timezone
from newsletter.subscribers.add import add_by_operator
from newsletter.subscribers.preferences import Preferences
from newsletter.audience.tokens import Purpose, make_token
from newsletter.audience.topics import add_topic
now, paths = timezone.now(), []
add_topic("heads", name="Heads", query="cat:cs.CV", now=now)
for number in range(%d):
    email, preferences = f"ada{number}@example.org", Preferences.checked()
    reader = add_by_operator(email, topics=["heads"], preferences=preferences, source="a test", now=now)
    paths.append("/unsubscribe/" + make_token(Purpose.UNSUBSCRIBE, subject=reader.link_key))
print(json.dumps(paths))
"""


@dataclass(slots=True)
class Site:
    port: int
    paths: list[str]
    """One-click links, each of a reader who has not left."""
    process: Running
    slowest: float = field(default=0.0)

    def click(self) -> requests.Response:
        begun = time.monotonic()
        answer = requests.post(
            f"http://127.0.0.1:{self.port}{self.paths.pop()}",
            data={"List-Unsubscribe": "One-Click"},
            timeout=PATIENCE,
        )
        self.slowest = max(self.slowest, time.monotonic() - begun)
        return answer

    def memory(self) -> int:
        return int(psutil.Process(self.process.process.pid).memory_info().rss)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, make_tables: MakeTables) -> Iterator[Site]:
    folder: Path = tmp_path_factory.mktemp("site")
    environment, port = {"NEWSLETTER_DATA_DIR": str(folder / "data")}, free_port()
    with processes(folder) as started:
        make_tables(folder / "data")
        script = READERS % (len(Trick) * CLICKS + 1)
        made = started.run(["newsletter", "shell", "-v", "0", "-c", script], environment=environment)
        assert made.returncode == 0, made.stderr
        command = ["python", "-m", "newsletter.web.server", "--bind", f"127.0.0.1:{port}"]
        found = Site(port, json.loads(made.stdout), started.start("web", command, environment=environment))
        wait_until(
            lambda: "answers on" in found.process.said(), seconds=START_SECONDS, otherwise=found.process.said
        )
        assert found.click().status_code == 200  # what is loaded with the first request is loaded
        yield found


@pytest.mark.parametrize("trick", Trick)
def test_one_click_is_answered_whatever_200_slow_connections_do(site: Site, trick: Trick) -> None:
    before = site.memory()
    with slow_clients(site.port, trick, number=200) as clients:
        for _ in range(CLICKS):
            answer = site.click()
            assert (answer.status_code, answer.content) == (200, b"")
            time.sleep(0.2)
        wait_until(lambda: clients.held >= 100, seconds=60, otherwise=lambda: f"held: {clients.held}")
        assert site.memory() - before < MOST_MEMORY
    assert site.slowest < PATIENCE
