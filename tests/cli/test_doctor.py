"""``newsletter doctor``: what it prints, and how it ends."""

from __future__ import annotations

import socket
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from pytest_django import Settings

from newsletter.adapters.infra.dns import Dns
from newsletter.adapters.infra.heartbeat import note_scheduler
from newsletter.adapters.infra.redis_server import socket_path
from newsletter.doctor import work
from newsletter.doctor.finding import Level
from tests.cli.runner import newsletter
from tests.doctor.installation import well_installed
from tests.fakes.redis import redis_server


@pytest.mark.parametrize(
    ("written", "named"),
    [
        ('NEWSLETTER_NAME="half of it\nNEWSLETTER_MAILER=outbox\n', "line 1 cannot be read"),
        ("NEWSLETTER_MALIER=smtp\n", "did you mean NEWSLETTER_MAILER?"),
        ("NEWSLETTER_SPREAD=99\n", "NEWSLETTER_SPREAD is '99'"),
    ],
)
def test_settings_with_which_nothing_starts_are_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, named: str
) -> None:
    path = tmp_path / "env"
    path.write_text(written)
    monkeypatch.setenv("NEWSLETTER_ENV_FILE", str(path))
    for name in ("NEWSLETTER_NAME", "NEWSLETTER_SPREAD", "NEWSLETTER_MAILER"):
        monkeypatch.delenv(name)
    result = newsletter("doctor", "--json")
    assert (result.code, result.json["ok"]) == (1, False)
    [finding] = result.json["findings"]
    assert (finding["check"], finding["level"]) == ("settings", "mend")
    assert named in finding["what"]
    assert finding["type"] == [f"${{EDITOR:-vi}} {path}"]


@pytest.mark.django_db
def test_offline_it_asks_nobody_and_ends_well(tmp_path: Path, settings: Settings) -> None:
    with well_installed(settings, tmp_path) as installed:
        result = newsletter("doctor", "--offline", "--json")
        asked = (installed.dns.questions, installed.smtp.commands, installed.gemini.requests)
    assert (result.code, result.json["ok"]) == (0, True)
    assert asked == ([], [], [])
    assert {"database", "migrations", "secret-key", "slots"} <= {
        each["check"] for each in result.json["findings"]
    }


@pytest.mark.django_db
def test_what_is_found_says_why_and_what_to_type(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with well_installed(settings, tmp_path) as installed:
        dns = Dns([installed.dns.host], port=installed.dns.port)
        monkeypatch.setattr("newsletter.doctor.diagnose.Dns", lambda: dns)
        installed.smtp.plan("CONNECT", "554 5.7.1 go away")
        result = newsletter("doctor")
    assert result.code == 1
    lines = result.out.splitlines()
    at = next(place for place, line in enumerate(lines) if line.startswith("mend  mailer: "))
    assert "go away" in lines[at]
    assert lines[at + 1].split(None, 1) == ["why", "No mail goes out."]
    assert lines[at + 2].split(None, 1)[0] == "type"
    assert lines[-1].startswith("1 to mend, ")


def test_workers_and_scheduler_are_missed_while_nobody_works(settings: Settings) -> None:
    with redis_server() as url:
        config = settings.CONFIG.model_copy(update={"redis_url": url})
        settings.CONFIG = config
        found = {each.check: each for each in work.workers()}
        assert "gather, summarize, compose, send, transactional, events" in found["workers"].what
        assert (found["workers"].level, found["scheduler"].level) == ("mend", "mend")
        note_scheduler(url)
        found = {each.check: each for each in work.workers()}
        assert found["scheduler"].level == "fine"


def test_the_socket_of_a_service_that_was_killed_is_no_broken_broker(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is to be typed is ``newsletter up``, not another Redis."""
    settings.CONFIG = settings.CONFIG.model_copy(update={"redis_url": ""})
    with TemporaryDirectory() as folder:  # a path short enough for a socket
        monkeypatch.setattr(settings, "DATA_DIR", Path(folder))
        with closing(socket.socket(socket.AF_UNIX)) as left:
            left.bind(str(socket_path(Path(folder))))
        found = list(work.workers())
    [at_rest] = [each for each in found if each.check == "workers"]
    assert (at_rest.what, at_rest.type) == ("The service does not run here.", ("newsletter up",))
    assert not [each for each in found if each.level == Level.MEND]
