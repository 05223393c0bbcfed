"""Yesterday's back-up restored today: nobody gets a mail twice, and nobody who left gets one."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from newsletter.adapters.mailers.outbox import OutboxMailer
from newsletter.audience.departures import departure_log
from newsletter.backup import restore as restoring
from newsletter.backup.archive import Manifest, read_archive, write_archive
from newsletter.backup.make import back_up
from newsletter.backup.since import HELD
from newsletter.core.digests.seen_papers import unpack_seen
from newsletter.errors import ConfigurationError, NewsletterError
from newsletter.models import Delivery, Paper, SendPause, Subscriber
from newsletter.models.delivery import State
from newsletter.pipeline.send.pause import resume_sending
from newsletter.subscribers.unsubscribe import erase
from tests.backup.steps import LATER, put_back, state, yesterday
from tests.pipeline.deliveries import (
    NOW,
    deliver,
    digest,
    new_subscriber,
    reconcile_now,
)
from tests.pipeline.killed import Smtp

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("data")]

# --- what was waiting ------------------------------------------------------------------------------------


def test_what_the_outbox_shows_was_accepted_and_the_rest_is_held(tmp_path: Path) -> None:
    rows = [digest(papers={"summarised": [number]}) for number in range(4)]
    path = yesterday(tmp_path)
    mailer = OutboxMailer(settings.CONFIG.outbox_folder)
    assert deliver(mailer).states == {"ACCEPTED": 4}
    (settings.CONFIG.outbox_folder / f"{rows[3].pk}.eml").unlink()
    shutil.rmtree(settings.CONFIG.journal_folder)
    since = put_back(path)
    assert (since.accepted, since.held) == (3, 1)
    assert [state(row) for row in rows] == [State.ACCEPTED] * 3 + [State.AMBIGUOUS]
    seen = [set(unpack_seen(bytes(each.seen_papers))) for each in Subscriber.objects.order_by("pk")]
    assert seen == [{0}, {1}, {2}, set()]
    resume_sending()
    reconcile_now(mailer, real_now=timezone.now() + timedelta(days=1))
    assert deliver(mailer, now=LATER).handled == 0
    assert state(rows[3]) == State.AMBIGUOUS


def test_a_mail_that_was_being_sent_in_the_back_up_is_settled_by_its_journal(tmp_path: Path) -> None:
    row = digest(papers={"summarised": [1]})
    path = tmp_path / "yesterday.newsletter"
    deliver(Smtp(in_body=lambda _: back_up(path)))
    put_back(path)
    assert state(row) == State.ACCEPTED
    assert Delivery.objects.filter(lease_owner__gt="").count() == 0


def test_a_reader_with_digests_who_was_erased_since_is_erased_with_them(tmp_path: Path) -> None:
    ada, bob = new_subscriber("ada@example.org"), new_subscriber("bob@example.org")
    kept = [digest(reader, papers={"summarised": [1]}) for reader in (ada, bob)][1]
    path = yesterday(tmp_path)
    erase(ada, now=NOW)
    assert put_back(path).erased == 1
    assert [each.email for each in Subscriber.objects.all()] == ["bob@example.org"]
    assert [each.pk for each in Delivery.objects.all()] == [kept.pk]


# --- refusals --------------------------------------------------------------------------------------------


def assert_refused(
    path: Path, said: str, *, error: type[Exception] = NewsletterError, replace: bool = True
) -> None:
    before = [model.objects.count() for model in (Subscriber, Delivery, SendPause)]
    with pytest.raises(error, match=said) as caught:
        put_back(path, replace=replace)
    assert "\n" not in str(caught.value)
    assert [model.objects.count() for model in (Subscriber, Delivery, SendPause)] == before
    assert not list(settings.CONFIG.data_dir.glob(".backup-*"))


def changed(monkeypatch: pytest.MonkeyPatch, **update: Any) -> None:
    """Restore as if the manifest said this."""
    usual = read_archive

    def read(*args: Any, **options: Any) -> Manifest:
        return usual(*args, **options).model_copy(update=update)

    monkeypatch.setattr(restoring, "read_archive", read)


def test_a_newer_schema_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = yesterday(tmp_path)
    changed(monkeypatch, migrations=[("newsletter", "9000_from_the_future")])
    assert_refused(path, "newer version .*9000_from_the_future.*: upgrade")


def test_another_kind_of_database_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = yesterday(tmp_path)
    other = {"sqlite": "postgresql", "postgresql": "sqlite"}[connection.vendor]
    changed(monkeypatch, database=other)
    assert_refused(path, f"holds a database of {other}")


def test_a_database_with_something_in_it_is_refused_unless_it_is_to_be_replaced(tmp_path: Path) -> None:
    new_subscriber("ada@example.org")
    path = yesterday(tmp_path)
    new_subscriber("bob@example.org")
    assert_refused(path, "not empty.*--replace", replace=False)
    put_back(path)
    assert [each.email for each in Subscriber.objects.all()] == ["ada@example.org"]
    Subscriber.objects.all().delete()
    put_back(path, replace=False)
    assert Subscriber.objects.count() == 1


def test_a_back_up_of_another_secret_key_is_refused(tmp_path: Path, settings: Any) -> None:
    path = yesterday(tmp_path)
    settings.CONFIG = settings.CONFIG.model_copy(update={"secret_key": "another one, long enough"})
    assert_refused(path, "does not hold this back-up's key", error=ConfigurationError)


def test_rows_that_are_not_as_many_as_they_were_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_subscriber()
    path = yesterday(tmp_path)
    changed(monkeypatch, rows={"newsletter_subscriber": 2})
    assert_refused(path, "newsletter_subscriber has 1 rows, and the back-up says 2")


def test_a_failure_at_the_very_end_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new_subscriber("ada@example.org")
    path = yesterday(tmp_path)
    new_subscriber("bob@example.org")

    def fail(*_: Any) -> None:
        raise NewsletterError("no space")

    monkeypatch.setattr(restoring, "_put_key", fail)
    assert_refused(path, "no space")
    assert Subscriber.objects.count() == 2


@pytest.mark.skipif("connection.vendor != 'postgresql'")
def test_a_postgresql_that_somebody_else_uses_is_refused(tmp_path: Path) -> None:
    path = yesterday(tmp_path)
    other = connection.copy()
    try:
        other.ensure_connection()
        assert_refused(path, "1 other connection to the database: stop the service first")
    finally:
        other.close()


@contextmanager
def in_a_file_of_its_own(path: Path) -> Iterator[None]:
    """Work on a copy of the test database, which may be damaged."""
    usual = connection.settings_dict["NAME"]
    connection.ensure_connection()
    with closing(sqlite3.connect(path)) as copy:
        connection.connection.backup(copy)
    connection.close()
    connection.settings_dict["NAME"] = str(path)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = usual


def damage(path: Path, *, page: int) -> None:
    connection.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)


@pytest.mark.skipif("connection.vendor != 'sqlite'")
def test_a_database_that_cannot_be_read_is_put_aside(tmp_path: Path) -> None:
    new_subscriber()
    path, database = yesterday(tmp_path), tmp_path / "its.sqlite3"
    with in_a_file_of_its_own(database):
        damage(database, page=1)
        with pytest.raises(NewsletterError, match="cannot be read: --replace"):
            put_back(path, replace=False)
        put_back(path)
        assert Subscriber.objects.count() == 1
    assert database.with_name("its.sqlite3.unreadable").read_bytes().startswith(b"\xff")


@pytest.mark.skipif("connection.vendor != 'sqlite'")
def test_a_damaged_database_is_not_backed_up(tmp_path: Path) -> None:
    """What reads all of it finds out; daily work may not."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT rootpage FROM sqlite_master WHERE name = 'newsletter_gatherrun'")
        [page] = cursor.fetchone()
    with in_a_file_of_its_own(tmp_path / "its.sqlite3"):
        damage(tmp_path / "its.sqlite3", page=page)
        with pytest.raises(NewsletterError, match="damaged, and was not backed up"):
            back_up(tmp_path / "b")
    assert not (tmp_path / "b").exists()


