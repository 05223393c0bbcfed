"""Bad use of the command line: one line, exit code 2, with ``--json`` one object."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from newsletter.cli import COMMANDS
from newsletter.cli import django_commands as passing_on
from newsletter.config.locations import CHECKOUT
from tests.cli.runner import newsletter
from tests.fakes.processes import processes

MISTAKES = [
    (["run", "--fast"], ["--fast", "newsletter run --help"]),
    (["run", "now"], ["now"]),
    (["run", "--now", "noon"], ["--now", "'noon'", "2026-06-19T08:00:00Z"]),
    (["run", "--now", "9999-12-31"], ["--now", "9999-12-31", "1991"]),
    (["run", "--now", "0001-01-01T00:00+05:00"], ["--now", "0001-01-01"]),
    (["topic"], []),
    (["topic", "ad"], ["'ad'", "'add'"]),
    (["topic", "add"], ["SLUG", "newsletter topic add --help"]),
    (["topic", "add", "heads", "--name", "Heads"], ["--query"]),
    (["topic", "test", "cat:cs.CV", "--days", "0"], ["--days", "0"]),
    (["subscriber", "add", "a@example.org"], ["--topics"]),
    (["subscriber", "add", "a@example.org", "--topics", "a", "--max-papers", "abc"], ["--max-papers", "abc"]),
    (["subscriber", "show"], ["EMAIL"]),
    (["preview"], ["EMAIL"]),
    (["--fast"], ["--fast", "newsletter --help"]),
]


@pytest.mark.parametrize(("words", "fragments"), [each for each in MISTAKES if each[1]])
def test_a_mistake_is_one_line_that_names_it(words: list[str], fragments: list[str]) -> None:
    result = newsletter(*words)
    assert (result.code, result.out) == (2, "")
    for part in fragments:
        assert part in result.line


@pytest.mark.parametrize(("words", "fragments"), [each for each in MISTAKES if each[1]])
def test_with_json_it_is_one_object_too(words: list[str], fragments: list[str]) -> None:
    result = newsletter(*words, "--json")
    assert result.code == 2
    for part in fragments:
        assert part in result.json["error"]


def test_a_group_by_itself_shows_its_help() -> None:
    result = newsletter("topic")
    assert result.code == 2
    assert "starter" in result.err


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("rnu", "'run'"),
        ("migrat", "'migrate'"),
        ("creatadmin", "'createadmin'"),
        ("createsuperuser", "'createadmin'"),
        ("pasue", "'pause'"),
        ("subscribers", "'subscriber'"),
        ("test", "'topic test'"),
        ("import", "'subscriber import' or 'taste import'"),
        ("imprt", "'subscriber import' or 'taste import'"),
        ("list", "'topic list' or 'subscriber list'"),
        ("start", "'up'"),
        ("runserver", "'up'"),
        ("fetch", "'gather'"),
        ("delete", "'topic remove' or 'subscriber erase' or 'subscriber unsubscribe'"),
    ],
)
def test_a_mistyped_command_is_named_with_the_one_that_was_meant(word: str, meant: str) -> None:
    result = newsletter(word)
    assert result.code == 2
    assert f"did you mean {meant}?" in result.line


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("topic delete heads", "did you mean 'remove'?"),
        ("topic rename heads", "did you mean 'edit'?"),
        ("topic copy heads h2", "did you mean 'duplicate'?"),
        ("topic tets x", "did you mean 'test'?"),
        ("subscriber delete a@example.org", "did you mean 'erase' or 'unsubscribe'?"),
        ("subscriber stop a@example.org", "did you mean 'pause'?"),
        ("subscriber lst", "did you mean 'list'?"),
        ("taste lik a@example.org", "did you mean 'like'?"),
        ("key shwo", "did you mean 'show'?"),
        ("topic add --nam x", "'--name'"),
        ("subscriber add --zone x", "'--timezone'"),
    ],
)
def test_a_guess_in_a_group_gets_the_right_name(words: str, meant: str) -> None:
    result = newsletter(*words.split())
    assert result.code == 2
    assert meant in result.line


@pytest.mark.parametrize("word", ["xyzzy", "startapp", "loaddata", "zzflush"])
def test_a_word_that_resembles_nothing_gets_no_guess(word: str) -> None:
    result = newsletter(word, "--json")
    assert result.code == 2
    assert result.json == {"error": f"No such command {word!r} (help: newsletter --help)"}


def test_only_commands_that_are_shown_are_run() -> None:
    """Everything that Django and its apps bring: what the help does not name is a mistake."""
    shown = {line.split()[0] for line in newsletter("--help").out.splitlines() if line.startswith("  ")}
    hidden = set(get_commands()) - shown
    assert {"test", "sendtestemail", "flush", "dumpdata", "runserver", "createsuperuser"} <= hidden
    for name in hidden:
        for words in ([name], [name, "--help"], ["help", name]):
            result = newsletter(*words)
            assert (result.code, result.out) == (2, ""), name
            assert result.line.startswith(f"No such command {name!r}")
    for name in passing_on.COMMANDS:
        assert passing_on.OTHER_NAMES.get(name, name) in get_commands()
        assert name in shown


_NAMED = re.compile(r"(?:`|^ {4}|newsletter |: )newsletter ([a-z_-]+)(?! -|\w)", re.MULTILINE)
"""A command in a text, at the beginning of a piece of code; ``newsletter unix - n`` is Postfix's."""


