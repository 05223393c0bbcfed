"""A real HTTP server on loopback that speaks enough of arXiv's API, and fails on demand.

It holds Atom entries, answers search_query (categories and submittedDate, or words of titles), id_list,
start, max_results and sortBy, serves papers as HTML, their images and OAI records, and keeps what was asked,
when, and how many requests were open at once.
"""

from __future__ import annotations

import fnmatch
import gzip
import mimetypes
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from tests.fakes.arxiv_html import ABSTRACT_PAGE

_FEED = """<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns:arxiv="http://arxiv.org/schemas/atom" \
xmlns="http://www.w3.org/2005/Atom">
  <id>https://arxiv.org/api/stand-in</id>
  <title>arXiv Query</title>
  <opensearch:itemsPerPage>{size}</opensearch:itemsPerPage>
  <opensearch:totalResults>{total}</opensearch:totalResults>
  <opensearch:startIndex>{start}</opensearch:startIndex>
{entries}
</feed>
"""

ERROR_ENTRY = """<entry>
<id>https://arxiv.org/api/errors#incorrect_id_format_for_abc</id><title>Error</title>
<summary>incorrect id format for abc</summary><author><name>arXiv api core</name></author>
</entry>"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    xml: str
    submitted: datetime
    categories: tuple[str, ...]

    @property
    def base_id(self) -> str:
        return self._between("<id>http://arxiv.org/abs/", "</id>").rpartition("v")[0]

    @property
    def title(self) -> str:
        return self._between("<title>", "</title>")

    def _between(self, before: str, after: str) -> str:
        return self.xml.partition(before)[2].partition(after)[0]


def entry(
    arxiv_id: str = "2606.00001v1",
    *,
    title: str = "A title",
    abstract: str = "An abstract.",
    authors: Sequence[str] = ("Ada Lovelace",),
    categories: Sequence[str] = ("cs.CV",),
    submitted: datetime = datetime(2026, 6, 15, 12, tzinfo=UTC),
    updated: datetime | None = None,
    comment: str = "",
    journal_ref: str = "",
    doi: str = "",
    published: str | None = None,
    primary: str | None = None,
) -> Entry:
    """One paper as arXiv's API writes it; the first category is the primary one unless ``primary`` says."""
    dates = (submitted, updated or submitted)
    first, last = (f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for moment in dates)
    optional = {"comment": comment, "journal_ref": journal_ref, "doi": doi}
    parts = [
        f"<id>http://arxiv.org/abs/{arxiv_id}</id>",
        f"<title>{escape(title)}</title>",
        f"<updated>{last}</updated>",
        f"<summary>{escape(abstract)}</summary>",
        *(f'<category term="{code}" scheme="http://arxiv.org/schemas/atom"/>' for code in categories),
        f"<published>{first if published is None else published}</published>",
        *(f"<arxiv:{name}>{escape(value)}</arxiv:{name}>" for name, value in optional.items() if value),
        *(f'<arxiv:primary_category term="{primary or code}"/>' for code in categories[:1]),
        *(f"<author><name>{escape(name)}</name></author>" for name in authors),
    ]
    xml = "<entry>" + "\n".join(parts) + "</entry>"
    return Entry(xml=xml, submitted=submitted, categories=tuple(categories))


