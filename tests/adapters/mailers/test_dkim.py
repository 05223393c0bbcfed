"""Signatures are checked by dkimpy's verifier, with the public key from a table instead of DNS."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from email import message_from_bytes
from functools import cache
from itertools import pairwise

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from newsletter.adapters.mailers.dkim import DkimSigner
from newsletter.config import load_config
from newsletter.errors import ConfigurationError
from tests.adapters.conftest import MakeMailer
from tests.fakes.outgoing import outgoing, send, verdicts
from tests.fakes.smtp_server import SmtpServer

MESSAGE = outgoing(1).message
PrivateKey = rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@cache
def ed25519_key() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()


def pem(key: PrivateKey, form: PrivateFormat = PrivateFormat.PKCS8) -> str:
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def seed(key: ed25519.Ed25519PrivateKey) -> str:
    return base64.b64encode(key.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())).decode()


def dns(key: PrivateKey) -> Callable[..., bytes | None]:
    """Return a look-up that knows one name."""
    if isinstance(key, rsa.RSAPrivateKey):
        kind, public = "rsa", key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    else:
        kind, public = "ed25519", key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    record = f"v=DKIM1; k={kind}; p={base64.b64encode(public).decode()}".encode()

    def look_up(name: bytes, timeout: float = 5) -> bytes | None:  # noqa: ARG001 - as dkimpy calls it
        return record if name == b"june._domainkey.news.example.org." else None

    return look_up


def signer(key: str) -> DkimSigner:
    return DkimSigner(key, selector="june", domain="news.example.org")


@pytest.mark.parametrize(
    ("key", "written"),
    [
        (rsa_key(), pem(rsa_key())),
        (rsa_key(), pem(rsa_key(), PrivateFormat.TraditionalOpenSSL)),
        (rsa_key(), pem(rsa_key()).replace("\n", "\r\n")),
        (rsa_key(), pem(rsa_key()).strip().replace("\n", "\\n")),
        (ed25519_key(), pem(ed25519_key())),
        (ed25519_key(), seed(ed25519_key())),
    ],
    ids=["pkcs8", "pkcs1", "crlf", "one line", "ed25519", "ed25519 seed"],
)
def test_a_signed_message_is_verified(key: PrivateKey, written: str) -> None:
    signed = signer(written)(MESSAGE)
    assert signed.endswith(MESSAGE)
    assert dkim.verify(signed, dnsfunc=dns(key))
    header = signed.removesuffix(MESSAGE)
    assert max(map(len, header.split(b"\r\n"))) <= 78
    assert b"c=relaxed/relaxed" in header


HEADERS = [name for name, _ in message_from_bytes(MESSAGE).items()]
SHOWN = [
    *("From", "Sender", "Reply-To", "To", "Cc", "Subject", "Date", "Message-ID", "In-Reply-To", "References"),
    *("MIME-Version", "Content-Type", "Content-Transfer-Encoding", "List-Id", "List-Unsubscribe"),
    *("List-Unsubscribe-Post", "Feedback-ID", "Auto-Submitted", "X-Newsletter-Delivery"),
]
"""What a mail program shows or acts on, in a message of ours or not."""


@pytest.mark.parametrize("name", HEADERS, ids=lambda name: f"changed {name}")
def test_every_header_of_a_message_is_covered(name: str) -> None:
    signed = signer(pem(rsa_key()))(MESSAGE)
    changed = re.sub(rf"(?im)^({name}: )".encode(), rb"\1x", signed)
    assert changed != signed
    assert not dkim.verify(changed, dnsfunc=dns(rsa_key()))


@pytest.mark.parametrize("name", SHOWN, ids=lambda name: f"added {name}")
@pytest.mark.parametrize("is_notice", [False, True])
def test_no_header_can_be_added_or_doubled_on_the_way(name: str, is_notice: bool) -> None:
    """An attacker passes on a mail of ours with one line more, above or below the signed ones."""
    signed = signer(pem(rsa_key()))(_notice() if is_notice else MESSAGE)
    assert dkim.verify(signed, dnsfunc=dns(rsa_key()))
    line = f"{name}: <https://evil.example/>\r\n".encode()
    head, gap, body = signed.partition(b"\r\n\r\n")
    for forged in (line + signed, head + b"\r\n" + line.rstrip() + gap + body):
        assert not dkim.verify(forged, dnsfunc=dns(rsa_key()))


def _notice() -> bytes:
    """Return the message as a transactional mail: without List-* headers."""
    head, gap, body = MESSAGE.partition(b"\r\n\r\n")
    lines = re.sub(rb"\r\n(?=[ \t])", b"", head).split(b"\r\n")
    return b"\r\n".join(line for line in lines if not line.startswith(b"List-")) + gap + body


def test_lines_that_receivers_put_before_a_mail_leave_the_signature_whole() -> None:
    signed = signer(pem(rsa_key()))(MESSAGE)
    trace = b"Return-Path: <x@y.example>\r\nReceived: by mx.example.org; now\r\nX-Spam-Status: No\r\n"
    assert dkim.verify(trace + signed, dnsfunc=dns(rsa_key()))


def test_a_changed_body_breaks_the_signature_and_white_space_does_not() -> None:
    signed = signer(pem(rsa_key()))(MESSAGE)
    assert not dkim.verify(signed.replace(b"Nine papers", b"Ten papers"), dnsfunc=dns(rsa_key()))
    assert dkim.verify(signed.replace(b"Nine papers\r\n", b"Nine  papers \r\n"), dnsfunc=dns(rsa_key()))


def test_what_arrives_by_smtp_is_signed_and_otherwise_the_stored_bytes(mailer_for: MakeMailer) -> None:
    with SmtpServer() as server:
        mailer = mailer_for(server.url, sign=signer(pem(rsa_key())))
        messages = [outgoing(1), outgoing(2, recipient="reader@bücher.example")]
        assert verdicts(send(mailer, messages)) == ["accepted"] * 2
        mailer.close()
    for received, message in zip(server.messages, messages, strict=True):
        assert dkim.verify(received.content, dnsfunc=dns(rsa_key()))
        assert received.content.endswith(b"\r\n" + message.message)


def test_a_message_that_cannot_be_signed_stops_only_itself(mailer_for: MakeMailer) -> None:
    broken = outgoing(1)
    object.__setattr__(broken, "message", b"no header\r\n\r\nbody\r\n")
    with SmtpServer() as server:
        mailer = mailer_for(server.url, sign=signer(pem(rsa_key())))
        outcomes = send(mailer, [broken, outgoing(2)])
        mailer.close()
    assert verdicts(outcomes) == ["bad_message", "accepted"]
    assert outcomes[0].detail.startswith("DKIM: ")


DAMAGED = "\n".join(line for line, _ in pairwise(pem(rsa_key()).splitlines()[:-3]))
LOCKED = ed25519_key().private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"secret")
)


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("hunter2", "not whole|neither"),
        (base64.b64encode(b"hunter2").decode(), "neither"),
        (DAMAGED, "not"),
        (LOCKED.decode(), "passphrase"),
        (pem(rsa_key()).replace("\n", "!\n", 5), "not whole"),
        ("-----BEGIN PRIVATE KEY-----\naHVudGVyMg==\n-----END PRIVATE KEY-----", "not an RSA"),
        ("-----BEGIN PRIVATE KEY-----", "not an RSA"),
        (pem(rsa_key(4104)), "4104 bits"),
        (rsa_key().public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode(), "not an RSA"),
    ],
)
def test_a_bad_key_stops_the_start_with_one_line_that_keeps_it(key: str, reason: str) -> None:
    environ = {"NEWSLETTER_DKIM_KEY": key, "NEWSLETTER_DKIM_SELECTOR": "june"}
    with pytest.raises(
        ConfigurationError, match=rf"^NEWSLETTER_DKIM_KEY cannot be used: .*({reason})"
    ) as caught:
        load_config(environ)
    assert "\n" not in str(caught.value)
    assert not re.search(r"hunter2|aHVu|[A-Za-z0-9+/]{40}", str(caught.value))


@pytest.mark.parametrize(
    ("environ", "names"),
    [
        ({"NEWSLETTER_DKIM_SELECTOR": ""}, "NEWSLETTER_DKIM_SELECTOR is needed"),
        ({"NEWSLETTER_DKIM_SELECTOR": "a b"}, "NEWSLETTER_DKIM_SELECTOR is 'a b'"),
        ({"NEWSLETTER_DKIM_DOMAIN": "例子.测试"}, "NEWSLETTER_DKIM_DOMAIN is '例子.测试'"),
    ],
)
def test_a_key_needs_a_name_in_dns(environ: dict[str, str], names: str) -> None:
    given = {"NEWSLETTER_DKIM_KEY": seed(ed25519_key()), "NEWSLETTER_DKIM_SELECTOR": "june"}
    with pytest.raises(ConfigurationError, match=names):
        load_config(given | environ)


def test_the_senders_domain_signs_where_none_is_named() -> None:
    from newsletter.adapters.registry import mailer

    config = load_config(
        {
            "NEWSLETTER_DKIM_KEY": pem(rsa_key()),
            "NEWSLETTER_DKIM_SELECTOR": "june",
            "NEWSLETTER_FROM": "arXiv digest <digest@news.example.org>",
            "NEWSLETTER_MAILER": "smtp",
        }
        | {"NEWSLETTER_SMTP_URL": "smtp://localhost?tls=off"}
    )
    sign = mailer(config)._sign  # type: ignore[attr-defined]  # what an SmtpMailer was given
    assert dkim.verify(sign(MESSAGE), dnsfunc=dns(rsa_key()))
