"""``newsletter up`` as real processes: what it does by itself, and what survives which of them being killed.

The tests of ``service`` share one service and stand in the order of its life.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from email import policy
from email.parser import BytesParser
from pathlib import Path

import pytest

from newsletter.adapters.infra.redis_server import server_binary
from newsletter.errors import ConfigurationError
from tests.fakes.arxiv_server import ArxivServer
from tests.fakes.processes import wait_until
from tests.fakes.service import ROLES, Service, is_alive, service_in

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="processes are told apart through /proc"),
    pytest.mark.timeout(300),
]

MAIL_SECONDS = 60.0
BACK_SECONDS = 5.0
STOP_SECONDS = 10.0
GONE_SECONDS = 3.0
MANY = 200


@pytest.fixture(scope="module")
def arxiv() -> Iterator[ArxivServer]:
    try:
        server_binary()
    except ConfigurationError as error:
        pytest.skip(str(error))
    with ArxivServer() as server:
        yield server


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, arxiv: ArxivServer) -> Iterator[Service]:
    """A service that was started when a reader's digest was due."""
    with service_in(tmp_path_factory.mktemp("service"), arxiv_url=arxiv.url) as service:
        service.take_in_a_week()
        service.add_due_subscribers("ada")
        service.up()
        yield service


def wait_for_mails(service: Service, name: str, *, count: int = 1) -> None:
    wait_until(
        lambda: service.states(name) == {"ACCEPTED": count},
        seconds=MAIL_SECONDS,
        otherwise=lambda: f"{service.states(name)}\n{service.started.said()}",
    )


def recipients(service: Service, name: str) -> list[str]:
    parser = BytesParser(policy=policy.default)
    written = [str(parser.parsebytes(mail.read_bytes())["To"]) for mail in service.mails()]
    return sorted(each for each in written if each.startswith(f"{name}-"))


def stop(service: Service, number: signal.Signals) -> float:
    """Signal ``up`` alone, as a terminal's Ctrl-C does not; return the seconds until it ended."""
    began = time.monotonic()
    service.started.process.send_signal(number)
    assert service.started.process.wait(timeout=60) == 0, service.started.said()
    return time.monotonic() - began


def test_a_subscriber_who_is_due_gets_one_mail_without_further_commands(service: Service) -> None:
    wait_for_mails(service, "ada")
    assert recipients(service, "ada") == ["ada-0@example.org"]


def test_it_says_in_a_few_plain_lines_what_it_does(service: Service) -> None:
    lines = service.started.log.read_text(encoding="utf-8").splitlines()
    ours = [line for line in lines if line.startswith("newsletter: ")]
    site, plain = f"http://localhost:{service.port}", [" ".join(line.split()) for line in ours]
    outbox = service.data / "outbox"
    [slot] = [line for line in plain if line.startswith("newsletter: next slot ")]
    assert slot.endswith(
        ("UTC, 1 reader", "readers", "due now", "none: nobody reads yet; join at " + site + "/")
    )
    assert [line for line in plain if line != slot] == [
        f"newsletter: site {site}/",
        f"newsletter: admin {site}/admin/ (no user yet: newsletter createadmin)",
        f"newsletter: outbox {site}/outbox/",
        f"newsletter: mailer outbox: mails stay in {outbox} (newsletter init sets up another)",
        "newsletter: next gather at once",
        f"newsletter: starting {site}; Ctrl-C stops everything",
        f"newsletter: the site answers on http://127.0.0.1:{service.port}",
    ]
    # Besides there is only the log of what the workers did, and that this arXiv has no paper at all.
    others = [line for line in lines if line not in ours and " INFO newsletter." not in line]
    assert [line for line in others if "arXiv's answer is not believed" not in line] == []


def test_a_second_one_on_the_same_folder_is_refused_in_one_line(service: Service) -> None:
    before = service.pids("redis")
    done = service.processes.run(["newsletter", "up", "--port", "1"], environment=service.environment)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert f"{service.data} is in use" in line
    assert f"process {service.started.process.pid}" in line
    assert service.pids("redis") == before


def test_a_port_in_use_is_refused_in_one_line(service: Service, tmp_path: Path) -> None:
    elsewhere = service.environment | {"NEWSLETTER_DATA_DIR": str(tmp_path / "other")}
    command = ["newsletter", "up", "--port", str(service.port)]
    done = service.processes.run(command, environment=elsewhere)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert f"port {service.port} of 127.0.0.1 is in use" in line


