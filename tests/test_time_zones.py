"""The pinned tzdata package says what time it is where, whatever database the machine has."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from tests.fakes.processes import processes

ASK = """
from datetime import datetime
from zoneinfo import ZoneInfo
from newsletter.core.delivery.cadence import parse_zone
from newsletter.models import Subscriber
summer = datetime(2026, 7, 1, 12)
zones = parse_zone("Europe/Berlin"), Subscriber(timezone="Europe/Berlin").zone, ZoneInfo("Europe/Berlin")
print(*{summer.replace(tzinfo=zone).utcoffset() for zone in zones})
"""
ENTRIES = {
    "command": "from newsletter.cli.start import start_django; start_django()",
    "web": "import newsletter.web.wsgi",
    "worker": "import worker.app",
}


@pytest.fixture
def wrong_database(tmp_path: Path) -> Path:
    """A machine's database in which Berlin keeps UTC, as an old one has zones at an hour that is past."""
    utc = resources.files("tzdata").joinpath("zoneinfo", "UTC").read_bytes()
    (tmp_path / "zoneinfo" / "Europe").mkdir(parents=True)
    (tmp_path / "zoneinfo" / "Europe" / "Berlin").write_bytes(utc)
    return tmp_path / "zoneinfo"


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_pinned_database_wins_in_every_process(tmp_path: Path, wrong_database: Path, entry: str) -> None:
    environment = {
        "PYTHONTZPATH": str(wrong_database),
        "DJANGO_SETTINGS_MODULE": "newsletter.settings",
        "REDIS_URL": "redis://127.0.0.1:1/0",
    }
    # A zone that was looked up before our code came must not stay either.
    script = f"import zoneinfo; zoneinfo.ZoneInfo('Europe/Berlin')\n{ENTRIES[entry]}\n{ASK}"
    with processes(tmp_path) as started:
        done = started.run(["python", "-c", script], environment=environment)
    assert done.stdout == "2:00:00\n", done.stdout + done.stderr


def test_the_image_has_no_search_path_for_zones() -> None:
    image = (Path(__file__).parents[1] / "Dockerfile").read_text(encoding="utf-8")
    assert "    PYTHONTZPATH= \\\n" in image.rpartition("FROM ")[2]
