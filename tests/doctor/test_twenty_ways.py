"""An installation broken in many ways: each is found, and typing what doctor says mends it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from newsletter.core.delivery.sender_records import tags
from newsletter.doctor.finding import Level
from newsletter.models import KeyFingerprint, Paper, SendPause, Subscriber, Topic
from newsletter.models.delivery import Cause
from newsletter.pipeline.send.pause import pause_sending
from tests.doctor.installation import DOMAIN, HOST, Installation, well_installed
from tests.fakes.arxiv_server import entry
from tests.fakes.dns_server import Trouble
from tests.fakes.gemini_server import Fault
from tests.fakes.sendgrid_server import SendgridServer

pytestmark = pytest.mark.django_db
Act = Callable[[Installation], object]
NOT_RUNNING = {"workers"}
"""No test starts the workers; their own test is below."""


@pytest.fixture
def installed(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installation]:
    monkeypatch.setenv("NEWSLETTER_ENV_FILE", str(tmp_path / "env"))
    with well_installed(settings, tmp_path) as installation:
        yield installation


def nothing(_: Installation) -> None:
    """Typing is all that there is to do."""


@dataclass(frozen=True)
class Way:
    name: str
    break_it: Act
    check: str
    says: str
    level: Level = Level.MEND
    fill_in: dict[str, str] = field(default_factory=dict)
    """What the operator writes for the examples in the line that is to be typed."""
    mend: Act | None = None
    """What is done outside, where typing cannot do it."""


def sendgrid(each: Installation, **update: Any) -> SendgridServer:
    server = each.keep.enter_context(SendgridServer())
    each.set(
        mailer="sendgrid",
        sendgrid_host=server.url.replace("127.0.0.1", HOST),
        sendgrid_api_key=server.api_key,
        **update,
    )
    return server


def without(name: str, kind: str) -> Act:
    return lambda each: each.dns.zone[name].pop(kind)


def wrong_key(each: Installation) -> None:
    sendgrid(each, sendgrid_webhook_key=GOOD_KEY)
    each.set(sendgrid_api_key="SG.wrong")


def key_may_not_send(each: Installation) -> None:
    sendgrid(each, sendgrid_webhook_key="x").scopes.discard("mail.send")


def no_papers(each: Installation) -> None:
    Paper.objects.all().delete()
    each.arxiv.entries.append(entry(submitted=timezone.now() - timedelta(hours=1)))


def overdue(_: Installation) -> None:
    Subscriber.objects.update(next_slot_at=timezone.now() - timedelta(hours=1))


def own_pause(_: Installation) -> None:
    pause_sending("too many bounces", cause=Cause.BREAKER, now=timezone.now())


def folder_is_a_file(each: Installation) -> None:
    each.folder.rmdir()
    each.folder.touch()


def folder_again(each: Installation) -> None:
    each.folder.unlink()
    each.folder.mkdir(mode=0o700)


def wrong_password(each: Installation) -> None:
    each.set(smtp_url=each.config.smtp_url.replace("secret", "no"))


def add_sendgrids_keys(each: Installation) -> None:
    for number in (1, 2):
        each.dns.add(f"s{number}._domainkey.{DOMAIN}. TXT p=x")


DKIM_NAME = f"digest._domainkey.{DOMAIN}"
GOOD_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaIN"
    "XvVpiglSI8eNEc6wEA3F+g=="
)
"""A public key as SendGrid shows it."""
SMTP = {"NEWSLETTER_SMTP_URL": "{smtp}"}
NAMELESS = "8.2.0.192.in-addr.arpa"
WAYS = (
    Way("env file open", lambda each: each.env_file.chmod(0o644), "env-file", "mode 644", Level.LOOK),
    Way("no postal address", lambda each: each.set(postal_address=""), "postal-address", "", Level.LOOK),
    Way("no operator", lambda each: each.set(operator_email=""), "operator", "Nobody is told", Level.LOOK),
    Way(
        "sender of an example",
        lambda each: each.set(sender="digest@localhost", bounce_address=f"b@{DOMAIN}", dkim_domain=DOMAIN),
        "sender",
        "digest@localhost",
        Level.LOOK,
        fill_in={"NEWSLETTER_FROM": f"Digest <digest@{DOMAIN}>"},
    ),
    Way("data folder gone", lambda each: each.folder.rmdir(), "data-folder", "not there yet", Level.LOOK),
    Way("data folder is a file", folder_is_a_file, "data-folder", "cannot be written", mend=folder_again),
    Way("data folder open", lambda each: each.folder.chmod(0o755), "data-folder", "mode 755", Level.LOOK),
    Way("foreign key", lambda _: KeyFingerprint.objects.update_or_create(pk=1, defaults={"value": "x"}),
        "secret-key", "is not the one"),
    Way("no topic", lambda _: Topic.objects.all().delete(), "topics", "no topic"),
    Way("no paper", no_papers, "papers", "Nothing was gathered", Level.LOOK),
    Way("no reader", lambda _: Subscriber.objects.all().delete(), "readers", "no reader", Level.LOOK,
        fill_in={"talking-head-generation": "heads"}),
    Way("reader without a topic", lambda _: Subscriber.objects.get().subscriptions.all().delete(), "readers",
        "without any topic", Level.LOOK, fill_in={"EMAIL": "reader@example.net", "a,b": "heads"}),
    Way("paused by the operator", lambda _: pause_sending("moving house", now=timezone.now()),
        "sending-paused", "moving house", Level.LOOK),
    Way("paused by the service", own_pause, "sending-paused", "too many bounces"),
    Way("slots nobody planned", overdue, "slots-unplanned", "no digest was planned"),
    Way("mailer refuses the login", wrong_password,
        "mailer", "535", fill_in=SMTP),
    Way("mailer does not answer", lambda each: each.set(smtp_url=f"smtp://ada:secret@{HOST}:1?tls=off"),
        "mailer", "does not answer", fill_in=SMTP),
    Way("mailer says no at the door", lambda each: each.smtp.plan("CONNECT", "554 5.7.1 go away"),
        "mailer", "go away", mend=lambda each: each.smtp.recover()),
    Way("key of SendGrid wrong", wrong_key, "mailer", "401", fill_in={"SENDGRID_API_KEY": "SG.test-key"}),
    Way("key of SendGrid may not send", key_may_not_send, "mailer", "may not send",
        mend=lambda each: each.set(mailer="smtp")),
    Way("SendGrid's keys missing", lambda each: sendgrid(each, sendgrid_webhook_key=GOOD_KEY), "dkim",
        "s1._domainkey", mend=add_sendgrids_keys),
    Way("no key of the webhook", lambda each: sendgrid(each), "webhook", "is not set",
        fill_in={"NEWSLETTER_SENDGRID_WEBHOOK_KEY": GOOD_KEY}),
    Way("garbage as key of the webhook", lambda each: sendgrid(each, sendgrid_webhook_key="garbage"),
        "webhook", "no public key", fill_in={"NEWSLETTER_SENDGRID_WEBHOOK_KEY": GOOD_KEY}),
    Way("no SPF", without(DOMAIN, "TXT"), "spf", "there is none"),
    Way("two SPF", lambda each: each.dns.zone[DOMAIN]["TXT"].append("v=spf1 a -all"), "spf", "there are 2"),
    Way("no DMARC", without(f"_dmarc.{DOMAIN}", "TXT"), "dmarc", "no usable DMARC"),
    Way("no DKIM record", lambda each: each.dns.zone.pop(DKIM_NAME), "dkim", "there is none"),
    Way("another DKIM key", lambda each: each.dns.add(f'digest._domainkey.{DOMAIN}. TXT "v=DKIM1; p=AAAA"'),
        "dkim", "another key"),
    Way("address without a name", lambda each: each.dns.zone.pop(NAMELESS), "reverse-dns", "192.0.2.8",
        Level.LOOK),
    Way("nobody takes bounces", lambda each: (without(DOMAIN, "MX")(each), without(DOMAIN, "A")(each)),
        "bounces", "No mail server"),
    Way("name servers that invent", lambda each: setattr(each.dns, "trouble", Trouble.INVENT), "dns",
        "do not exist", Level.LOOK, mend=lambda each: setattr(each.dns, "trouble", None)),
    Way("site down", lambda each: each.set(base_url="http://127.0.0.1:1"), "site", "nothing listens",
        mend=lambda each: each.set(base_url=each.keep.enter_context(each.site.running()))),
    Way("another site there", lambda each: each.site.answers.update(healthz=(200, b"<html>", {})), "site",
        "something else", mend=lambda each: each.site.answers.clear()),
    Way("site moves", lambda each: each.site.answers.update(healthz=(301, b"", {"Location": "https://x.example"})),
        "site", "https://x.example", mend=lambda each: each.site.answers.clear()),
    Way("one click is redirected", lambda each: each.site.answers.update(unsubscribe=(302, b"", {})),
        "one-click", "HTTP 302", mend=lambda each: each.site.answers.clear()),
    Way("site with another key", lambda each: each.site.answers.update(unsubscribe=(404, b"", {})),
        "one-click", "secret key", mend=lambda each: each.site.answers.clear()),
    Way("one click meets a page", lambda each: each.site.answers.update(unsubscribe=(200, b"<html>", {})),
        "one-click", "6 bytes", mend=lambda each: each.site.answers.clear()),
    Way("key of the model wrong", lambda each: each.gemini.answer_next(Fault.BAD_KEY), "model",
        "GEMINI_API_KEY", fill_in={"GEMINI_API_KEY": "another"}),
    Way("model unknown", lambda each: each.gemini.answer_next(Fault.UNKNOWN_MODEL), "model", "404"),
    Way("arXiv not there", lambda each: each.set(arxiv_api_url="http://127.0.0.1:1/api"), "arxiv",
        "nothing listens", Level.LOOK, mend=lambda each: each.set(arxiv_api_url=each.arxiv.url)),
    Way("no Redis", lambda each: each.set(redis_url="redis://127.0.0.1:1/0"), "broker", "does not answer",
        mend=lambda each: each.set(redis_url="")),
)  # fmt: skip


def test_a_well_installed_service_has_nothing_to_mend(installed: Installation) -> None:
    assert installed.findings().keys() == NOT_RUNNING


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_it_is_found_and_what_is_typed_mends_it(installed: Installation, way: Way) -> None:
    way.break_it(installed)
    found = installed.findings()
    assert way.check in found, found
    finding = found[way.check]
    assert (finding.level, way.says in finding.what) == (way.level, True), finding
    assert finding.why
    assert finding.type, "something to type"
    if way.mend:
        way.mend(installed)
    else:
        for line in finding.type:
            installed.type(filled(line, way=way, each=installed))
    assert way.check not in installed.findings()


def filled(line: str, *, way: Way, each: Installation) -> str:
    """Write what is meant in the place of the example."""
    name = line.partition("=")[0]
    if name in way.fill_in:
        return f"{name}={way.fill_in[name].format(smtp=each.smtp.url.replace('127.0.0.1', HOST))}"
    for example, meant in way.fill_in.items():
        line = line.replace(example, meant)
    return line


def test_a_name_server_that_says_nothing_is_a_finding_and_no_hang(installed: Installation) -> None:
    installed.dns.trouble, installed.seconds = Trouble.HANG, 0.2
    found = installed.findings()
    assert {"spf", "dkim", "dmarc", "reverse-dns", "bounces", "dns"} <= found.keys()
    assert {found[name].level for name in ("spf", "dkim", "dmarc")} == {Level.LOOK}
    assert "no answer" in found["spf"].what


def test_a_clock_that_is_wrong_is_found_by_arxivs(
    installed: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        BaseHTTPRequestHandler, "date_time_string", lambda *_: "Mon, 15 Jun 2026 08:00:00 GMT"
    )
    assert "seconds ahead of arXiv's" in installed.findings()["clock"].what
    monkeypatch.undo()


def test_a_full_disk_is_found(installed: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(installed.folder)
    for free, level in ((100 * 1024**2, Level.MEND), (500 * 1024**2, Level.LOOK)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: usage._replace(free=free))
        assert installed.findings()["disk"].level is level
    monkeypatch.undo()
    assert "disk" not in installed.findings()


def test_tables_of_another_version_are_found(installed: Installation) -> None:
    from django.db import connection
    from django.db.migrations.recorder import MigrationRecorder

    recorder = MigrationRecorder(connection)
    recorder.record_applied("newsletter", "9999_newer")
    assert "9999_newer" in installed.findings()["migrations"].what
    recorder.record_unapplied("newsletter", "9999_newer")
    last = max(recorder.migration_qs.filter(app="newsletter").values_list("name", flat=True))
    recorder.record_unapplied("newsletter", last)
    found = installed.findings()["migrations"]
    assert ("1 migration behind" in found.what, found.type) == (True, ("newsletter migrate",))
    recorder.record_applied("newsletter", last)
    assert "migrations" not in installed.findings()


def test_the_record_it_names_is_the_one_that_verifies(installed: Installation) -> None:
    """RFC 8463, appendix A.2: the public half of its key."""
    installed.dns.zone.pop(f"digest._domainkey.{DOMAIN}")
    [line] = installed.findings()["dkim"].type
    assert tags(line.split('"')[1])["p"] == "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="


def test_a_pause_it_told_of_is_gone_afterwards(installed: Installation) -> None:
    pause_sending("moving house", now=timezone.now())
    for line in installed.findings()["sending-paused"].type:
        installed.type(line)
    assert not SendPause.objects.exists()
