"""The archive: a gzipped tar whose first member says what the others are, and their checksums.

Without a passphrase ``tar -xzf`` opens it, too. It is written beside its name, read back, and then named.
"""

from __future__ import annotations

import os
import re
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from gzip import BadGzipFile, GzipFile
from hashlib import file_digest, sha256
from pathlib import Path
from typing import IO, Literal, cast

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from newsletter.backup.encryption import MAGIC, Damaged, EncryptedReader, EncryptedWriter
from newsletter.config.private_files import sync_folder
from newsletter.errors import NewsletterError

MANIFEST = "manifest.json"
LONGEST_MANIFEST = 100_000_000
GZIP = b"\x1f\x8b"
BLOCK = 2**20
_NAME = re.compile(r"[a-z0-9_]+(?:\.[a-z0-9]+)?(?:/[a-z0-9_]+\.[a-z0-9]+)?")


class File(BaseModel):
    bytes: int
    sha256: str


class Position(BaseModel):
    """How far the departure log had come."""

    id: str
    lines: int


class Manifest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    newsletter_backup: Literal[1] = 1
    """The format."""
    version: str
    """Of this package."""
    made_at: datetime
    """Real time, before the database was read."""
    database: Literal["sqlite", "postgresql"]
    migrations: list[tuple[str, str]]
    """(app, name) of each that the database had."""
    rows: dict[str, int]
    """By table."""
    sequences: dict[str, int] = {}
    """PostgreSQL's: the last value of each."""
    departures: Position
    files: dict[str, File] = {}

    @field_validator("files")
    @classmethod
    def _are_ours(cls, files: dict[str, File]) -> dict[str, File]:
        """No file may land outside the folder it is unpacked into."""
        if strange := [name for name in files if not _NAME.fullmatch(name)]:
            raise ValueError(f"{strange[0]} does not belong into a back-up")
        return files


PassphraseFor = Callable[[], str]
"""Asked only when the archive is encrypted; raises NewsletterError where there is none."""


def write_archive(path: Path, folder: Path, manifest: Manifest, *, passphrase: str = "") -> Manifest:
    """Write the files of ``folder`` as an archive, which appears whole or not at all; return its manifest.

    Raises NewsletterError if there is a file of that name, or it cannot be written.
    """
    names = sorted(str(found.relative_to(folder)) for found in folder.rglob("*") if found.is_file())
    manifest = manifest.model_copy(update={"files": {name: _described(folder / name) for name in names}})
    temporary = Path()
    try:
        if path.exists():
            raise NewsletterError(f"{path} exists already: give the back-up another name")
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # 0600
        temporary = Path(name)
        with os.fdopen(descriptor, "wb") as file:
            with _packing(file, passphrase) as tar:
                _add_manifest(tar, manifest, folder=folder)
                for name in names:
                    tar.add(folder / name, arcname=name, recursive=False)
            file.flush()
            os.fsync(file.fileno())
        read_archive(temporary, passphrase_for=lambda: passphrase)
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise NewsletterError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        if temporary.name:
            temporary.unlink(missing_ok=True)
    return manifest


def read_archive(path: Path, *, into: Path | None = None, passphrase_for: PassphraseFor) -> Manifest:
    """Check an archive as a whole, and put its files ``into`` a folder; return its manifest.

    Raises NewsletterError for what is no archive of ours, is damaged, or has another passphrase.
    """
    try:
        with _unpacking(path, passphrase_for) as tar:
            manifest = _manifest_of(tar, path)
            _unpack(tar, manifest, into=into)
    except (Damaged, EOFError, BadGzipFile, tarfile.TarError, zlib.error) as error:
        raise NewsletterError(f"{path} is cut off or damaged: take another copy of this back-up") from error
    except OSError as error:
        raise NewsletterError(f"{path} cannot be read: {error.strerror or error}") from error
    return manifest


def _unpack(tar: tarfile.TarFile, manifest: Manifest, *, into: Path | None) -> None:
    """Raises Damaged unless exactly the files of the manifest follow."""
    missing = dict(manifest.files)
    while (member := tar.next()) is not None:
        expected, content = missing.pop(member.name, None), tar.extractfile(member)
        if expected is None or content is None:
            raise Damaged
        if _copied(content, into / member.name if into else None) != expected:
            raise Damaged
    if missing:
        raise Damaged


def _manifest_of(tar: tarfile.TarFile, path: Path) -> Manifest:
    try:
        first = tar.next()
        content = tar.extractfile(first) if first and first.name == MANIFEST else None
        if content is None:
            raise _foreign(path)
        return Manifest.model_validate_json(content.read(LONGEST_MANIFEST))
    except tarfile.ReadError as error:
        raise _foreign(path) from error
    except ValidationError as error:
        newer = "its manifest is of another version of newsletter: restore it with the version that made it"
        raise NewsletterError(f"{path}: {newer}") from error


def _foreign(path: Path) -> NewsletterError:
    return NewsletterError(f"{path} is no back-up of this service: give a file that newsletter backup made")


def _described(path: Path) -> File:
    with path.open("rb") as file:
        return File(bytes=path.stat().st_size, sha256=file_digest(file, "sha256").hexdigest())


def _add_manifest(tar: tarfile.TarFile, manifest: Manifest, *, folder: Path) -> None:
    path = folder / MANIFEST
    path.write_text(manifest.model_dump_json(indent=1), encoding="utf-8")
    tar.add(path, arcname=MANIFEST)


def _copied(content: IO[bytes], path: Path | None) -> File:
    """Read a member, into a file if there is one to be; return what it was."""
    checksum, size = sha256(), 0
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
    with (path or Path(os.devnull)).open("wb") as file:
        while block := content.read(BLOCK):
            checksum.update(block)
            size += file.write(block)
    return File(bytes=size, sha256=checksum.hexdigest())


@contextmanager
def _packing(file: IO[bytes], passphrase: str) -> Iterator[tarfile.TarFile]:
    """Yield a tar whose members go into the file, closed in the right order afterwards."""
    sealed = cast("IO[bytes]", EncryptedWriter(file, passphrase)) if passphrase else None
    with (
        GzipFile(fileobj=sealed or file, mode="wb", filename="", compresslevel=6) as zipped,
        tarfile.open(fileobj=zipped, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        yield tar
    if sealed:
        sealed.close()


@contextmanager
def _unpacking(path: Path, passphrase_for: PassphraseFor) -> Iterator[tarfile.TarFile]:
    with path.open("rb") as file:
        begins = file.read(len(MAGIC))
        source: IO[bytes] = file
        if begins == MAGIC:
            source = cast("IO[bytes]", EncryptedReader(file, passphrase_for()))
        elif begins.startswith(GZIP):
            file.seek(0)
        else:
            raise _foreign(path)
        with GzipFile(fileobj=source, mode="rb") as zipped:
            with _tar_in(zipped, path) as tar:
                yield tar
            while zipped.read(BLOCK):  # to the end: what was cut off there counts, too
                pass


def _tar_in(zipped: GzipFile, path: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(fileobj=zipped, mode="r|")
    except tarfile.ReadError as error:
        raise _foreign(path) from error
