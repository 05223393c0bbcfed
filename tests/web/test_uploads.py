"""An upload leaves nothing behind, and a mail program's multipart request is understood all the same."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from newsletter.audience.tokens import Purpose
from tests.web.conftest import Service


def test_an_uploaded_file_is_stored_nowhere(
    visitor: Client, service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a file was begun")

    monkeypatch.setattr("django.core.files.uploadedfile.TemporaryUploadedFile.__init__", refuse)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    file = SimpleUploadedFile("big.bin", b"x" * 5_000_000)
    assert visitor.post("/", {"email": "x", "file": file}).status_code == 400
    sent = {"List-Unsubscribe": "One-Click", "file": SimpleUploadedFile("big.bin", b"x" * 5_000_000)}
    answer = visitor.post(service.link(Purpose.UNSUBSCRIBE), sent)
    assert (answer.status_code, answer.content) == (200, b"")
    service.subscriber.refresh_from_db()
    assert service.subscriber.status == "unsubscribed"
    assert list(tmp_path.iterdir()) == []
