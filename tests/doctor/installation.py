"""A whole installation on loopback, well until a test breaks it, and a person who types what doctor says."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from django.utils import timezone
from pytest_django import Settings

from newsletter.adapters.infra.dns import Dns
from newsletter.audience.topics import add_topic
from newsletter.config import Config
from newsletter.doctor.diagnose import diagnose
from newsletter.doctor.finding import Finding, Level
from newsletter.models import GatherRun
from newsletter.pipeline.gather import gather_papers
from newsletter.pipeline.match import match_papers
from newsletter.subscribers.add import add_by_operator
from newsletter.subscribers.preferences import Preferences
from tests.cli.runner import done
from tests.fakes.arxiv_server import ArxivServer
from tests.fakes.dns_server import DnsServer
from tests.fakes.gemini_server import GeminiServer
from tests.fakes.papers import ListSource, paper_record
from tests.fakes.smtp_server import SmtpServer

DOMAIN = "digest.example.net"
HOST = "127.1"
"""Loopback by a name that the settings take for another machine's, so that the sender's DNS is looked at."""
ZONE = {
    DOMAIN: {"TXT": ["v=spf1 mx -all"], "MX": [f"10 mx.{DOMAIN}."], "A": ["192.0.2.7"]},
    f"mx.{DOMAIN}": {"A": ["192.0.2.8"]},
    f"_dmarc.{DOMAIN}": {"TXT": ["v=DMARC1; p=none"]},
    HOST: {"A": ["192.0.2.8"]},
    "8.2.0.192.in-addr.arpa": {"PTR": [f"mx.{DOMAIN}."]},
}


Answer = tuple[int, bytes, dict[str, str]]
USUAL: dict[str, Answer] = {
    "healthz": (200, b"ok\n", {}),
    "unsubscribe": (200, b"", {}),
    "metrics": (403, b"", {}),
}


@dataclass
class Site:
    """The service's pages as doctor asks for them."""

    answers: dict[str, Answer] = field(default_factory=dict)
    """By the first part of the path: instead of what the service says."""

    @contextmanager
    def running(self) -> Iterator[str]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                first = self.path.split("/")[1]
                status, body, headers = site.answers.get(first, USUAL.get(first, (404, b"", {})))
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET  # noqa: N815 - the base class's names

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


@dataclass
class Installation:
    settings: Settings
    folder: Path
    env_file: Path
    dns: DnsServer
    smtp: SmtpServer
    arxiv: ArxivServer
    gemini: GeminiServer
    site: Site
    keep: ExitStack
    seconds: float = 20.0
    """For one question to DNS."""

    @property
    def config(self) -> Config:
        config: Config = self.settings.CONFIG
        return config

    def set(self, **values: Any) -> None:
        self.settings.CONFIG = self.config.model_copy(update=values)

    def findings(self) -> dict[str, Finding]:
        """Return what is not well, by the check's name."""
        dns = Dns([self.dns.host], port=self.dns.port, seconds=self.seconds)
        found = diagnose(self.config, now=timezone.now(), dns=dns)
        return {each.check: each for each in found if each.level is not Level.FINE}

    def type(self, line: str) -> None:
        """Do what the operator does with a line: run it, put it into ``.env``, or add it to the zone."""
        if line.startswith("newsletter "):
            done(*line.removeprefix("newsletter ").split())
        elif found := re.fullmatch(r"([A-Z_]+)=(.*)", line):
            self.put(found[1], found[2])
        elif re.match(r"\S+\. (TXT|MX|A) ", line) or re.match(r"\S+\.arpa\.? PTR ", line):
            self.dns.add(line)
        else:
            subprocess.run(["bash", "-ec", line.replace("sudo ", "")], check=True)

    def put(self, name: str, value: str) -> None:
        """Put a setting into the file, and have it read as at a start."""
        [field_name] = [key for key, each in Config.model_fields.items() if each.alias == name]
        self.set(**{field_name: getattr(Config.model_validate({name: value}), field_name)})


@contextmanager
def well_installed(settings: Settings, tmp_path: Path) -> Iterator[Installation]:
    with ExitStack() as stack:
        smtp = stack.enter_context(SmtpServer(login=("ada", "secret")))
        site, arxiv = Site(), stack.enter_context(ArxivServer())
        gemini, dns = stack.enter_context(GeminiServer()), stack.enter_context(DnsServer(ZONE))
        gemini.says = lambda _: "Yes."
        folder, env_file = tmp_path / "data", tmp_path / "env"
        folder.mkdir(mode=0o700)
        env_file.touch(mode=0o600)
        settings.DATA_DIR = folder
        settings.CONFIG = settings.CONFIG.model_copy(
            update={
                "data_dir": folder,
                "mailer": "smtp",
                "smtp_url": smtp.url.replace("127.0.0.1", HOST),
                "sender": f"Digest <digest@{DOMAIN}>",
                "bounce_address": f"bounces@{DOMAIN}",
                "operator_email": f"op@{DOMAIN}",
                "canary_email": "",
                "postal_address": "1 Main Street",
                "base_url": stack.enter_context(site.running()),
                "arxiv_api_url": arxiv.url,
                "arxiv_interval": 0.01,
                "gemini_api_key": "key",
                "gemini_endpoint": gemini.url,
                "dkim_key": DKIM_KEY,
                "dkim_selector": "digest",
            }
        )
        installation = Installation(
            settings, folder, env_file, dns, smtp, arxiv, gemini, site, stack.pop_all()
        )
        with installation.keep:
            _in_use()
            from newsletter.doctor.mail import dkim_line

            dns.add(dkim_line(settings.CONFIG))
            yield installation


def _in_use() -> None:
    """A service that has worked for a day: a topic, a paper, a reader, arXiv asked."""
    now = datetime.now(UTC)
    add_topic("heads", name="Heads", query="cat:cs.CV", now=now - timedelta(days=1))
    gather_papers(ListSource(paper_record(1, published_at=now)), now=now, lookback=timedelta(days=14))
    match_papers(now=now, lookback=timedelta(days=14))
    GatherRun.objects.create(query="cat:cs.CV", started_at=now, total_results=1, received=1, new=1)
    add_by_operator(
        "reader@example.net", topics=["heads"], preferences=Preferences.checked(), source="test", now=now
    )


DKIM_KEY = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="
"""The private key of RFC 8463, appendix A.2."""
