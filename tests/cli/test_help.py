"""Help answers at once: it is built without starting Django."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.runner import newsletter
from tests.fakes.processes import isolated, processes

WALK = """
import json, sys
import click
from click.testing import CliRunner
from newsletter.cli import cli
from newsletter.cli.django_commands import COMMANDS

def walk(group, words):
    context = click.Context(group)
    for name in group.list_commands(context):
        yield [*words, name]
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from walk(command, [*words, name])

report = {}
for words in [[], *walk(cli, []), *([name] for name in COMMANDS)]:
    result = CliRunner().invoke(cli, [*words, "--help"])
    report[" ".join(words)] = {"code": result.exit_code, "text": result.stdout}
heavy = [name for name in ("django", "celery", "arxiv", "tantivy", "mjml", "rich") if name in sys.modules]
print(json.dumps({"commands": report, "heavy": heavy}))
"""


@pytest.fixture(scope="module")
def walked() -> dict[str, Any]:
    run = subprocess.run(
        [sys.executable, "-c", WALK], env=isolated({}), capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(run.stdout)
    return found


def test_every_command_has_help_that_says_what_it_does(
    walked: dict[str, Any],
) -> None:
    commands = walked["commands"]
    assert {
        "",
        "run",
        "gather",
        "topic",
        "topic add",
        "subscriber export",
        "preview",
        "up",
        "demo",
        "migrate",
    } <= set(commands)
    for name, command in commands.items():
        assert command["code"] == 0, name
        lines = command["text"].splitlines()
        assert lines[0].startswith("Usage: "), name
        assert lines[2].strip().endswith((".", ":")) or len(lines[2]) > 40, name


def test_no_help_starts_django_or_loads_what_is_slow(walked: dict[str, Any]) -> None:
    assert walked["heavy"] == []


def test_help_takes_less_than_half_a_second(tmp_path: Path) -> None:
    # Processor time of the whole process: the machine may be busy with other things.
    measure = (
        "import resource, subprocess, sys\n"
        "help = [sys.executable, '-m', 'newsletter', '--help']\n"
        "subprocess.run(help, check=True, stdout=subprocess.DEVNULL)\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(used.ru_utime + used.ru_stime)"
    )
    with processes(tmp_path) as started:
        run = started.run([sys.executable, "-c", measure], environment={})
    assert float(run.stdout) < 0.5


@pytest.mark.parametrize(
    ("words", "usage"),
    [
        (["help"], "Usage: newsletter [OPTIONS]"),
        (["help", "topic", "add"], "Usage: newsletter topic add [OPTIONS] SLUG"),
        (["topic", "-h"], "Usage: newsletter topic [OPTIONS]"),
    ],
)
def test_help_can_be_asked_for_in_other_ways(words: list[str], usage: str) -> None:
    result = newsletter(*words)
    assert result.code == 0
    assert result.out.startswith(usage)