def test_every_command_that_a_text_names_can_be_run() -> None:
    texts = [
        *CHECKOUT.glob("docs/*.md"),
        CHECKOUT / "README.md",
        CHECKOUT / "CONTRIBUTING.md",
        *CHECKOUT.glob("templates/**/*.html"),
    ]
    named = {word for path in texts for word in _NAMED.findall(path.read_text(encoding="utf-8"))}
    assert {"axes_reset", "bounce", "key", "run"} <= named
    assert named <= {*COMMANDS, *passing_on.COMMANDS}


def test_results_go_to_stdout_and_mistakes_to_stderr(tmp_path: Path) -> None:
    with processes(tmp_path) as started:

        def newsletter(*words: str) -> tuple[int, str, str]:
            run = started.run(["newsletter", *words], environment={})
            return run.returncode, run.stdout, run.stderr

        code, out, err = newsletter("topic", "add", "heads", "--name", "Heads", "--query", "cat:cs.CV")
        assert (code, out) == (0, "Added topic heads: cat:cs.CV\n")
        assert err == f"newsletter: a new service begins in {tmp_path / 'var'}: there was none yet\n"
        assert newsletter("topic", "remove", "heads")[0::2] == (0, "")
        added = newsletter("topic", "add", "heads", "--name", "Heads", "--query", "cat:cs.CV")
        assert added == (0, "Added topic heads: cat:cs.CV\n", "")
        code, out, err = newsletter("topic", "add", "heads", "--name", "Heads", "--query", "cat:cs.CV")
        assert (code, out) == (1, "")
        assert err.count("\n") == 1
        code, out, err = newsletter("topic", "show", "nothing", "--json")
        assert (code, list(json.loads(out))) == (1, ["error"])
        assert err.count("\n") == 1
        code, out, err = newsletter("run", "--fast", "--json")
        assert (code, list(json.loads(out))) == (2, ["error"])
        assert err.count("\n") == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("words", "code", "begins"),
    [
        (["migrate", "--django-options"], 0, "usage: newsletter migrate"),
        (["createadmin", "--django-options"], 0, "usage: newsletter createadmin"),
        (["migrate", "--check"], 0, ""),
        (["check"], 0, "System check identified no issues"),
        (["makemigrations", "--check", "--dry-run"], 0, "No changes detected"),
        (["shell", "--no-imports", "-c", "print(6 * 7)"], 0, "42\n"),
        (["migrate", "--nothing"], 2, ""),
    ],
)
def test_djangos_own_commands_stand_under_their_names(
    words: list[str], code: int, begins: str, capfd: pytest.CaptureFixture[str]
) -> None:
    result = newsletter(*words)
    assert result.code == code
    assert (result.out + capfd.readouterr().out).startswith(begins)


@pytest.mark.parametrize("name", ["createadmin", "changepassword", "axes_reset"])
def test_what_operators_call_of_django_has_help_in_our_words(name: str) -> None:
    said = newsletter(name, "--help")
    assert said.code == 0
    for raw in ("--settings", "--pythonpath", "--traceback", "superuser", "--skip-checks"):
        assert raw not in said.out
    assert max(map(len, said.out.splitlines())) <= 110


def test_createadmin_works_in_a_new_folder(tmp_path: Path) -> None:
    words = ["--noinput", "--username", "ada", "--email", "ada@example.org"]
    with processes(tmp_path) as started:
        secrets = {"DJANGO_SUPERUSER_PASSWORD": "correct horse battery"}
        run = started.run(["newsletter", "createadmin", *words], environment=secrets)
    assert (run.returncode, run.stdout) == (0, "Superuser created successfully.\n")
