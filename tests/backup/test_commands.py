"""``newsletter backup`` and ``restore`` on the command line: what they refuse, in one line each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings

from newsletter.cli.folder_lock import only_service_in
from tests.cli.runner import done, newsletter

pytestmark = pytest.mark.django_db(transaction=True)

REFUSED = (
    (["restore", "{folder}/missing"], "missing cannot be read: No such file or directory"),
    (["restore", "{folder}/text"], "is no back-up of this service"),
    (["restore", "{folder}/locked"], "is encrypted: give its passphrase with --passphrase-file"),
    (["restore", "{folder}/locked", "--passphrase-file", "{folder}/text"], "another passphrase"),
    (["restore", "{folder}/locked", "--passphrase-file", "{folder}/empty"], "is empty: its first line"),
    (["backup", "{folder}/locked"], "exists already: give the back-up another name"),
    (["backup", "{folder}/nowhere/b"], "nowhere/b cannot be written: No such file or directory"),
)


def test_a_refusal_is_one_line(data: Path, tmp_path: Path) -> None:
    (tmp_path / "text").write_text("not the passphrase\n")
    (tmp_path / "empty").touch()
    (tmp_path / "right").write_text("correct horse\n")
    done("backup", str(tmp_path / "locked"), "--passphrase-file", str(tmp_path / "right"))
    for words, said in REFUSED:
        told = newsletter(*(word.format(folder=tmp_path) for word in words))
        assert told.code in (1, 2)
        assert said in told.line
        assert not list(settings.CONFIG.data_dir.glob(".backup-*"))
    assert data.is_dir()


def test_the_keys_of_a_back_up_can_be_had(data: Path, tmp_path: Path) -> None:
    done("backup", str(tmp_path / "b"))
    keys = tmp_path / "keys.txt"
    done("restore", str(tmp_path / "b"), "--keys-to", str(keys))
    assert keys.read_text() == f"{settings.SECRET_KEY}\n"
    assert keys.stat().st_mode & 0o777 == 0o600
    assert "exists already" in newsletter("restore", str(tmp_path / "b"), "--keys-to", str(keys)).line
    assert data.is_dir()


def test_a_folder_that_a_service_uses_is_refused(data: Path, tmp_path: Path) -> None:
    done("backup", str(tmp_path / "b"))
    with only_service_in(data):
        told = newsletter("restore", str(tmp_path / "b"))
    assert told.code == 2
    assert "is in use by another newsletter up" in told.line


def test_it_says_how_to_get_papers_that_are_too_old_for_a_usual_gather(data: Path, tmp_path: Path) -> None:
    done("backup", str(tmp_path / "b"))
    later = (datetime.now(UTC) + timedelta(days=20, hours=1)).isoformat()
    said = done("restore", str(tmp_path / "b"), "--replace", "--now", later).out
    assert (
        "papers      of 20 days are missing, and a gather looks back 14: NEWSLETTER_ARXIV_LOOKBACK_DAYS=21"
        in said
    )
    assert "looks back" not in done("restore", str(tmp_path / "b"), "--replace").out
    assert data.is_dir()
