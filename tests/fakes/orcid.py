"""ORCID's public API on loopback: the works of records, as "ORCID API v3.0 Guide" has them in JSON."""

from __future__ import annotations

from typing import Any

from tests.fakes.json_server import JsonServer, Reply, Request, reply


def external_id(kind: str, value: str, relationship: str = "self") -> dict[str, Any]:
    return {
        "external-id-type": kind,
        "external-id-value": value,
        "external-id-normalized": {"value": value.lower(), "transient": True},
        "external-id-normalized-error": None,
        "external-id-url": None,
        "external-id-relationship": relationship,
    }


def summary(title: str | None, *ids: dict[str, Any], url: str = "") -> dict[str, Any]:
    """Return what one source says of a work."""
    return {
        "put-code": 733536,
        "created-date": {"value": 1462157547720},
        "last-modified-date": {"value": 1462157547720},
        "source": {"source-name": {"value": "Crossref"}},
        "title": title and {"title": {"value": title}, "subtitle": None, "translated-title": None},
        "external-ids": {"external-id": list(ids)},
        "url": {"value": url} if url else None,
        "type": "preprint",
        "publication-date": {"year": {"value": "2024"}, "month": None, "day": None},
        "journal-title": {"value": "arXiv"},
        "visibility": "public",
        "path": "/0000-0002-1825-0097/work/733536",
        "display-index": "0",
    }


def work(*summaries: dict[str, Any]) -> dict[str, Any]:
    """Return a group: a work, by all its sources, with the identifiers that they have in common."""
    own = summaries[0]["external-ids"] if summaries else {"external-id": []}
    return {
        "last-modified-date": {"value": 1462157547720},
        "external-ids": own,
        "work-summary": list(summaries),
    }


class OrcidServer(JsonServer):
    def __init__(self) -> None:
        super().__init__()
        self.records: dict[str, list[dict[str, Any]]] = {}
        """Works by iD."""

    @property
    def url(self) -> str:
        return f"{self.host}/v3.0"

    def answer(self, request: Request) -> Reply:
        version, orcid, section = request.path.strip("/").split("/")
        assert (version, section) == ("v3.0", "works")
        if request.headers.get("Accept") != "application/json":
            return Reply(body="<activities:works/>", content_type="application/xml")
        if orcid not in self.records:
            return refusal(404, "The resource was not found.", code=9016)
        path = f"/{orcid}/works"
        return reply({"last-modified-date": None, "group": self.records[orcid], "path": path})


def refusal(status: int, words: str, *, code: int, **headers: str) -> Reply:
    error = {
        "response-code": status,
        "developer-message": f"{status}: {words}",
        "user-message": words,
        "error-code": code,
        "more-info": "https://members.orcid.org/api/resources/troubleshooting",
    }
    return reply(error, status=status, headers=headers)
