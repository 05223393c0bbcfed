from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from newsletter.adapters.mailers.outbox import OutboxMailer
from newsletter.adapters.ports import Outcome, Verdict
from newsletter.errors import BadInput, TemporaryError
from tests.fakes.outgoing import Begun, outgoing


def send_one(mailer: OutboxMailer, **changes: Any) -> Outcome:
    [outcome] = mailer.send([replace(outgoing(), **changes)], bodies=Begun())
    return outcome


def test_it_writes_the_exact_bytes_under_the_delivery_id(tmp_path: Path) -> None:
    message = outgoing()
    send_one(OutboxMailer(tmp_path / "new" / "outbox"))
    written = tmp_path / "new" / "outbox" / f"{message.delivery_id}.eml"
    assert written.read_bytes() == message.message
    assert [path.name for path in written.parent.iterdir()] == [written.name]


def test_the_file_is_the_evidence(tmp_path: Path) -> None:
    mailer = OutboxMailer(tmp_path)
    delivery_id = outgoing().delivery_id
    assert mailer.evidence(delivery_id) is False
    send_one(mailer)
    assert mailer.evidence(delivery_id) is True


def test_a_retry_of_what_is_there_is_accepted_and_changes_nothing(tmp_path: Path) -> None:
    mailer = OutboxMailer(tmp_path)
    send_one(mailer)
    before = (tmp_path / f"{outgoing().delivery_id}.eml").stat()
    assert send_one(mailer).verdict is Verdict.ACCEPTED
    assert (tmp_path / f"{outgoing().delivery_id}.eml").stat() == before


def test_the_mail_a_subscriber_has_is_not_replaced_by_another(tmp_path: Path) -> None:
    mailer = OutboxMailer(tmp_path)
    send_one(mailer)
    outcome = send_one(mailer, message=b"another\r\n")
    assert (outcome.verdict, outcome.detail) == (
        Verdict.ACCEPTED,
        "kept the file that was there, which differs",
    )
    assert (tmp_path / f"{outgoing().delivery_id}.eml").read_bytes() == outgoing().message


@pytest.mark.parametrize(
    "delivery_id", ["../escape", "a/b", "", ".", "x" * 32, "00000000-0000-0000-0000-000000000001\n", "A" * 32]
)
def test_only_a_uuid_becomes_a_file_name(tmp_path: Path, delivery_id: str) -> None:
    mailer = OutboxMailer(tmp_path / "outbox")
    assert send_one(mailer, delivery_id=delivery_id).verdict is Verdict.BAD_MESSAGE
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(BadInput):
        mailer.evidence(delivery_id)


def test_a_folder_that_cannot_be_looked_into_is_no_evidence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(_path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "exists", denied)
    with pytest.raises(TemporaryError, match="Permission denied"):
        OutboxMailer(tmp_path).evidence(outgoing().delivery_id)


def test_a_uuid_without_hyphens_is_one_too(tmp_path: Path) -> None:
    assert send_one(OutboxMailer(tmp_path), delivery_id="0" * 31 + "1").verdict is Verdict.ACCEPTED


def test_a_folder_that_cannot_be_is_tried_again_later(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    outcome = send_one(OutboxMailer(tmp_path / "file" / "outbox"))
    assert outcome.verdict is Verdict.RETRY
    assert "Not a directory" in outcome.detail


def test_a_full_disk_is_tried_again_later_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        outcome = send_one(OutboxMailer(tmp_path))
    assert outcome.verdict is Verdict.RETRY
    assert "No space left" in outcome.detail
    assert list(tmp_path.iterdir()) == []
    assert send_one(OutboxMailer(tmp_path)).verdict is Verdict.ACCEPTED


def test_file_and_folder_are_on_disk_before_it_is_accepted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[str, bool]] = []
    real = os.fsync

    def watch(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").resolve()
        named = (tmp_path / f"{outgoing().delivery_id}.eml").exists()
        synced.append(("folder" if path.is_dir() else "file", named))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", watch)
    send_one(OutboxMailer(tmp_path))
    assert synced == [("file", False), ("folder", True)]
