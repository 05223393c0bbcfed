"""The log of who left: nothing of it is lost by a crash, a full disk or another process."""

from __future__ import annotations

import logging
import resource
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsletter.adapters.infra.departure_log import Departure, DepartureLog, Log

NOW = datetime(2026, 6, 19, 8, 0, tzinfo=UTC)
LEFT = Departure(address="ab" * 32, kind="unsubscribed", at=NOW, written_at=NOW)
TOPIC = replace(LEFT, kind="topic", topic=7)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "departures.log"


def found(path: Path) -> Log:
    log = DepartureLog(path).read()
    assert log is not None
    return log


def test_lines_are_kept_in_order_for_their_owner_alone(path: Path) -> None:
    log = DepartureLog(path)
    log.append([LEFT])
    log.append([TOPIC, LEFT])
    log.append([])
    assert found(path).departures == (LEFT, TOPIC, LEFT)
    assert (found(path).lines, found(path).dropped, found(path).is_whole) == (3, 0, True)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_without_a_line_there_is_no_log_until_a_back_up_asks(path: Path) -> None:
    log = DepartureLog(path)
    log.append([])
    assert log.read() is None
    begun = log.begun()
    assert begun is not None
    log.append([LEFT])
    assert (found(path).id, found(path).lines) == (begun.id, 1)


def test_every_cut_loses_the_last_line_at_most_and_writing_goes_on(path: Path) -> None:
    DepartureLog(path).append([LEFT, TOPIC])
    whole = path.read_bytes()
    second_line = whole.index(b"\n") + 1
    for end in range(second_line, len(whole), 7):
        path.write_bytes(whole[:end])
        before = found(path).departures
        DepartureLog(path).append([TOPIC])
        assert found(path).departures == (*before, TOPIC)
        assert found(path).is_whole


def test_a_damaged_line_is_told(path: Path) -> None:
    DepartureLog(path).append([LEFT, TOPIC])
    path.write_bytes(path.read_bytes().replace(b'"topic": 7', b'"topic": 7x'))
    assert found(path).departures == (LEFT,)
    assert not found(path).is_whole


@pytest.mark.parametrize(
    "content", [b"", b"\n", b"[]\n", b"{}\n", b"\xff\xfe\n", b'{"log": "x", "since": "now"}\n']
)
def test_a_file_that_is_no_log_is_none(content: bytes, path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    assert DepartureLog(path).read() is None


def test_old_lines_are_dropped_and_counted(path: Path) -> None:
    log = DepartureLog(path)
    assert log.drop(before=NOW) == 0
    log.append([replace(LEFT, written_at=NOW - timedelta(days=day)) for day in (9, 5, 2, 0)])
    before = found(path)
    assert log.drop(before=NOW - timedelta(days=3)) == 2
    assert log.drop(before=NOW - timedelta(days=3)) == 0
    after = found(path)
    assert (after.id, after.lines, after.dropped) == (before.id, 4, 2)
    assert after.since == NOW - timedelta(days=3)
    assert after.departures == before.departures[2:]


def test_a_log_that_cannot_be_written_is_put_aside_and_nobody_is_kept_from_leaving(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = DepartureLog(path)
    log.append([LEFT])
    before, limit = found(path).id, resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 20, limit[1]))
    try:
        with caplog.at_level(logging.ERROR):
            log.append([LEFT])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert "is incomplete" in caplog.text
    assert path.with_suffix(".incomplete").exists()
    log.append([TOPIC])
    assert found(path).departures == (TOPIC,)
    assert found(path).id != before


PROCESS = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from newsletter.adapters.infra.departure_log import Departure, DepartureLog
now = datetime(2026, 6, 19, 8, 0, tzinfo=UTC)
for number in range(40):
    DepartureLog(Path(sys.argv[1])).append([Departure(sys.argv[2] * 64, "unsubscribed", now, now, number)])
"""


def test_processes_lose_nothing_of_each_other_while_old_lines_are_dropped(path: Path) -> None:
    old = NOW - timedelta(days=9)
    DepartureLog(path).append([replace(LEFT, written_at=old)])
    workers = [subprocess.Popen([sys.executable, "-c", PROCESS, str(path), name]) for name in ("a", "b")]
    while any(worker.poll() is None for worker in workers):
        DepartureLog(path).append([replace(LEFT, written_at=old)])
        DepartureLog(path).drop(before=NOW)
    assert [worker.returncode for worker in workers] == [0, 0]
    for name in ("a", "b"):
        topics = [each.topic for each in found(path).departures if each.address == name * 64]
        assert topics == list(range(40))
