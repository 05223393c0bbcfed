"""A test that hangs fails in its time, the run goes on, and what it started ends with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.fakes.processes import ROOT, isolated

HANGING = """
from tests.fakes.processes import processes

SLEEPER = "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(600)"


def test_hangs(tmp_path):
    with processes(tmp_path) as started:
        started.start("sleeper", ["python", "-c", SLEEPER], environment={}).process.wait()


def test_is_next():
    pass
"""


def test_every_test_has_a_limit(pytestconfig: pytest.Config) -> None:
    assert 0 < float(pytestconfig.getini("timeout")) <= 300
    assert pytestconfig.getini("timeout_method") == "signal"


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_test_that_waits_for_its_process_for_ever_fails_and_leaves_nothing_behind(
    tmp_path: Path, workers: str
) -> None:
    (tmp_path / "test_hanging.py").write_text(HANGING, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--timeout=3"]
    options = ["-n", workers, "-c", str(ROOT / "pyproject.toml"), f"--basetemp={tmp_path / 'inner'}"]
    done = subprocess.run(
        [*command, *options, str(tmp_path / "test_hanging.py")],
        cwd=ROOT,
        env=isolated({}),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed, 1 passed" in done.stdout
    assert "Timeout (>3.0s)" in done.stdout
    [pid] = (tmp_path / "inner").rglob("test_hangs0/pid")
    assert not psutil.pid_exists(int(pid.read_text()))
