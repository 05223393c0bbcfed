"""The outbox: each message becomes one file, ``<delivery id>.eml``, with its exact bytes.

A file appears whole or not at all, and survives a power cut once reported as accepted. So the file is the
evidence for a delivery whose worker died.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

from newsletter.adapters.ports import Bodies, Outcome, Outgoing, Verdict
from newsletter.config import Config
from newsletter.config.private_files import sync_folder
from newsletter.errors import BadInput, PermanentError, TemporaryError

_DELIVERY_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def mailer(config: Config) -> OutboxMailer:
    return OutboxMailer(config.outbox_folder)


def check_login(config: Config) -> str:
    """Make sure that the folder can be written; return where it is. Raises PermanentError."""
    folder = config.outbox_folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise PermanentError(f"{folder} cannot be written: {error.strerror or error}") from error
    return f"the folder {folder}: mails stay on this machine"


class OutboxMailer:
    """A ``Mailer`` that writes to ``folder``, made when first needed. Any number may share a folder."""

    name = "outbox"
    lease = timedelta(seconds=15)
    batch_size = shared_batch_size = 50
    sends_bytes = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, messages: Sequence[Outgoing], *, bodies: Bodies) -> Iterator[Outcome]:
        for message in messages:
            yield self._deliver(message, bodies=bodies)

    def evidence(self, delivery_id: str) -> bool:
        """Say whether the file is there.

        Raises BadInput for what is no delivery id, TemporaryError for a folder that cannot be read.
        """
        path = self._path(delivery_id)
        try:
            return path.exists()
        except OSError as error:
            raise TemporaryError(f"{self._folder}: {error.strerror or error}") from error

    def forget(self, delivery_ids: Iterable[str]) -> None:
        """Remove the files of these deliveries, and temporary files of killed workers.

        Raises BadInput for what is no delivery id, TemporaryError for a file that cannot be removed.
        """
        paths = [self._path(delivery_id) for delivery_id in delivery_ids]
        try:
            if not self._folder.is_dir():
                return
            names = {path.stem for path in paths}
            halves = [
                each for each in self._folder.glob(".*.tmp") if each.name[1:].partition(".")[0] in names
            ]
            for path in (*paths, *halves):
                path.unlink(missing_ok=True)
            sync_folder(self._folder)
        except OSError as error:
            raise TemporaryError(f"{self._folder}: {error.strerror or error}") from error

    def close(self) -> None:
        """Do nothing: no connection is kept."""

    def _deliver(self, message: Outgoing, *, bodies: Bodies) -> Outcome:
        delivery_id = message.delivery_id
        try:
            path = self._path(delivery_id)
        except BadInput as error:
            return Outcome(delivery_id=delivery_id, verdict=Verdict.BAD_MESSAGE, detail=str(error))
        if delivery_id not in bodies.begin([delivery_id]):
            return Outcome(delivery_id=delivery_id, verdict=Verdict.NOT_BEGUN)
        try:
            if path.exists():  # that mail was delivered before
                is_same = path.read_bytes() == message.message
                detail = "" if is_same else "kept the file that was there, which differs"
                return Outcome(delivery_id=delivery_id, verdict=Verdict.ACCEPTED, detail=detail)
            temporary = _write(path, message.message)
        except OSError as error:
            return self._not_now(delivery_id, error)
        try:
            bodies.end([delivery_id])
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        try:
            temporary.replace(path)
            sync_folder(path.parent)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            return self._not_now(delivery_id, error)
        return Outcome(delivery_id=delivery_id, verdict=Verdict.ACCEPTED)

    def _not_now(self, delivery_id: str, error: OSError) -> Outcome:
        detail = f"{self._folder}: {error.strerror or error}"
        return Outcome(delivery_id=delivery_id, verdict=Verdict.RETRY, detail=detail)

    def _path(self, delivery_id: str) -> Path:
        if not _DELIVERY_ID.fullmatch(delivery_id):
            raise BadInput(f"not a delivery id: {delivery_id!r}")
        return self._folder / f"{delivery_id}.eml"


def _write(path: Path, content: bytes) -> Path:
    """Write a temporary file beside ``path``; return it, with its content on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.stem}.", suffix=".tmp", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary
