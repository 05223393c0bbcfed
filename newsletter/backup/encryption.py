"""A file under a passphrase: scrypt makes the key, AES-256-GCM seals a chunk at a time.

The nonce of a chunk is its number and whether it is the last one (the STREAM construction, as age and Tink
use it): chunks cannot be changed, left out, exchanged or cut off. A file has a salt, and a key, of its own.
"""

from __future__ import annotations

import io
import os
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from newsletter.errors import NewsletterError

MAGIC = b"newsletter backup, encrypted 1\n"
CHUNK = 2**20
_SALT, _TAG, _LAST = 16, 16, 1
_CHECK = b"\xff" * 12
"""The nonce of an empty message behind the salt, by which a wrong passphrase is known; no chunk has it."""


class Damaged(Exception):
    """A chunk is not as it was written, or is missing."""


class EncryptedWriter(io.RawIOBase):
    """Write to ``file``; nothing can be read before ``close``, which leaves the file open."""

    def __init__(self, file: IO[bytes], passphrase: str) -> None:
        salt = os.urandom(_SALT)
        self._file, self._cipher = file, _cipher(passphrase, salt)
        self._number, self._waiting = 0, bytearray()
        file.write(MAGIC + salt + self._cipher.encrypt(_CHECK, b"", MAGIC))

    def writable(self) -> bool:
        return True

    def write(self, content: bytes) -> int:  # type: ignore[override]  # any buffer
        self._waiting += content
        while len(self._waiting) > CHUNK:  # the last one is written by close
            self._seal(bytes(self._waiting[:CHUNK]), is_last=False)
            del self._waiting[:CHUNK]
        return len(content)

    def close(self) -> None:
        if not self.closed:
            self._seal(bytes(self._waiting), is_last=True)
        super().close()

    def _seal(self, chunk: bytes, *, is_last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, is_last=is_last), chunk, None))
        self._number += 1


class EncryptedReader(io.RawIOBase):
    """Read what ``EncryptedWriter`` wrote, from behind the magic.

    Raises Damaged, and at once NewsletterError for another passphrase.
    """

    def __init__(self, file: IO[bytes], passphrase: str) -> None:
        head = file.read(_SALT + _TAG)
        if len(head) < _SALT + _TAG:
            raise Damaged
        self._file, self._cipher = file, _cipher(passphrase, head[:_SALT])
        try:
            self._cipher.decrypt(_CHECK, head[_SALT:], MAGIC)
        except InvalidTag:
            raise NewsletterError(
                "the back-up has another passphrase: give the one that it was made with"
            ) from None
        self._number, self._waiting = 0, b""
        self._next = self._file.read(CHUNK + _TAG)
        self._is_at_end = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # any buffer
        while not self._waiting and not self._is_at_end:
            self._open_chunk()
        taken = self._waiting[: len(buffer)]
        buffer[: len(taken)] = taken
        self._waiting = self._waiting[len(taken) :]
        return len(taken)

    def _open_chunk(self) -> None:
        sealed, self._next = self._next, self._file.read(CHUNK + _TAG)
        self._is_at_end = not self._next
        try:
            self._waiting = self._cipher.decrypt(_nonce(self._number, is_last=self._is_at_end), sealed, None)
        except InvalidTag:
            raise Damaged from None
        self._number += 1


def _cipher(passphrase: str, salt: bytes) -> AESGCM:
    """128 MB and about half a second: each guess costs as much."""
    return AESGCM(Scrypt(salt=salt, length=32, n=2**17, r=8, p=1).derive(passphrase.encode()))


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(12 - _LAST, "big") + bytes([is_last])
