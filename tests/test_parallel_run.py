"""A run on two processes ends as one on a single one does: a plain last line, the reasons, no test lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.conftest import LONG
from tests.fakes.processes import ROOT, isolated

HOSTILE = r"""
import logging
import pytest


def test_logs_what_no_pipe_takes():
    logging.getLogger().error("half a character: \ud800")


def test_fails_with_it():
    assert "a" == "\ud800"


def test_is_skipped():
    pytest.skip("no \ud800 here")
"""


def test_lone_surrogates_do_not_end_the_run_and_the_last_lines_say_what_was_skipped(tmp_path: Path) -> None:
    (tmp_path / "test_hostile.py").write_text(HOSTILE, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadfile", "-p", "tests.conftest"]
    options = [
        "-p",
        "no:cacheprovider",
        "-c",
        str(ROOT / "pyproject.toml"),
        f"--basetemp={tmp_path / 'inner'}",
    ]
    done = subprocess.run(
        [*command, *options, str(tmp_path / "test_hostile.py")],
        cwd=ROOT,
        env=isolated({}),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 tests passed, 1 failed, 1 skipped (the reasons stand below)." in done.stdout
    assert r"no \ud800 here" in done.stdout
    assert r"\ud800' == 'a'" in done.stdout or r"'a' == '\ud800'" in done.stdout


def test_the_files_that_begin_first_are_there() -> None:
    assert [path for path in LONG if not (ROOT / path).exists()] == []