def feed(entries: Iterable[Entry | str], *, total: int | None = None, start: int = 0, size: int = 100) -> str:
    """A whole answer; ``total`` defaults to the number of entries."""
    texts = [one.xml if isinstance(one, Entry) else one for one in entries]
    return _FEED.format(
        size=size, total=len(texts) if total is None else total, start=start, entries="\n".join(texts)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What to do to one request instead of, or before, answering it properly."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    """Sent instead of the answer."""
    truncate: float = 1.0
    """The part of the answer that the XML keeps; its Content-Length is that of the part."""
    cut: bool = False
    """Send half of the announced Content-Length, then close."""
    close: bool = False
    """Close without a word."""
    delay: float = 0.0
    """Seconds before answering; ends early when the server stops."""
    drip: float = 0.0
    """Seconds between single bytes."""
    content_type: str = ""
    """Instead of the right one."""
    drop: int = 0
    """Leave out that many entries, with totalResults as it was."""
    add_total: int = 0
    """Announce that many results more."""


_OAI = """<?xml version="1.0" encoding="UTF-8"?>
<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><responseDate>2026-06-15T12:00:00Z</responseDate>
{answer}</OAI-PMH>"""
_OAI_RECORD = """<GetRecord><record><header><identifier>oai:arXiv.org:{id}</identifier></header><metadata>
<arXiv xmlns="http://arxiv.org/OAI/arXiv/"><id>{id}</id><title>A title</title>{licence}</arXiv>
</metadata></record></GetRecord>"""

HTML = Fault(body="<!DOCTYPE html>\n<html><body>arXiv is down for maintenance</body></html>")
ERROR = Fault(body=feed([ERROR_ENTRY]))
EMPTY = Fault(drop=1_000_000)
TRUNCATED = Fault(truncate=0.6)
CUT = Fault(cut=True)
CLOSED = Fault(close=True)
HANG = Fault(delay=3600)


def throttled(retry_after: str | None = None, *, status: int = 429) -> Fault:
    """429 (or another status), with Retry-After in seconds or as an HTTP-date."""
    headers = () if retry_after is None else (("Retry-After", retry_after),)
    return Fault(status=status, headers=headers, body="Rate exceeded.")


@dataclass(slots=True, kw_only=True)
class Request:
    """One request as the server saw it; times are time.monotonic()'s."""

    path: str
    parameters: dict[str, str]
    headers: dict[str, str]
    began: float
    ended: float = 0.0
    """0 while the answer's last byte is still to come."""
    open_at_once: int = 1
    """Requests in progress when this one began, itself included."""


@dataclass(slots=True)
class ArxivServer:
    """Use as a context manager; ``faults`` are spent one a request, in order, before all goes well."""

    entries: list[Entry] = field(default_factory=list)
    html: dict[str, bytes] = field(default_factory=dict)
    """Pages by id with version, images by their path under ``/html/``. Any other leads to an abstract."""
    licences: dict[str, str] = field(default_factory=dict)
    """By id without version; empty: a record without licence. Others have no record."""
    faults: deque[Fault] = field(default_factory=deque)
    requests: list[Request] = field(default_factory=list)
    _open: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _server: ThreadingHTTPServer | None = None
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        fake: ArxivServer = self

        class Handler(_Handler):
            server_fake = fake

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        if self._server and self._thread:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    @property
    def host(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def url(self) -> str:
        return f"{self.host}/api/query"

    @property
    def html_url(self) -> str:
        return f"{self.host}/html"

    @property
    def oai_url(self) -> str:
        return f"{self.host}/oai"

    @property
    def most_open(self) -> int:
        return max((request.open_at_once for request in self.requests), default=0)

    def fail(self, *faults: Fault) -> None:
        self.faults.extend(faults)

    def begin(self, path: str, headers: dict[str, str]) -> tuple[Request, Fault]:
        query = parse_qs(urlsplit(path).query)
        parameters = {name: values[-1] for name, values in query.items()}
        with self._lock:
            self._open += 1
            request = Request(
                path=path,
                parameters=parameters,
                headers=headers,
                began=time.monotonic(),
                open_at_once=self._open,
            )
            self.requests.append(request)
            return request, self.faults.popleft() if self.faults else self._usual(path)

    def end(self, request: Request) -> None:
        """Count the request as over, once: before the client can have all of the answer, and ask again."""
        with self._lock:
            if not request.ended:
                self._open -= 1
                request.ended = time.monotonic()

    def wait(self, seconds: float) -> bool:
        """Wait; True if the server is stopping."""
        return self._stopping.wait(seconds) if seconds else self._stopping.is_set()

    def _usual(self, path: str) -> Fault:
        """arXiv has no HTML of papers that came without TeX: it leads to their abstract."""
        _, is_html, name = path.partition("/html/")
        if not is_html or name in self.html:
            return Fault()
        return Fault(status=302, headers=(("Location", f"/abs/{name}"),), body="")

    def answer(self, request: Request, fault: Fault) -> tuple[str, bytes]:
        """The content type and the body."""
        path = urlsplit(request.path).path
        if path.startswith("/html/"):
            name = path.removeprefix("/html/")
            kind = mimetypes.guess_type(name)[0] if name.endswith((".png", ".jpg")) else None
            return kind or "text/html; charset=utf-8", self.html.get(name, b"")
        if path.startswith("/abs/"):
            return "text/html; charset=utf-8", ABSTRACT_PAGE.format(id=path.removeprefix("/abs/")).encode()
        if path == "/oai":
            return "text/xml; charset=utf-8", self._record(request.parameters)
        return "application/atom+xml; charset=utf-8", self._page(request.parameters, fault)

    def _record(self, parameters: dict[str, str]) -> bytes:
        assert (parameters["verb"], parameters["metadataPrefix"]) == ("GetRecord", "arXiv")
        arxiv_id = parameters["identifier"].removeprefix("oai:arXiv.org:")
        if arxiv_id not in self.licences:
            return _OAI.format(answer='<error code="idDoesNotExist">No such record</error>').encode()
        url = self.licences[arxiv_id]
        licence = f"<license>{escape(url)}</license>" if url else ""
        return _OAI.format(answer=_OAI_RECORD.format(id=arxiv_id, licence=licence)).encode()

    def _page(self, parameters: dict[str, str], fault: Fault) -> bytes:
        start, size = int(parameters.get("start", 0)), int(parameters.get("max_results", 10))
        found = [one for one in self.entries if _matches(one, parameters.get("search_query", ""))]
        if "id_list" in parameters:  # arXiv leaves out those it does not have
            wanted = parameters["id_list"].split(",")
            found = [one for one in found if one.base_id in wanted]
        if parameters.get("sortBy") == "submittedDate":
            newest_first = parameters.get("sortOrder", "descending") == "descending"
            found.sort(key=lambda one: one.submitted, reverse=newest_first)
        page = found[start : start + size]
        kept = page[: max(len(page) - fault.drop, 0)]
        text = feed(kept, total=len(found) + fault.add_total, start=start, size=size).encode()
        return text[: int(len(text) * fault.truncate)]


def _matches(one: Entry, query: str) -> bool:
    """Whether ``(cat:a OR cat:b*) AND submittedDate:[… TO …]`` or ``ti:"a b" OR ti:"c"`` finds ``one``."""
    if titles := re.findall(r'ti:"([^"]*)"', query):
        words = " ".join(re.findall(r"[^\W_]+", one.title.lower()))
        return any(f" {title.lower()} " in f" {words} " for title in titles)
    wanted = re.findall(r"cat:([\w.*-]+)", query)
    dates = re.search(r"submittedDate:\[(\d{12}) TO (\d{12})\]", query)
    if wanted and not any(fnmatch.fnmatch(code, want) for code in one.categories for want in wanted):
        return False
    return not dates or dates[1] <= f"{one.submitted.astimezone(UTC):%Y%m%d%H%M}" <= dates[2]


class _Handler(BaseHTTPRequestHandler):
    server_fake: ArxivServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        fake = self.server_fake
        request, fault = fake.begin(self.path, dict(self.headers.items()))
        try:
            if fake.wait(fault.delay) or fault.close:
                self.close_connection = True
                return
            kind, plain = fake.answer(request, fault)
            plain = fault.body.encode() if fault.body is not None else plain
            self._send(plain, fault, kind=kind, last=partial(fake.end, request))
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client gave up waiting
        finally:
            fake.end(request)

    def _send(self, plain: bytes, fault: Fault, *, kind: str, last: Callable[[], None]) -> None:
        """Send the answer; ``last`` is called before its last byte goes out."""
        zipped = "gzip" in self.headers.get("Accept-Encoding", "") and not (fault.cut or fault.drip)
        body = gzip.compress(plain, 1) if zipped else plain
        self.send_response(fault.status)
        for name, value in fault.headers:
            self.send_header(name, value)
        if zipped:
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Type", fault.content_type or kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if fault.cut:
            self.close_connection = True
            body = body[: len(body) // 2]
        if not self._write(body[:-1], drip=fault.drip):
            self.close_connection = True
            return
        last()
        self.wfile.write(body[-1:])

    def _write(self, body: bytes, *, drip: float) -> bool:
        """Send it, a byte every ``drip`` seconds if that is set; False if the server is stopping."""
        for piece in (body[at : at + 1] for at in range(len(body))) if drip else (body,):
            self.wfile.write(piece)
            if drip and self.server_fake.wait(drip):
                return False
        return True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Stay quiet: tests read ``requests``."""
