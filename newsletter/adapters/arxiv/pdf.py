"""A paper's PDF, in exactly the version asked for, through the gate that all requests to arXiv pass.

The bytes are handed on and kept nowhere. What they say is ``pdf_text``'s.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

from newsletter.adapters.arxiv.http import TIMEOUT, USER_AGENT, Got, Moved, Refused, get
from newsletter.adapters.ports import RequestGate
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.errors import PermanentError

MAX_BYTES = 40 * 1024 * 1024
SECONDS = 45.0
"""For one download; with the last wait for bytes still below the gate's HELD_FOR."""
MAX_REDIRECTS = 3
HEAD = 1024
"""Bytes within which ``%PDF`` must stand (ISO 32000-2, Annex I.3)."""
PDF_TYPES = frozenset({"application/pdf", "application/x-pdf", "application/octet-stream", ""})


@dataclass(frozen=True, slots=True, kw_only=True)
class ArxivPdf:
    gate: RequestGate
    url: str
    timeout: tuple[float, float] = TIMEOUT
    seconds: float = SECONDS
    max_bytes: int = MAX_BYTES
    user_agent: str = USER_AGENT

    def fetch(self, paper: PaperRecord) -> bytes:
        """Return the PDF of this version.

        Raises TemporaryError, or PermanentError with reason ``missing`` (404, or the page that arXiv shows in
        place of a PDF it does not have), ``too_big`` or ``not_pdf``.
        """
        got = self._follow(f"{self.url}/{quote(paper.versioned_id, safe='/.-')}")
        if got.content_type in {"text/html", "text/plain"}:
            raise PermanentError(f"arXiv has no PDF of {paper.versioned_id}", reason="missing")
        if got.content_type not in PDF_TYPES or b"%PDF-" not in got.body[:HEAD]:
            said = f"arXiv's answer for {paper.versioned_id} is no PDF but {got.content_type or 'not named'}"
            raise PermanentError(said, reason="not_pdf")
        return got.body

    def _follow(self, address: str) -> Got:
        """Each redirect is a request of its own: it waits for its turn as any other."""
        for _ in range(MAX_REDIRECTS + 1):
            try:
                with self.gate():
                    return get(
                        address,
                        seconds=self.seconds,
                        max_bytes=self.max_bytes,
                        timeout=self.timeout,
                        user_agent=self.user_agent,
                    )
            except Moved as moved:
                address = self._next(address, moved)
            except Refused as refused:
                if refused.status in {404, 410}:
                    raise PermanentError(f"arXiv has nothing at {address}", reason="missing") from refused
                raise
        raise PermanentError(f"arXiv redirects more than {MAX_REDIRECTS} times", reason="moved")

    def _next(self, address: str, moved: Moved) -> str:
        """Return where a redirect leads, if that is the host asked or another of arXiv's."""
        place = urljoin(address, moved.place)
        asked, led = (urlsplit(each) for each in (self.url, place))
        is_same = (led.scheme, led.netloc) == (asked.scheme, asked.netloc)
        if is_same or (led.scheme == "https" and _is_arxiv(asked.hostname) and _is_arxiv(led.hostname)):
            return place
        raise moved


def _is_arxiv(host: str | None) -> bool:
    return host == "arxiv.org" or (host or "").endswith(".arxiv.org")
