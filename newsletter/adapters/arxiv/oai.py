"""A paper's licence, from arXiv's OAI record (OAI-PMH 2.0, metadataPrefix ``arXiv``)."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from lxml import etree

from newsletter.adapters.infra.http import TIMEOUT, USER_AGENT, get
from newsletter.adapters.ports import RequestGate
from newsletter.core.arxiv.papers import PaperRecord
from newsletter.errors import TemporaryError

MAX_BYTES = 1024 * 1024
SECONDS = 30.0
_OAI = "{http://www.openarchives.org/OAI/2.0/}"
_ARXIV = "{http://arxiv.org/OAI/arXiv/}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArxivOai:
    gate: RequestGate
    url: str
    timeout: tuple[float, float] = TIMEOUT
    seconds: float = SECONDS
    user_agent: str = USER_AGENT

    def licence(self, paper: PaperRecord) -> str:
        """Return the licence's address as arXiv writes it; empty where the record has none.

        Raises TemporaryError (also for an answer that cannot be read) or PermanentError.
        """
        with self.gate():
            got = get(
                self._address(paper),
                whom="arXiv",
                seconds=self.seconds,
                max_bytes=MAX_BYTES,
                timeout=self.timeout,
                user_agent=self.user_agent,
            )
        return _licence(got.body, arxiv_id=paper.arxiv_id)

    def _address(self, paper: PaperRecord) -> str:
        parameters = {
            "verb": "GetRecord",
            "identifier": f"oai:arXiv.org:{paper.arxiv_id}",
            "metadataPrefix": "arXiv",
        }
        return f"{self.url}?{urlencode(parameters)}"


def _licence(body: bytes, *, arxiv_id: str) -> str:
    try:
        root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        raise TemporaryError(f"arXiv's OAI answer is truncated or no XML: {error.msg}") from error
    if root.tag != f"{_OAI}OAI-PMH":
        raise TemporaryError("arXiv's OAI answer is XML of another kind")
    if (problem := root.find(f"{_OAI}error")) is not None:
        if problem.get("code") == "idDoesNotExist":
            return ""
        raise TemporaryError(f"arXiv's OAI interface reports an error: {problem.get('code')}")
    records = root.findall(f".//{_ARXIV}arXiv")
    if [record.findtext(f"{_ARXIV}id", "").strip() for record in records] != [arxiv_id]:
        raise TemporaryError(f"arXiv's OAI answer is not the record of {arxiv_id}")
    return (records[0].findtext(f"{_ARXIV}license") or "").strip()
