"""The recipe for GitHub Actions: its own scripts, with a cache that forgets, and no digest goes out twice."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

RECIPE = Path(__file__).resolve().parent.parent / "docs" / "recipes" / "github-actions.yml"
SENDING = "Gather, compose, send"


def steps() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(RECIPE.read_text(encoding="utf-8"))["jobs"]["run"]["steps"]
    return found


@dataclass
class Actions:
    """Runs the steps as the runner does. ``sent`` is what a mail server would have seen."""

    folder: Path
    cache: dict[str, bytes] = field(default_factory=dict)
    """By key; the newest of a prefix is restored."""
    sent: list[str] = field(default_factory=list)
    number: int = 0
    failure: str = ""

    def run(self, *, accept: str = "", cut_after: str = "") -> bool:
        """Do one run on a new machine; ``cut_after`` is the step after which the machine is lost."""
        self.number += 1
        place = self.folder / str(self.number)
        place.mkdir()
        environment = os.environ | {
            "STATE_PASSPHRASE": "long and random",
            "RUN": f"{self.number}-1",
            "ACCEPT": accept,
        }
        outcomes: dict[str, bool] = {}
        for step in steps():
            name, uses = step.get("name", ""), step.get("uses", "")
            is_wanted = all(outcomes.values()) or ("always()" in step.get("if", "") and outcomes.get("look"))
            if not is_wanted or (uses and "cache" not in uses) or name == "Install":
                continue
            if uses:
                self._cache(step, place)
                done = True
            elif name == SENDING:
                done = self._send(place)
            else:
                ran = subprocess.run(
                    ["bash", "-eo", "pipefail", "-c", step["run"]],
                    cwd=place,
                    env=environment,
                    capture_output=True,
                    text=True,
                    check=False,
                )
                self.failure, done = ran.stdout + ran.stderr, ran.returncode == 0
            outcomes[step.get("id", name)] = done
            if name == cut_after:
                return False
        return all(outcomes.values())

    def _cache(self, step: dict[str, Any], place: Path) -> None:
        path = place / step["with"]["path"]
        if "save" in step["uses"]:
            key = step["with"]["key"].replace("${{ github.run_number }}", str(self.number))
            self.cache[key] = path.read_bytes()
        elif found := [key for key in self.cache if key.startswith(step["with"]["restore-keys"])]:
            path.write_bytes(self.cache[found[-1]])

    def _send(self, place: Path) -> bool:
        """Send what the state says was not sent, as ``newsletter run`` does."""
        kept = place / "var" / "accepted"
        known = kept.read_text().split() if kept.exists() else []
        for digest in (f"digest-{number}" for number in range(1, self.number + 1)):
            if digest not in known:
                self.sent.append(digest)
        kept.write_text("\n".join(f"digest-{number}" for number in range(1, self.number + 1)))
        return True


@pytest.fixture
def actions(tmp_path: Path) -> Actions:
    if not shutil.which("openssl"):
        pytest.skip("no openssl on this machine")
    return Actions(tmp_path)


def test_each_run_goes_on_where_the_last_one_ended(actions: Actions) -> None:
    assert actions.run(accept="first")
    assert actions.run()
    assert actions.run()
    assert actions.sent == ["digest-1", "digest-2", "digest-3"]
    assert all(b"digest" not in content for key, content in actions.cache.items() if "state" in key)


def test_it_does_not_begin_anew_by_itself(actions: Actions) -> None:
    assert not actions.run()
    assert ("There is no state" in actions.failure, actions.sent) == (True, [])


@pytest.mark.parametrize("lost_after", [SENDING, "Pack the state, also after a run that failed"])
def test_a_run_whose_state_was_lost_is_not_repeated(actions: Actions, lost_after: str) -> None:
    assert actions.run(accept="first")
    assert not actions.run(cut_after=lost_after)
    for _ in range(2):
        assert not actions.run()
        assert "Run 2-1 began, and its state is missing" in actions.failure
    assert actions.sent == ["digest-1", "digest-2"]
    assert actions.run(accept="older"), "after somebody has looked"
    assert actions.run()


def test_a_cache_that_forgets_the_state_stops_it(actions: Actions) -> None:
    assert actions.run(accept="first")
    for key in [key for key in actions.cache if "state" in key]:
        del actions.cache[key]
    assert not actions.run()
    assert actions.sent == ["digest-1"]


def test_every_command_of_it_is_there() -> None:
    from newsletter.cli import COMMANDS

    [sending] = [step for step in steps() if step.get("name") == SENDING]
    named = {
        line.split("newsletter ")[1].split()[0] for line in sending["run"].splitlines() if "bin/" in line
    }
    assert named == {"topic", "subscriber", "run"} <= COMMANDS.keys()
