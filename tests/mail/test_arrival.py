"""Mails as they arrive: sent by the service's own commands, signed, taken in by Postfix's smtp-sink.

Their signatures are verified, and SpamAssassin's local rules score them. ``make spam`` shows what it found.
"""

from __future__ import annotations

import base64
import email
import re
import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from newsletter.sample.newsroom import write_week
from tests.fakes.processes import isolated, own
from tests.fakes.smtp_sink import MISSING, SMTP_SINK, SmtpSink

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not SMTP_SINK, reason=MISSING),
    pytest.mark.skipif(
        not shutil.which("spamassassin"), reason="spamassassin is not installed (Debian: spamassassin)"
    ),
]

LIMIT = 2.0
TOPICS = {
    "heads": ("Talking heads", 'cat:cs.CV AND abs:"talking head"'),
    "agents": ("Language agents", 'abs:"LLM agents"'),
    "video": ("Video generation", 'cat:cs.CV AND all:"video generation"'),
    "nothing": ("Herons", 'cat:cs.CV AND ti:"herons and egrets"'),
}
# The first title on heads holds "as seen", which a rule takes for advertising: it leads no mail here.
READERS = {
    "english": ("ann@example.com", "agents,heads,video", "en"),
    "chinese": ("li@example.com", "agents,heads,video", "zh-hans"),
    "empty": ("bob@example.com", "nothing", "en"),
}
ASK_TO_JOIN = """
from django.utils import timezone
from newsletter.subscribers.signup import JoinRequest, request_to_join
from newsletter.subscribers.preferences import Preferences
request = JoinRequest(email="eve@example.com", preferences=Preferences.checked(), topics=["heads"],
                      form="sign-up", text_shown="Send me the digest.", ip="203.0.113.9")
request_to_join(request, now=timezone.now())
"""


@dataclass(frozen=True)
class Arrived:
    """One mail, with the lines that a receiving server puts before it."""

    raw: bytes
    message: EmailMessage

    @classmethod
    def read(cls, dump: bytes) -> Arrived:
        lines = dump.replace(b"\n", b"\r\n")
        ours = lines[lines.index(b"DKIM-Signature:") :]
        now = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S +0000")
        path = re.search(rb"X-Mail-Args: (<[^>]*>)", lines)
        assert path is not None
        # A host of the Internet, as far as SpamAssassin can tell: addresses for examples score by themselves.
        trace = (
            b"Return-Path: %b\r\n"
            b"Received: from mx.news.example.org (mx.news.example.org [11.22.33.44])\r\n"
            b"\tby mail.example.com (Postfix) with ESMTPS id 4Zx1; %b\r\n" % (path[1], now.encode())
        )
        message = email.message_from_bytes(ours, policy=default)
        assert isinstance(message, EmailMessage)
        return cls(trace + ours.removesuffix(b"\r\n"), message)

    @property
    def kind(self) -> str:
        addresses = {address: kind for kind, (address, *_) in READERS.items()}
        return addresses.get(str(self.message["To"]), "confirmation")


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def mails(tmp_path_factory: pytest.TempPathFactory, key: rsa.RSAPrivateKey) -> dict[str, Arrived]:
    folder = tmp_path_factory.mktemp("arrival")
    folder.chmod(0o755)
    (folder / "dkim.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with SmtpSink(folder / "mails") as sink:
        environment = {
            "NEWSLETTER_DATA_DIR": str(folder / "data"),
            "NEWSLETTER_BASE_URL": "https://news.example.org",
            "NEWSLETTER_FROM": "arXiv digest <digest@news.example.org>",
            "NEWSLETTER_POSTAL_ADDRESS": "Example Reading Group, 12 Long Street, Springfield",
            "NEWSLETTER_MAILER": "smtp",
            "NEWSLETTER_SMTP_URL": sink.url,
            "NEWSLETTER_DKIM_KEY_FILE": str(folder / "dkim.pem"),
            "NEWSLETTER_DKIM_SELECTOR": "june",
        }
        send_everything(folder, environment)
        arrived = [Arrived.read(dump) for dump in sink.dumps]
    found = {mail.kind: mail for mail in arrived}
    assert found.keys() == {*READERS, "confirmation"}
    return found


def send_everything(folder: Path, environment: dict[str, str]) -> None:
    def newsletter(*words: str) -> None:
        done = subprocess.run(
            own(["newsletter", *words]),
            env=isolated(environment),
            cwd=folder,
            capture_output=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr.decode()

    joined = (datetime.now(UTC) - timedelta(days=8)).isoformat()
    for slug, (name, query) in TOPICS.items():
        newsletter("topic", "add", slug, "--name", name, "--query", query, "--now", joined)
    for address, topics, language in READERS.values():
        options = ("--topics", topics, "--language", language, "--now", joined)
        newsletter("subscriber", "add", address, *options)
    week = write_week(folder, last_day=(datetime.now(UTC) - timedelta(days=1)).date())
    for path in week:
        newsletter("gather", "--file", str(path))
    newsletter("shell", "-c", ASK_TO_JOIN)
    newsletter("run", "--no-gather")


@pytest.mark.parametrize("kind", [*READERS, "confirmation"])
def test_the_signature_holds_after_a_server_that_rewrites_nothing(
    mails: dict[str, Arrived], key: rsa.RSAPrivateKey, kind: str
) -> None:
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)

    def look_up(name: bytes, timeout: float = 5) -> bytes | None:  # noqa: ARG001 - as dkimpy calls it
        return record if name == b"june._domainkey.news.example.org." else None

    assert dkim.verify(mails[kind].raw, dnsfunc=look_up)
    assert not dkim.verify(mails[kind].raw.replace(b"Subject: ", b"Subject: x"), dnsfunc=look_up)


@pytest.mark.parametrize("kind", [*READERS, "confirmation"])
def test_spamassassin_finds_little(mails: dict[str, Arrived], tmp_path: Path, kind: str) -> None:
    score, analysis = assessed(mails[kind].raw, home=tmp_path)
    head = mails[kind].raw.partition(b"\r\n\r\n")[0].decode().replace("\r\n", "\n")
    print(f"\n--- {kind}\n{head}\n\n{analysis}")  # noqa: T201 - what `make spam` shows
    assert score < LIMIT, analysis


def test_spamassassin_would_say_so(mails: dict[str, Arrived], tmp_path: Path) -> None:
    worse = re.sub(rb"Subject: [^\r]*", b"Subject: Viagra!!! FREE $$$", mails["empty"].raw)
    worse = worse.replace(b"Date: ", b"X-Date: ").replace(b"Message-ID: ", b"X-Message-ID: ")
    assert assessed(worse, home=tmp_path)[0] > LIMIT


def assessed(raw: bytes, *, home: Path) -> tuple[float, str]:
    """Return SpamAssassin's score by its local rules, and how it comes about."""
    done = subprocess.run(
        ["spamassassin", "--local", "--test-mode"],
        input=raw,
        env={"HOME": str(home), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        check=True,
        timeout=120,
    )
    report = done.stdout.decode("utf-8", "replace")
    analysis = report[report.index("Content analysis details:") :].strip()
    score = re.search(r"\((-?[\d.]+) points", analysis)
    assert score is not None
    return float(score[1]), analysis