@pytest.mark.parametrize("role", ROLES)
def test_whatever_is_killed_is_back_soon(service: Service, role: str) -> None:
    wait_until(lambda: bool(service.pids(role)), seconds=BACK_SECONDS, otherwise=service.started.said)
    before = service.pids(role)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    wait_until(
        lambda: len(service.pids(role) - before) == len(before),
        seconds=BACK_SECONDS,
        otherwise=lambda: f"{role}: {before} → {service.pids(role)}\n{service.started.said()}",
    )
    wait_until(service.answers, seconds=MAIL_SECONDS, otherwise=service.started.said)


def test_a_digest_that_falls_due_while_redis_is_gone_arrives(service: Service) -> None:
    service.add_due_subscribers("grace")
    (redis,) = service.pids("redis")
    os.kill(redis, signal.SIGKILL)
    wait_for_mails(service, "grace")
    assert recipients(service, "grace") == ["grace-0@example.org"]


def test_a_worker_killed_while_it_sends_loses_and_repeats_nothing(service: Service) -> None:
    service.add_due_subscribers("crowd", count=MANY)
    already = len(service.mails())
    replace_worker(service)  # a worker that starts looks at once for what is due
    deadline = time.monotonic() + MAIL_SECONDS
    while len(service.mails()) < already + 20 and time.monotonic() < deadline:
        time.sleep(0.01)
    replace_worker(service)
    assert already + 20 <= len(service.mails()) < already + MANY, service.started.said()
    wait_for_mails(service, "crowd", count=MANY)
    assert recipients(service, "crowd") == sorted(f"crowd-{number}@example.org" for number in range(MANY))


def replace_worker(service: Service) -> None:
    """Kill the worker and wait for the next one."""
    (killed,) = service.pids("worker")
    os.kill(killed, signal.SIGKILL)
    wait_until(
        lambda: bool(service.pids("worker") - {killed}),
        seconds=BACK_SECONDS,
        otherwise=service.started.said,
    )


def test_no_process_of_it_is_left_when_it_is_killed_itself(service: Service) -> None:
    members = service.members()
    assert len(members) >= len(ROLES) + 1
    service.started.process.kill()
    service.started.process.wait()

    def left() -> list[str]:
        return [str(process) for process in {*members, *service.members()} if is_alive(process)]

    wait_until(lambda: not left(), seconds=GONE_SECONDS, otherwise=lambda: f"left: {left()}")


def test_after_that_it_starts_again_and_ctrl_c_ends_it(service: Service) -> None:
    already = service.mails()
    service.up()
    wait_until(lambda: bool(service.pids("worker child")), seconds=60, otherwise=service.started.said)
    assert stop(service, signal.SIGINT) < STOP_SECONDS
    assert service.members() == []
    assert service.mails() == already


def test_an_empty_folder_gets_tables_and_topics_and_sigterm_ends_it(
    tmp_path: Path, arxiv: ArxivServer
) -> None:
    with service_in(tmp_path, arxiv_url=arxiv.url) as service:
        service.up()
        assert "added 44 starter topics" in service.started.said()
        assert len(service.newsletter("topic", "list")["topics"]) == 44
        assert stop(service, signal.SIGTERM) < STOP_SECONDS
        assert service.members() == []


def test_a_signal_while_it_is_still_preparing_ends_it_too(tmp_path: Path, arxiv: ArxivServer) -> None:
    with service_in(tmp_path, arxiv_url=arxiv.url) as service:
        marked = service.environment | {"NEWSLETTER_NAME": service.mark}
        command = ["newsletter", "up", "--port", str(service.port)]
        started = service.processes.start("up", command, environment=marked)
        wait_until((service.data / "secret_key").exists, seconds=60, otherwise=started.said)
        assert stop(service, signal.SIGTERM) < STOP_SECONDS
        assert service.members() == []


def test_a_host_that_is_not_ours_is_refused_in_one_line(tmp_path: Path, arxiv: ArxivServer) -> None:
    with service_in(tmp_path, arxiv_url=arxiv.url) as service:
        command = ["newsletter", "up", "--host", "192.0.2.1", "--port", str(service.port)]
        done = service.processes.run(command, environment=service.environment)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "cannot listen on 192.0.2.1" in line
