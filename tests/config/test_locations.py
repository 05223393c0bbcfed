"""One place for data and settings, whatever the current folder is, seen by a copied program's commands."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fakes.processes import ROOT, isolated, processes

TOPIC = ("topic", "add", "heads", "--name", "Heads", "--query", "cat:cs.CV")


@dataclass(frozen=True)
class Program:
    """A copy of the program, in a checkout or installed, and a user of it."""

    folder: Path
    home: Path
    """Of the service: where its data and settings belong."""
    data: Path
    kept: Path
    """A service with one topic, to be copied."""

    def run(self, words: Sequence[str], *, at: str, **environment: str) -> subprocess.CompletedProcess[str]:
        (folder := self.folder / at).mkdir(parents=True, exist_ok=True)
        user = {
            "HOME": str(self.folder / "user"),
            "XDG_DATA_HOME": str(self.folder / "user" / "data"),
            "PYTHONPATH": str(self.folder / "program"),
        }
        return subprocess.run(
            [sys.executable, "-m", "newsletter", *words],
            env=isolated(user | environment),
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )

    def topics(self, *, at: str, **environment: str) -> tuple[list[str], str]:
        """Return the slugs of the service that is found, and what was said on stderr."""
        done = self.run(["topic", "list", "--json"], at=at, **environment)
        assert done.returncode == 0, done.stderr
        return [topic["slug"] for topic in json.loads(done.stdout)["topics"]], done.stderr

    def refusal(self, *, at: str, **environment: str) -> str:
        done = self.run(["topic", "list"], at=at, **environment)
        assert (done.returncode, done.stdout) == (2, "")
        [line] = done.stderr.splitlines()
        return line

    def make_service(self, data: Path) -> None:
        shutil.copytree(self.kept, data, dirs_exist_ok=True)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with processes(tmp_path_factory.mktemp("kept")) as started:
        done = started.run(["newsletter", *TOPIC], environment={})
        assert done.returncode == 0, done.stderr
        return started.folder / "var"


@pytest.fixture(params=["checkout", "installed"])
def program(request: pytest.FixtureRequest, tmp_path: Path, kept: Path) -> Program:
    copy = tmp_path / "program"
    for name in ("newsletter", "worker", "templates"):
        shutil.copytree(ROOT / name, copy / name)
    if request.param == "checkout":
        shutil.copy(ROOT / "pyproject.toml", copy)
        return Program(tmp_path, home=copy, data=copy / "var", kept=kept)
    home = tmp_path / "user" / "data" / "arxiv-newsletter"
    return Program(tmp_path, home=home, data=home, kept=kept)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the user's data folder is another")
def test_every_folder_has_the_same_service_and_a_new_one_is_told_of(program: Program) -> None:
    begun = program.run(TOPIC, at="one")
    assert begun.stderr == f"newsletter: a new service begins in {program.data}: there was none yet\n"
    assert program.topics(at="one/below") == (["heads"], "")
    assert program.topics(at="other") == (["heads"], "")
    assert list(program.folder.rglob("newsletter.sqlite3")) == [program.data / "newsletter.sqlite3"]


def test_a_service_in_the_current_folder_is_used_and_told_of(program: Program) -> None:
    program.make_service(program.folder / "lab" / "var")
    slugs, said = program.topics(at="lab")
    assert slugs == ["heads"]
    [line] = said.splitlines()
    assert f"using {program.folder / 'lab' / 'var'} because the current folder is" in line
    assert "NEWSLETTER_DATA_DIR" in line
    assert not (program.data / "newsletter.sqlite3").exists()


def test_two_services_are_never_chosen_from_in_silence(program: Program) -> None:
    program.make_service(program.data)
    program.make_service(own := program.folder / "lab" / "var")
    line = program.refusal(at="lab")
    assert f"there is a service in {program.data} and another in {own}" in line
    assert "NEWSLETTER_DATA_DIR" in line
    assert program.topics(at="lab", NEWSLETTER_DATA_DIR=str(own)) == (["heads"], "")
    assert program.topics(at="other") == (["heads"], "")


def test_the_file_of_settings_is_found_from_every_folder(program: Program) -> None:
    program.home.mkdir(parents=True, exist_ok=True)
    (program.home / ".env").write_text("NEWSLETTER_DATA_DIR=./own\n")
    program.make_service(program.home / "own")
    assert program.topics(at="one") == (["heads"], "")
    assert program.topics(at="other") == (["heads"], "")


def test_a_file_of_settings_in_the_current_folder_is_used_and_told_of(program: Program) -> None:
    (program.folder / "lab").mkdir()
    (program.folder / "lab" / ".env").write_text("NEWSLETTER_DATA_DIR=own\n")
    program.make_service(program.folder / "lab" / "own")
    slugs, said = program.topics(at="lab")
    assert slugs == ["heads"]
    assert f"using {program.folder / 'lab' / '.env'} because" in said


def test_two_files_of_settings_are_refused(program: Program) -> None:
    program.home.mkdir(parents=True, exist_ok=True)
    (program.folder / "lab").mkdir()
    for folder in (program.home, program.folder / "lab"):
        (folder / ".env").write_text("NEWSLETTER_NAME=Ours\n")
    line = program.refusal(at="lab")
    assert f"{program.home / '.env'} and in {program.folder / 'lab' / '.env'}" in line
    named = str(program.home / ".env")
    assert program.run(["topic", "list"], at="lab", NEWSLETTER_ENV_FILE=named).returncode == 0


def test_another_programs_file_is_not_ours(program: Program) -> None:
    program.make_service(program.data)
    (program.folder / "site").mkdir()
    (program.folder / "site" / ".env").write_text("DATABASE_URL=sqlite:////nowhere/theirs.sqlite3\n")
    assert program.topics(at="site") == (["heads"], "")


def test_a_file_that_was_named_and_is_not_there_is_refused(program: Program) -> None:
    line = program.refusal(at="lab", NEWSLETTER_ENV_FILE="nowhere.env")
    assert "NEWSLETTER_ENV_FILE is 'nowhere.env', which is not there" in line


def test_a_folder_that_was_removed_meanwhile_does_no_harm(program: Program) -> None:
    program.make_service(program.data)
    script = 'mkdir gone && cd gone && rmdir ../gone && exec "$0" -m newsletter topic list --json'
    (program.folder / "at").mkdir()
    done = subprocess.run(
        ["sh", "-c", script, sys.executable],
        env=isolated(
            {
                "PYTHONPATH": str(program.folder / "program"),
                "PYTHONSAFEPATH": "1",
                "HOME": str(program.folder / "user"),
                "XDG_DATA_HOME": str(program.folder / "user" / "data"),
            }
        ),
        cwd=program.folder / "at",
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert [topic["slug"] for topic in json.loads(done.stdout)["topics"]] == ["heads"]
