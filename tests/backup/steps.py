"""What tests of restoring do again and again."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from newsletter.backup.make import back_up
from newsletter.backup.restore import restore
from newsletter.backup.since import Since
from newsletter.models import Delivery, Subscriber
from newsletter.subscribers.unsubscribe import unsubscribe
from tests.pipeline.deliveries import NOW

LATER = NOW + timedelta(days=1)


def yesterday(tmp_path: Path) -> Path:
    path = tmp_path / "yesterday.newsletter"
    back_up(path)
    return path


def no_passphrase() -> str:
    raise AssertionError("it is not encrypted")


def put_back(path: Path, *, now: datetime = LATER, replace: bool = True) -> Since:
    return restore(path, now=now, replace=replace, passphrase_for=no_passphrase).since


def state(row: Delivery) -> str:
    return Delivery.objects.get(pk=row.pk).state


def leaves(reader: Subscriber) -> None:
    unsubscribe(reader, source="test", now=NOW)
