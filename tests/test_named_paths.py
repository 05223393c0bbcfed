"""Every file and folder that a document or a docstring names is there."""

from __future__ import annotations

import re
from pathlib import Path

CHECKOUT = Path(__file__).parent.parent
PLACES = ("newsletter", "worker", "templates", "tests", "benchmarks", "docs", "deploy", "docker", ".ci")
_NAMED = re.compile(r"`(\w[\w.-]*(?:/[\w.-]+)*(?:\.(?:py|md|mjml|html|toml|css|yml|svg)|(?<=\w)/))`")
"""In backquotes: a file of a kind that we write, or a folder with its slash."""
_IN_COMMANDS = re.compile(rf"(?<![\w./-])((?:{'|'.join(PLACES)})/[\w./-]*\w\.(?:py|md|sh|yml))\b")
_LINKED = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
NOT_OURS = {"docker-compose.override.yml", "Etc/"}
"""What an operator may write; a folder of time zones."""


def test_what_documents_and_docstrings_name_is_there() -> None:
    inside = (each for place in PLACES for each in (CHECKOUT / place).rglob("*") if each.is_file())
    files = [each for each in (*CHECKOUT.iterdir(), *inside) if "__pycache__" not in each.parts]
    paths = {each.relative_to(CHECKOUT).as_posix() for each in files}
    folders = {f"{parent.as_posix()}/" for each in paths for parent in Path(each).parents}
    there = "".join(f"/{each}\n" for each in paths | folders)
    missing = []
    for path in sorted(files):
        if path.suffix not in (".md", ".py") or path.name == "CHANGELOG.md" or path.parent.name == "adr":
            continue  # what was true when it was written
        text = path.read_text(encoding="utf-8")
        names = {*_NAMED.findall(text), *_IN_COMMANDS.findall(text)} - NOT_OURS
        missing += [f"{path}: {each}" for each in names if f"/{each}\n" not in there]
        linked = _LINKED.findall(text) if path.suffix == ".md" else ()
        missing += [f"{path}: {each}" for each in linked if not (path.parent / each).exists()]
    assert missing == []


def test_the_layout_in_contributing_has_every_package() -> None:
    text = (CHECKOUT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    layout = text.partition("## Layout")[2].partition("### ")[0]
    packages = {each.parent.name for each in (CHECKOUT / "newsletter").glob("*/__init__.py")}
    assert packages <= set(re.findall(r"\w+", layout))


def test_the_glossary_has_at_most_25_words() -> None:
    text = (CHECKOUT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    glossary = text.partition("## Glossary")[2].partition("## ")[0]
    assert 0 < len(re.findall(r"^\| (?!word|---)", glossary, re.MULTILINE)) <= 25
