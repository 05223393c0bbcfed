"""``.env.example`` lists every setting, each with its meaning and its real default."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

from newsletter.config import Config, load_config

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / ".env.example"
SETTING = re.compile(r"^#([A-Z][A-Z_]+)=(.*)$", re.MULTILINE)


def listed() -> dict[str, str]:
    return dict(SETTING.findall(EXAMPLE.read_text(encoding="utf-8")))


def test_it_lists_each_setting_once_and_no_other() -> None:
    names = [name for name, _ in SETTING.findall(EXAMPLE.read_text(encoding="utf-8"))]
    known = {str(field.alias) for field in Config.model_fields.values()}
    assert sorted(names) == sorted(known)


def test_it_says_what_each_setting_means() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    unexplained = [line for before, line in pairwise(lines) if SETTING.match(line) and len(before) < 10]
    assert unexplained == []


def test_it_shows_the_defaults_that_hold(tmp_path: Path) -> None:
    uncommented = tmp_path / ".env"
    uncommented.write_text(SETTING.sub(r"\1=\2", EXAMPLE.read_text(encoding="utf-8")), encoding="utf-8")
    assert load_config({}, env_file=uncommented) == load_config({}, env_file=tmp_path / "none")


def test_the_databases_container_is_given_the_password_under_the_same_name() -> None:
    assert "${POSTGRES_PASSWORD:-}" in (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