# --- key, figures, numbers -------------------------------------------------------------------------------


def test_a_lost_folder_gets_its_key_and_figures_back(tmp_path: Path, settings: Any) -> None:
    settings.CONFIG = settings.CONFIG.model_copy(update={"secret_key": ""})
    figure = settings.CONFIG.figure_folder / f"{'a' * 40}.png"
    figure.parent.mkdir(parents=True)
    figure.write_bytes(b"a picture")
    path = yesterday(tmp_path)
    shutil.rmtree(settings.CONFIG.data_dir)
    put_back(path)
    key = settings.CONFIG.data_dir / "secret_key"
    assert key.read_text() == settings.SECRET_KEY
    assert key.stat().st_mode & 0o777 == 0o600
    assert figure.read_bytes() == b"a picture"
    key.write_text("the one of another service")
    put_back(path)
    assert key.read_text() == settings.SECRET_KEY
    assert key.with_name("secret_key.before-restore").read_text() == "the one of another service"


def test_numbers_go_on_where_they_were(tmp_path: Path) -> None:
    """Ids that were given are not given again: links and unknown rows may still name them."""
    last = new_subscriber()
    for _ in range(3):
        last = new_subscriber()
    key = last.pk
    last.delete()
    put_back(yesterday(tmp_path))
    assert new_subscriber().pk == key + 1


