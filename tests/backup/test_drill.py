"""The drill of docs/operating.md by its commands: back up, lose everything, restore, look around, go on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from newsletter.models import Delivery, Subscriber
from tests.cli.runner import add_subscriber, add_topic, done, newsletter

pytestmark = pytest.mark.django_db(transaction=True)

DUE, A_WEEK_LATER = "2026-06-15T08:10Z", "2026-06-22T08:10Z"


def lose_everything(data: Path, tmp_path: Path) -> None:
    """Remove the data folder, and all tables."""
    shutil.rmtree(data)
    if connection.vendor == "sqlite":
        connection.close()
        connection.settings_dict["NAME"] = str(tmp_path / "another.sqlite3")
    else:
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE")
            cursor.execute("CREATE SCHEMA public")
    assert not MigrationRecorder(connection).has_table()


@pytest.mark.parametrize("encrypted", [False, True])
def test_the_drill(encrypted: bool, data: Path, tmp_path: Path) -> None:
    if encrypted and connection.vendor == "postgresql":
        pytest.skip("the archive is the same, and making all tables anew takes seconds")
    usual, path = connection.settings_dict["NAME"], tmp_path / "june.newsletter"
    (tmp_path / "passphrase").write_text("correct horse\n")
    secret = ["--passphrase-file", str(tmp_path / "passphrase")] if encrypted else []
    add_topic()
    for name in ("ada", "bob"):
        add_subscriber(f"{name}@example.org", "--cadence", "weekly:mon")
    said = done("backup", str(path), *secret, "--json").json
    assert (said["rows"]["newsletter_subscriber"], said["database"]) == (2, connection.vendor)
    assert done("run", "--no-gather", "--now", DUE, "--json").json["deliveries"] == {"ACCEPTED": 2}
    done("subscriber", "erase", "bob@example.org")
    log = (data / "departures.log").read_bytes()
    lose_everything(data, tmp_path)
    try:
        data.mkdir()
        (data / "departures.log").write_bytes(log)  # a copy of it was kept elsewhere
        told = newsletter("restore", str(path), *secret, "--now", DUE, "--json")
        assert told.code == 0, told.err
        since = told.json
        assert (since["erased"], since["moved_on"], since["knows_who_left"]) == (1, 1, True)
        assert [each.email for each in Subscriber.objects.all()] == ["ada@example.org"]
        report = done("run", "--no-gather", "--now", A_WEEK_LATER)
        assert "paused      restored from the back-up of" in report.out
        assert not Delivery.objects.filter(state="ACCEPTED").exists()
        assert "restored from the back-up" in done("resume").out
        done("run", "--no-gather", "--now", A_WEEK_LATER)
        sent = Delivery.objects.values_list("subscriber__email", "slot_key", "state")
        assert list(sent) == [("ada@example.org", "2026-06-22", "ACCEPTED")]
        again = newsletter("backup", str(path))
        assert (again.code, "exists already" in again.line) == (1, True)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = usual
