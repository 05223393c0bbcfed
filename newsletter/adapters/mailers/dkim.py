"""DKIM (RFC 6376, RFC 8463): sign a message when it is sent.

The signature is not stored: a retry rebuilds the same bytes and signs them again.
"""

from __future__ import annotations

import base64
import binascii
import re

import dkim
from dkim.crypto import UnparsableKeyError, parse_pem_private_key

from newsletter.errors import ConfigurationError, PermanentError

SIGNED = (
    *(b"from", b"sender", b"reply-to", b"to", b"cc", b"subject", b"date", b"message-id"),
    *(b"in-reply-to", b"references", b"mime-version", b"content-type", b"content-transfer-encoding"),
    *(b"list-id", b"list-unsubscribe", b"list-unsubscribe-post", b"feedback-id", b"auto-submitted"),
    b"x-newsletter-delivery",
)
"""RFC 6376 §5.4.1, RFC 8058 §4: what a mail program shows or acts on."""
_TWICE = [name for name in SIGNED for _ in range(2)]
"""RFC 6376 §8.15: a header listed once more than it occurs cannot be added in transit. Mail programs differ
in which of two they show."""
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_ED25519_DER = bytes.fromhex("302e020100300506032b657004220420")
"""The prefix of the 32 bytes of a key in PKCS #8 (RFC 8410 §7)."""
_BITS = range(1024, 4096 + 1)
"""RFC 8301 §3.2: the sizes that verifiers must support. 2048 is usual; the cost grows with the cube."""


class DkimSigner:
    """Signs messages for one domain. Safe to share between threads."""

    def __init__(self, key: str, *, selector: str, domain: str) -> None:
        """``key``: RSA or Ed25519 as PEM, or Ed25519's 32 bytes in base64. Raises ConfigurationError."""
        for setting, name in (("SELECTOR", selector), ("DOMAIN", domain)):
            if not _NAME.fullmatch(name):
                raise ConfigurationError(f"NEWSLETTER_DKIM_{setting} is {name!r}, which cannot stand in DNS")
        self._algorithm, self._key = _read_key(key)
        self._selector, self._domain = selector.encode(), domain.encode()

    def __call__(self, message: bytes) -> bytes:
        """Return the message with its signature as the first header. Raises PermanentError."""
        try:
            header: bytes = dkim.sign(
                message,
                self._selector,
                self._domain,
                self._key,
                canonicalize=(b"relaxed", b"relaxed"),
                signature_algorithm=self._algorithm,
                include_headers=_TWICE,
            )
        except dkim.DKIMException as error:
            raise PermanentError(f"DKIM: cannot be signed: {error}", reason="dkim") from error
        return header + message


def _read_key(text: str) -> tuple[bytes, bytes]:
    """Return the algorithm and the key as dkimpy takes it."""
    # In a .env file a PEM stands on one line, with \n for its line breaks.
    lines = text.strip().replace("\\n", "\n").split()
    if "-----BEGIN" not in text:
        return b"ed25519-sha256", _seed("".join(lines))
    if "ENCRYPTED" in text:
        raise _wrong("it has a passphrase")
    der = _decoded("".join(re.split("-----[A-Z0-9 ]+-----", " ".join(lines))[1:2]))
    if der.startswith(_ED25519_DER):
        return b"ed25519-sha256", _seed(base64.b64encode(der[len(_ED25519_DER) :]).decode("ascii"))
    return b"rsa-sha256", _rsa(der)


def _seed(text: str) -> bytes:
    seed = _decoded(text)
    if len(seed) != 32:
        raise _wrong("it is neither a PEM nor the 32 bytes of an Ed25519 key")
    return base64.b64encode(seed)


def _rsa(der: bytes) -> bytes:
    pem = b"-----BEGIN PRIVATE KEY-----\n%b\n-----END PRIVATE KEY-----\n" % base64.b64encode(der)
    try:
        key = parse_pem_private_key(pem)
        bits = int(key["modulus"]).bit_length()
        is_whole = key["prime1"] * key["prime2"] == key["modulus"]
    except (UnparsableKeyError, IndexError, KeyError, TypeError, ValueError) as error:
        raise _wrong("it is not an RSA or Ed25519 private key") from error
    if not is_whole:
        raise _wrong("it is damaged")
    if bits not in _BITS:
        raise _wrong(f"it has {bits} bits, not {_BITS[0]} to {_BITS[-1]}")
    return pem


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise _wrong("it is not whole") from None


def _wrong(reason: str) -> ConfigurationError:
    return ConfigurationError(
        f"NEWSLETTER_DKIM_KEY cannot be used: {reason}; allowed: an RSA or Ed25519 private key as PEM "
        "(best in a file: NEWSLETTER_DKIM_KEY_FILE)"
    )
