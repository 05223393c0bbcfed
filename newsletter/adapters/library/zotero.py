"""A Zotero library, read by its Web API v3: the newest items, with or without a key.

pyzotero is not used: it needs bibtexparser 1, which reads .bib files less well than the 2 we have, and a
second HTTP client, for what is one kind of request here.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from newsletter.adapters.infra.http import TIMEOUT, Got, Refused, Retry, get
from newsletter.adapters.infra.retry_after import backoff
from newsletter.adapters.library.csl import add_item
from newsletter.core.taste.library import MAX_ENTRIES, LibraryBuilder, ReadLibrary, Source, Unread
from newsletter.errors import BadInput, TemporaryError

PAGE_SIZE = 100
"""The most items of one answer (Web API v3, "Sorting and Pagination Parameters")."""
MAX_BYTES = 16 * 1024 * 1024
_LIBRARY = re.compile(r"(?:https?://(?:www\.|api\.)?zotero\.org/)?(?:(users|groups)/)?(\d{1,12})(?:/.*)?")
_KEY = re.compile(r"[A-Za-z0-9]{16,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoteroLibraries:
    url: str
    timeout: tuple[float, float] = TIMEOUT
    give_up_after: float = 120.0
    """Seconds that reading a library may take, pauses that Zotero asks for included."""
    page_size: int = PAGE_SIZE
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def read(self, library: str, *, key: str = "") -> ReadLibrary:
        """Read ``users/475425``, ``groups/123``, a group's address, or of a bare number the user's library.

        At most MAX_ENTRIES items, those added last first. ``key`` goes to ``url`` alone, in a header, and is
        neither kept nor logged. Raises BadInput (a wrong id or key, a private or unknown library),
        TemporaryError (also when time ends, with ``retry_after`` if Zotero named one) or PermanentError.
        """
        path, headers = _path(library), _headers(key)
        read, retry, start = LibraryBuilder(Source.ZOTERO), Retry(left=self.give_up_after), 0
        while True:
            try:
                got, items, total = self._page(path, start=start, headers=headers, retry=retry)
            except Refused as refused:
                raise _explained(refused, path=path, has_key=bool(key)) from refused
            for number, item in enumerate(items, start=start + 1):
                add_item(read, number, item)
            start += len(items)
            if start >= total:
                return read.built()
            if start >= MAX_ENTRIES:
                read.problem(start + 1, "", Unread.TOO_MANY)
                return read.built()
            if wait := backoff(got.headers):
                asked = TemporaryError(f"Zotero asks to wait {wait:g} seconds", retry_after=wait)
                retry.wait(asked, elapsed=0.0, sleep=self.sleep)

    def _page(
        self, path: str, *, start: int, headers: dict[str, str], retry: Retry
    ) -> tuple[Got, list[Any], int]:
        """Return a page and how many items there are in all; ask again while there is time.

        The address is made here, not taken from the header Link: the key goes nowhere that an answer names.
        """
        asked = {
            "format": "json",
            "itemType": "-attachment",
            "sort": "dateAdded",
            "direction": "desc",
            "limit": self.page_size,
            "start": start,
        }
        address = f"{self.url}/{path}/items/top?{urlencode(asked)}"

        def ask(seconds: float) -> tuple[Got, list[Any], int]:
            got = get(
                address,
                whom="Zotero",
                seconds=seconds,
                max_bytes=MAX_BYTES,
                timeout=self.timeout,
                headers=headers,
            )
            return (got, *_items(got, start=start))

        return retry.run(ask, sleep=self.sleep)


def _path(library: str) -> str:
    if not (library.isascii() and (found := _LIBRARY.fullmatch(library.strip()))):
        raise BadInput(
            "a Zotero library is given by a number: your userID from zotero.org/settings/keys "
            "(not the user name), or groups/ and the group's number"
        )
    return f"{found[1] or 'users'}/{int(found[2])}"


def _headers(key: str) -> dict[str, str]:
    # A key with other characters would be refused, and quoted, by the HTTP client.
    if key and not (key.isascii() and _KEY.fullmatch(key)):
        raise BadInput("that is not a Zotero key: it has 24 letters and digits")
    headers = {"Accept": "application/json", "Zotero-API-Version": "3"}
    return headers | ({"Zotero-API-Key": key} if key else {})


def _items(got: Got, *, start: int) -> tuple[list[Any], int]:
    total = got.headers.get("Total-Results", "")
    try:
        items = json.loads(got.body)
    except (ValueError, RecursionError):
        raise TemporaryError("Zotero's answer is truncated or no JSON", status=200) from None
    if not isinstance(items, list) or not (total.isascii() and total.isdecimal() and len(total) < 10):
        raise TemporaryError("Zotero's answer is no list of items with its length", status=200)
    if not items and start < int(total):
        raise TemporaryError(f"Zotero has {total} items and sent {start}", status=200)
    return items, int(total)


def _explained(refused: Refused, *, path: str, has_key: bool) -> Exception:
    match refused.status:
        case 403 if has_key:
            return BadInput(
                f"Zotero does not let this key read {path}: "
                "give one with access to that library, from zotero.org/settings/keys"
            )
        case 403:
            return BadInput(f"the Zotero library {path} is private: give a key from zotero.org/settings/keys")
        case 404:
            return BadInput(f"Zotero knows no library {path}: give the userID or the group's number")
        case _:
            return refused
