"""The app of ``make chaos ARGS='--form poison'`` names functions that exist: CI does not run it."""

from __future__ import annotations

from pathlib import Path

from tests.fakes.processes import processes


def test_the_poisoned_app_starts(tmp_path: Path) -> None:
    with processes(tmp_path) as started:
        done = started.run(["python", "-c", "import tests.chaos.poisoned"], environment={})
    assert done.returncode == 0, done.stderr