def test_nothing_of_the_newer_history_stays(tmp_path: Path) -> None:
    row = digest()
    path = yesterday(tmp_path)
    newer = digest(slot_key="2026-06-20")
    put_back(path)
    assert Delivery.objects.filter(pk=row.pk, last_code=HELD).exists()
    assert not Delivery.objects.filter(pk=newer.pk).exists()
    assert not Paper.objects.exists()
    with connection.cursor() as cursor:
        connection.check_constraints()
        cursor.execute("SELECT COUNT(*) FROM newsletter_pagechange")
        assert cursor.fetchone()[0] >= 1  # caches start anew


# --- an older schema -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "schema", ["0091_digest_notice", pytest.param("0013_skipped", marks=pytest.mark.slow)]
)
def test_a_back_up_of_an_older_schema_is_migrated(schema: str, tmp_path: Path) -> None:
    """The slow one is 0.1.0's."""
    from django.db.migrations.executor import MigrationExecutor

    from newsletter.backup.archive import Position
    from newsletter.backup.databases import dump

    log = departure_log().begun()
    assert log
    executor = MigrationExecutor(connection)
    newest = executor.loader.graph.leaf_nodes("newsletter")
    released = [("newsletter", schema)]
    executor.migrate(released)
    try:
        old = executor.loader.project_state(released).apps
        old.get_model("newsletter", "Subscriber").objects.create(
            email="ann@example.org", email_key="ann@example.org", status="active", joined_at=NOW
        )
        folder = tmp_path / "old"
        folder.mkdir()
        (folder / "secret_keys").write_text(settings.SECRET_KEY)
        manifest = Manifest(
            version="0.1.0", made_at=timezone.now(), departures=Position(id=log.id, lines=0), **dump(folder)
        )
        assert ("newsletter", "0100_restored") not in manifest.migrations
        path = tmp_path / "old.newsletter"
        write_archive(path, folder, manifest)
    finally:
        MigrationExecutor(connection).migrate(newest)
    Subscriber.objects.all().delete()
    put_back(path)
    assert [each.email for each in Subscriber.objects.all()] == ["ann@example.org"]
    executor = MigrationExecutor(connection)
    assert not executor.migration_plan(executor.loader.graph.leaf_nodes())


@pytest.mark.skipif("connection.vendor != 'sqlite'")
def test_the_database_can_be_read_by_sqlite_alone(tmp_path: Path) -> None:
    import tarfile

    new_subscriber("ada@example.org")
    with tarfile.open(yesterday(tmp_path)) as tar:
        tar.extract("database.sqlite3", tmp_path, filter="data")
    with closing(sqlite3.connect(tmp_path / "database.sqlite3")) as database:
        assert database.execute("SELECT email FROM newsletter_subscriber").fetchall() == [
            ("ada@example.org",)
        ]
