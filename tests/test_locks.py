"""The lock files follow pyproject.toml, carry hashes and name no host."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.fakes.processes import isolated

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-build.lock")
PINNED = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[[^]]+\])?==(\S+)", re.MULTILINE)


def pins(lock: str) -> set[tuple[str, str]]:
    text = (ROOT / lock).read_text(encoding="utf-8")
    return {(str(canonicalize_name(name)), version) for name, version in PINNED.findall(text)}


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def declared(*extras: str) -> list[Requirement]:
    named = project()["project"]
    lines = named["dependencies"] + [
        line for extra in extras for line in named["optional-dependencies"][extra]
    ]
    return [Requirement(line) for line in lines]


def unmet(requirements: list[Requirement], *, lock: str) -> list[str]:
    versions: dict[str, list[str]] = {}
    for name, version in pins(lock):
        versions.setdefault(name, []).append(version)
    return [
        str(each)
        for each in requirements
        if not any(each.specifier.contains(pin) for pin in versions.get(canonicalize_name(each.name), ()))
    ]


def test_the_runtime_lock_meets_what_the_service_declares() -> None:
    assert unmet(declared("embedded", "postgres"), lock="requirements.lock") == []


def test_the_dev_lock_meets_all_extras() -> None:
    assert unmet(declared(*project()["project"]["optional-dependencies"]), lock="requirements-dev.lock") == []


def test_the_build_lock_meets_the_build_backend() -> None:
    wanted = [Requirement(line) for line in project()["build-system"]["requires"]]
    assert unmet(wanted, lock="requirements-build.lock") == []


def test_tests_run_on_the_versions_that_are_deployed() -> None:
    assert pins("requirements.lock") <= pins("requirements-dev.lock")


@pytest.mark.parametrize("lock", LOCKS)
def test_it_has_a_hash_for_each_package_and_names_no_host(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=[a-z0-9])", text[text.index("\n") :])
    assert [
        entry.splitlines()[0] for entry in entries if "==" in entry and "--hash=sha256:" not in entry
    ] == []
    assert not re.search(r"://|--index-url|--find-links|--extra-index", text)


STARTED = """
import importlib, pkgutil, sys, warnings
from importlib.metadata import packages_distributions

warnings.simplefilter("ignore")  # of the end-of-life SDK
allowed = set(sys.argv[1].split())
canonical = lambda name: name.lower().replace("_", "-").replace(".", "-")
missing = {
    module for module, owners in packages_distributions().items() if not allowed & set(map(canonical, owners))
}

class NotInTheImage:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in missing:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, NotInTheImage())
import worker.app, worker.tasks, newsletter.adapters, newsletter.web.server, newsletter.web.wsgi
import kombu.transport.redis, psycopg

for module in pkgutil.iter_modules(newsletter.adapters.__path__, "newsletter.adapters."):
    if not module.name.endswith(".genai"):  # an extra of its own
        importlib.import_module(module.name)
"""


def test_web_and_workers_start_with_the_runtime_lock_alone() -> None:
    """What only a tool of the tests brings must not be needed: the image does not have it."""
    locked = {name for name, _ in pins("requirements.lock")} | {"arxiv-newsletter"}
    with TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", STARTED, " ".join(sorted(locked))],
            env=isolated({"NEWSLETTER_DATA_DIR": folder, "DJANGO_SETTINGS_MODULE": "newsletter.settings"}),
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
