"""The key that signs mail, as a setting: NEWSLETTER_DKIM_KEY and its name in DNS, read and checked."""

from __future__ import annotations

import base64
import binascii
import re

from dkim.crypto import UnparsableKeyError, parse_pem_private_key

from newsletter.errors import ConfigurationError

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_ED25519_DER = bytes.fromhex("302e020100300506032b657004220420")
"""What stands before the 32 bytes of a key in PKCS #8 (RFC 8410 §7)."""
_BITS = range(1024, 4096 + 1)
"""RFC 8301 §3.2: what others must be able to verify. 2048 are usual; the cost grows with the cube."""


def read_dkim_key(text: str, *, selector: str, domain: str) -> tuple[bytes, bytes]:
    """Return the algorithm and the key as dkimpy takes it.

    ``text``: RSA or Ed25519 as PEM, or Ed25519's 32 bytes in base64. Raises ConfigurationError.
    """
    for setting, name in (("SELECTOR", selector), ("DOMAIN", domain)):
        if not _NAME.fullmatch(name):
            raise ConfigurationError(f"NEWSLETTER_DKIM_{setting} is {name!r}, which cannot stand in DNS")
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


def dkim_public_key(text: str, *, selector: str, domain: str) -> tuple[str, str]:
    """Return the key type and the public half as they stand in the record (RFC 6376 §3.6.1, RFC 8463 §4)."""
    from cryptography.hazmat.primitives import serialization  # slow to import, and few need it
    from cryptography.hazmat.primitives.asymmetric import ed25519

    algorithm, key = read_dkim_key(text, selector=selector, domain=domain)
    if algorithm.startswith(b"ed25519"):
        private = ed25519.Ed25519PrivateKey.from_private_bytes(base64.b64decode(key))
        raw = private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return "ed25519", base64.b64encode(raw).decode("ascii")
    # From what dkimpy reads as PKCS #8 with PKCS #1 inside.
    pem = key.replace(b"PRIVATE KEY", b"RSA PRIVATE KEY")
    for attempt in (key, pem):
        try:
            loaded = serialization.load_pem_private_key(attempt, password=None)
            break
        except ValueError:
            continue
    else:
        raise _wrong("its public half cannot be told")
    der = loaded.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return "rsa", base64.b64encode(der).decode("ascii")
