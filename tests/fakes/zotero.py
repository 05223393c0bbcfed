"""Zotero's Web API on loopback, as its documentation of version 3 has it ("Web API v3: Basics").

It holds top-level items by library, keys by the libraries that they open, and public libraries; it pages with
``limit`` and ``start``, and names ``Total-Results`` and ``Link``.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from urllib.parse import urlencode

from tests.fakes.json_server import JsonServer, Reply, Request, reply

KEY = "P9NiFoyLeZu2bZNvvuQPDWsd"
"""The documentation's example."""


def item(number: int = 1, **data: Any) -> dict[str, Any]:
    """Return an item in the shape of ``format=json``; ``data`` are its fields."""
    key = f"ITEM{number:04d}"
    fields = {"key": key, "version": number, "itemType": "preprint", "title": f"Paper {number}", **data}
    library = {"type": "user", "id": 475425, "name": "Z User", "links": {}}
    return {"key": key, "version": number, "library": library, "links": {}, "meta": {}, "data": fields}


class ZoteroServer(JsonServer):
    def __init__(self) -> None:
        super().__init__()
        self.libraries: dict[str, list[dict[str, Any]]] = {}
        """By ``users/475425`` or ``groups/123``; the newest item first."""
        self.public: set[str] = set()
        self.keys: dict[str, Collection[str]] = {}

    def answer(self, request: Request) -> Reply:
        headers = {name.lower(): value for name, value in request.headers.items()}
        key = headers.get("zotero-api-key", "")
        library = request.path.strip("/").removesuffix("/items/top")
        if headers.get("zotero-api-version") != "3":
            return _refusal(400, "Invalid API version")
        if key and key not in self.keys:
            return _refusal(403, "Invalid key")
        if library not in self.libraries:
            return _refusal(404, "Not found")
        if library not in self.public and library not in self.keys.get(key, ()):
            return _refusal(403, "Forbidden")
        return self._page(library, request)

    def _page(self, library: str, request: Request) -> Reply:
        excluded = request.parameters.get("itemType", "").removeprefix("-")
        found = [one for one in self.libraries[library] if one["data"]["itemType"] != excluded]
        start, limit = int(request.parameters.get("start", 0)), int(request.parameters.get("limit", 25))
        headers = {"Total-Results": str(len(found)), "Last-Modified-Version": "7", "Zotero-API-Version": "3"}
        if start + limit < len(found):
            following = urlencode(request.parameters | {"start": start + limit})
            headers["Link"] = f'<https://api.zotero.org{request.path}?{following}>; rel="next"'
        return reply(found[start : start + min(limit, 100)], headers=headers)


def _refusal(status: int, words: str) -> Reply:
    return Reply(status=status, body=words, content_type="text/html")
