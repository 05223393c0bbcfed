"""The file: whole or not at all, and nothing but what was written comes out of it."""

from __future__ import annotations

import gzip
import io
import os
import resource
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from newsletter.backup.archive import Manifest, Position, read_archive, write_archive
from newsletter.backup.encryption import CHUNK, MAGIC, Damaged, EncryptedReader, EncryptedWriter
from newsletter.errors import NewsletterError

SECRET = "correct horse"
CONTENT = {
    "secret_keys": b"a key",
    "tables/newsletter_topic.copy": os.urandom(70_000),
    "database.sqlite3": b"",
}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a second a guess is for real ones."""
    monkeypatch.setattr("newsletter.backup.encryption.Scrypt", lambda **given: Scrypt(**given | {"n": 2}))


def manifest() -> Manifest:
    return Manifest(
        version="0.1.0",
        made_at=datetime(2026, 6, 14, 8, 0, tzinfo=UTC),
        database="sqlite",
        migrations=[("newsletter", "0001_initial")],
        rows={"newsletter_topic": 3},
        departures=Position(id="the log", lines=7),
    )


def written(folder: Path, *, passphrase: str = "") -> Path:
    source = folder / "source"
    for name, content in CONTENT.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(content)
    path = folder / "june.newsletter"
    write_archive(path, source, manifest(), passphrase=passphrase)
    return path


def read(path: Path, *, passphrase: str = SECRET, into: Path | None = None) -> Manifest:
    return read_archive(path, into=into, passphrase_for=lambda: passphrase)


@pytest.mark.parametrize("passphrase", ["", SECRET])
def test_what_is_written_is_read(passphrase: str, tmp_path: Path) -> None:
    path = written(tmp_path, passphrase=passphrase)
    found = read(path, into=tmp_path / "out")
    assert found.model_copy(update={"files": {}}) == manifest()
    read_files = {name: (tmp_path / "out" / name).read_bytes() for name in found.files}
    assert read_files == CONTENT
    assert path.stat().st_mode & 0o777 == 0o600
    assert (CONTENT["secret_keys"] in gzip.decompress(path.read_bytes())) if not passphrase else True
    assert sorted(each.name for each in tmp_path.iterdir()) == ["june.newsletter", "out", "source"]


def test_what_is_encrypted_shows_nothing(tmp_path: Path) -> None:
    content = written(tmp_path, passphrase=SECRET).read_bytes()
    assert content.startswith(MAGIC)
    assert b"manifest" not in content
    assert b"\x1f\x8b\x08" not in content[:200]


@pytest.mark.parametrize("passphrase", ["", SECRET])
def test_one_that_is_cut_off_anywhere_is_refused(passphrase: str, tmp_path: Path) -> None:
    path = written(tmp_path, passphrase=passphrase)
    content, cut = path.read_bytes(), tmp_path / "cut"
    for end in [*range(0, len(content), 2_999), *range(len(content) - 30, len(content))]:
        cut.write_bytes(content[:end])
        with pytest.raises(NewsletterError, match=r"cut off or damaged|no back-up of this service") as caught:
            read(cut)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("passphrase", ["", SECRET])
def test_one_with_another_byte_anywhere_is_refused_or_reads_the_same(passphrase: str, tmp_path: Path) -> None:
    """Some bits of gzip's and tar's heads mean nothing; no file may come out changed."""
    path = written(tmp_path, passphrase=passphrase)
    content, other = path.read_bytes(), tmp_path / "other"
    refused = 0
    for place in range(0, len(content), 1_013):
        other.write_bytes(content[:place] + bytes([content[place] ^ 0x41]) + content[place + 1 :])
        try:
            found = read(other, into=tmp_path / "out")
        except NewsletterError:
            refused += 1
        else:
            assert found.files == read(path).files
    assert refused > len(content) // 1_013 // 2


FOREIGN = {
    "empty": b"",
    "text": b"SELECT 1;\n" * 100,
    "gzipped text": gzip.compress(b"SELECT 1;\n" * 100),
    "sqlite": b"SQLite format 3\0" + bytes(4096),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_foreign_file_is_refused(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "foreign"
    path.write_bytes(FOREIGN[kind])
    with pytest.raises(NewsletterError, match="is no back-up of this service: give a file"):
        read(path)


def tar_of(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def test_a_tar_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NewsletterError, match="no back-up of this service"):
        read(tar_of(tmp_path / "tar", {"etc/passwd": b"root"}))


@pytest.mark.parametrize("name", ["../out", "/etc/cron.d/x", "tables/../../out", "a/b/c.copy", ".ssh"])
def test_no_file_lands_outside_its_folder(name: str, tmp_path: Path) -> None:
    described = {name: {"bytes": 1, "sha256": "0" * 64}}
    content = manifest().model_dump_json().replace('"files":{}', f'"files":{described!s}'.replace("'", '"'))
    path = tar_of(tmp_path / "tar", {"manifest.json": content.encode(), name: b"x"})
    with pytest.raises(NewsletterError, match="its manifest is of another version"):
        read(path, into=tmp_path / "in" / "here")
    assert not (tmp_path / "in").exists()


def test_a_file_that_the_manifest_does_not_name_is_refused(tmp_path: Path) -> None:
    content = manifest().model_dump_json().encode()
    with pytest.raises(NewsletterError, match="cut off or damaged"):
        read(tar_of(tmp_path / "tar", {"manifest.json": content, "more": b"x"}), into=tmp_path / "in")
    assert not (tmp_path / "in").exists()


def test_a_manifest_of_a_later_format_is_refused(tmp_path: Path) -> None:
    content = manifest().model_dump_json().replace('"newsletter_backup":1', '"newsletter_backup":2')
    with pytest.raises(NewsletterError, match="restore it with the version that made it"):
        read(tar_of(tmp_path / "tar", {"manifest.json": content.encode()}))


def test_another_passphrase_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, passphrase=SECRET)
    with pytest.raises(NewsletterError, match="another passphrase"):
        read(path, passphrase="battery staple")


def test_an_existing_file_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "june.newsletter"
    path.write_text("something else")
    with pytest.raises(NewsletterError, match="exists already: give the back-up another name"):
        written(tmp_path)
    assert path.read_text() == "something else"


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    source = tmp_path / "source"
    source.mkdir()
    (source / "database.sqlite3").write_bytes(os.urandom(300_000))
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
    try:
        with pytest.raises(NewsletterError, match="cannot be written: File too large"):
            write_archive(tmp_path / "full", source, manifest())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [each.name for each in tmp_path.iterdir()] == ["source"]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    with pytest.raises(NewsletterError, match="missing/b cannot be written: No such file or directory"):
        write_archive(tmp_path / "missing" / "b", tmp_path / "source", manifest())


# --- chunks ----------------------------------------------------------------------------------------------


def sealed(content: bytes, *, passphrase: str = SECRET) -> bytes:
    file = io.BytesIO()
    writer = EncryptedWriter(file, passphrase)
    writer.write(content)
    writer.close()
    return file.getvalue()


def opened(content: bytes) -> bytes:
    file = io.BytesIO(content[len(MAGIC) :])
    return EncryptedReader(file, SECRET).read() or b""


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 1])
def test_any_length_comes_out_as_it_went_in(size: int) -> None:
    content = os.urandom(size)
    assert opened(sealed(content)) == content


def test_chunks_cannot_be_left_out_exchanged_or_taken_from_another_file() -> None:
    content = os.urandom(3 * CHUNK)
    whole, other = sealed(content), sealed(content)
    start = len(MAGIC) + 32
    chunks = [whole[at : at + CHUNK + 16] for at in range(start, len(whole), CHUNK + 16)]
    assert len(chunks) == 3
    first, second, third = chunks
    foreign = other[start : start + CHUNK + 16]
    for wrong in (
        [second, first, third],
        [first, third],
        [first, second],
        [first, second, third, third],
        [foreign, second, third],
        [],
    ):
        with pytest.raises(Damaged):
            opened(whole[:start] + b"".join(wrong))
    assert opened(whole[:start] + b"".join(chunks)) == content
