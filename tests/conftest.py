"""What every test can rely on: a database in a file, a data folder of its own kind, and a plain last line."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.core.cache import caches
from django.db.utils import ConnectionHandler
from pytest_django.plugin import DjangoDbBlocker

from newsletter.config.console_log import ConsoleHandler

MakeTables = Callable[[Path], None]
SLOW_SECONDS = 1800
LONG = (
    "tests/test_on_postgres.py",
    "tests/test_on_postgres_too.py",
    "tests/browser/test_joining.py",
    # These wait behind the first two, which are one test each: none that starts the site for browsers.
    "tests/test_compose_services.py",
    "tests/chaos/",
    "tests/browser/",
)
"""Files that take minutes: they begin first, so that no worker ends long after the others."""


# The same examples in every run, as hypothesis takes them in CI by itself: what is green here is green there.
# No test is a matter of time: the machines are noisy. New examples: --hypothesis-profile=search
STEADY = hypothesis.settings(
    deadline=None, derandomize=True, database=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.register_profile("steady", STEADY)
hypothesis.settings.register_profile("search", STEADY, derandomize=False, print_blob=True)
hypothesis.settings.load_profile("steady")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Put SQLite's test database into a file: two threads cannot write to one in memory."""
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        folder: Path = tmp_path_factory.mktemp("database")
        database["TEST"] = database.get("TEST", {}) | {"NAME": str(folder / "test.sqlite3")}
        # No test cuts the power: waiting for the disk at each commit would prove nothing.
        database["OPTIONS"]["init_command"] += "PRAGMA synchronous=OFF;"


@pytest.fixture(scope="session")
def make_tables(tmp_path_factory: pytest.TempPathFactory, django_db_blocker: DjangoDbBlocker) -> MakeTables:
    """Puts a SQLite file into a data folder, with all tables: migrating takes a service seconds."""
    path = tmp_path_factory.mktemp("tables") / "newsletter.sqlite3"
    sqlite = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path)}
    connections = ConnectionHandler({"default": sqlite})
    # Django is not set up yet where this file begins.
    from newsletter.models.tables import begin

    with django_db_blocker.unblock():
        begin(connections["default"])
    connections.close_all()

    def copy(folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, folder)

    return copy


@pytest.fixture(autouse=True)
def nothing_kept_by_this_process() -> None:
    """One test's rows can look the same as another's: same ids, same times."""
    # Django is not set up yet where this file begins.
    from newsletter.adapters.infra.taste_stored import stored_snapshot
    from newsletter.audience.query_preview import forget_recent
    from newsletter.pipeline.select.inputs import forget_categories

    forget_recent()
    forget_categories()
    stored_snapshot.cache_clear()
    for cache in caches.all():
        cache.clear()
    for handler in logging.getLogger().handlers:
        if isinstance(handler, ConsoleHandler):
            handler._seen.clear()  # it counts what repeats within a minute


@pytest.hookimpl(trylast=True)  # pytest-django sorts too
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the slow ones take half an hour; any other limit stands in pyproject.toml or at the test itself."""
    for item in items:
        if item.get_closest_marker("slow") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(SLOW_SECONDS))
    items.sort(
        key=lambda item: next((at for at, path in enumerate(LONG) if item.nodeid.startswith(path)), len(LONG))
    )


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, Any, Any]:
    """Escape lone surrogates, which a worker cannot send: tests of hostile text may log them."""
    return escaped((yield))


def escaped(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, dict):
        return {name: escaped(each) for name, each in value.items()}
    return type(value)(map(escaped, value)) if isinstance(value, list | tuple) else value


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what was skipped in so many words: a green run that skipped half proves half."""
    count = {
        kind: len(terminalreporter.getreports(kind)) for kind in ("passed", "failed", "error", "skipped")
    }
    skipped = f"{count['skipped']} skipped (the reasons stand below)" if count["skipped"] else "none skipped"
    failed = count["failed"] + count["error"]
    terminalreporter.write_line(f"{count['passed']} tests passed, {failed} failed, {skipped}.")
