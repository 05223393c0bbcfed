"""The works of a public ORCID record (public API v3.0), one request."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from newsletter.adapters.infra.http import TIMEOUT, Got, Moved, Refused, Retry, get
from newsletter.core.taste.library import LibraryBuilder, ReadLibrary, Source, Unread, without_markup
from newsletter.errors import BadInput, TemporaryError

MAX_BYTES = 32 * 1024 * 1024
"""A record may have 10,000 works of some 3 KB."""
_OWN = {"self", "version-of", None}
"""Relations of an identifier to the work; ``part-of`` names its book or journal."""
_ID = re.compile(r"(?:(?:https?://)?(?:www\.)?orcid\.org/)?(\d{4})-?(\d{4})-?(\d{4})-?(\d{3}[\dXx])/?")


@dataclass(frozen=True, slots=True, kw_only=True)
class OrcidRecords:
    url: str
    timeout: tuple[float, float] = TIMEOUT
    give_up_after: float = 60.0
    """Seconds for the answer, with the pauses before asking again."""
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def read(self, orcid: str) -> ReadLibrary:
        """Read the works of an iD or its address; entries have no authors.

        Raises BadInput (no iD, of nobody, merged, locked), TemporaryError or PermanentError.
        """
        if not (known := parse_orcid(orcid)):
            raise BadInput(f"{orcid.strip()[:60]!r} is no ORCID iD, such as 0000-0002-1825-0097")
        try:
            works = self._works(f"{self.url}/{known}/works")
        except Moved as moved:
            raise BadInput(f"the ORCID iD {known} was merged into another: give that one") from moved
        except Refused as refused:
            raise _explained(refused, orcid=known) from refused
        read = LibraryBuilder(Source.ORCID)
        for number, work in enumerate(works, start=1):
            if read.is_full:
                read.problem(number, "", Unread.TOO_MANY)
                break
            _add(read, number, work)
        return read.built()

    def _works(self, address: str) -> list[Any]:
        def ask(seconds: float) -> list[Any]:
            got = get(
                address,
                whom="ORCID",
                seconds=seconds,
                max_bytes=MAX_BYTES,
                timeout=self.timeout,
                headers={"Accept": "application/json"},
            )
            return _groups(got)

        return Retry(left=self.give_up_after).run(ask, sleep=self.sleep)


def _groups(got: Got) -> list[Any]:
    """Return the works, each a group of what several sources say of it."""
    try:
        works = json.loads(got.body)
    except (ValueError, RecursionError):
        raise TemporaryError("ORCID's answer is truncated or no JSON", status=200) from None
    if not isinstance(works, dict) or not isinstance(works.get("group"), list):
        raise TemporaryError("ORCID's answer is no list of works", status=200)
    groups: list[Any] = works["group"]
    return groups


def _add(read: LibraryBuilder, number: int, group: Any) -> None:
    """Add a group of summaries, the preferred one first, as one entry with the identifiers of all of them."""
    summaries = [each for each in _list(group, "work-summary") if isinstance(each, Mapping)]
    titles = (_value(each, "title", "title", "value") for each in summaries)
    found = list(_identifiers([group, *summaries]))
    read.add(
        number,
        title=without_markup(next(filter(None, titles), "")),
        doi=next((value for kind, value in found if kind == "doi"), ""),
        ids=[
            *(value for kind, value in found if kind == "arxiv"),
            *(value for kind, value in found if kind == "doi"),
            *(_value(each, "url", "value") for each in summaries),
        ],
    )


def _identifiers(records: list[Any]) -> Iterator[tuple[str, str]]:
    """Yield (kind, value) of each identifier of the work itself."""
    for record in records:
        for one in _list(record, "external-ids", "external-id"):
            if isinstance(one, Mapping) and one.get("external-id-relationship") in _OWN:
                yield _value(one, "external-id-type").lower(), _value(one, "external-id-value")


def _at(record: Any, *names: str) -> Any:
    for name in names:
        record = record.get(name) if isinstance(record, Mapping) else None
    return record


def _value(record: Any, *names: str) -> str:
    value = _at(record, *names)
    return value if isinstance(value, str) else ""


def _list(record: Any, *names: str) -> list[Any]:
    value = _at(record, *names)
    return value if isinstance(value, list) else []


def _explained(refused: Refused, *, orcid: str) -> Exception:
    match refused.status:
        case 404:
            return BadInput(f"ORCID knows nobody by {orcid}")
        case 409:
            return BadInput(f"the ORCID record {orcid} is locked or was deactivated")
        case _:
            return refused


def parse_orcid(text: str) -> str | None:
    """Return the iD with hyphens, of an iD or its address; None for any other text or a wrong checksum.

    ISO 7064, MOD 11-2; ORCID, "Structure of the ORCID Identifier".
    """
    if not (text.isascii() and (found := _ID.fullmatch(text.strip()))):
        return None
    digits = "".join(found.groups()).upper()
    total = 0
    for digit in digits[:-1]:
        total = (total + int(digit)) * 2
    check = (12 - total % 11) % 11
    return "-".join(found.groups()).upper() if digits[-1] == ("X" if check == 10 else str(check)) else None
