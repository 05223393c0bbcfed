"""JSON of reference managers: CSL-JSON, Zotero's API and Better BibTeX's export, which name things alike."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from newsletter.core.taste.library import LibraryBuilder, ReadLibrary, Source, Unread, without_markup
from newsletter.errors import BadInput

MAX_VALUES = 500_000
"""Objects and lists: a parsed one takes up to 200 bytes, whatever it holds."""
NO_PAPERS = {"attachment", "note", "annotation"}
"""Kinds of Zotero's items."""
_IDS = ("url", "archiveid", "archive_location", "number")
_NOTES = (
    *("archiveid", "archive_location", "number", "extra", "note", "container-title", "publicationtitle"),
    *("volume", "publisher", "repository", "reportnumber", "collection-title"),
)


def read_csl(text: str) -> ReadLibrary:
    """Read a list of items, one item, or an object that holds ``items``. Raises BadInput."""
    read = LibraryBuilder(Source.CSL)
    for number, item in enumerate(_items(text), start=1):
        if read.is_full:
            read.problem(number, "", Unread.TOO_MANY)
            break
        add_item(read, number, item)
    return read.built()


def _items(text: str) -> list[Any]:
    if text.count("{") + text.count("[") > MAX_VALUES:
        raise BadInput("the JSON holds too much for one time: export a part of the library")
    try:
        value = json.loads(text)
    except RecursionError:
        raise BadInput("the JSON is nested too deeply to be a library") from None
    except json.JSONDecodeError as error:
        raise BadInput(f"the JSON is broken at line {error.lineno}: {error.msg}") from None
    except ValueError:  # a number of more digits than Python reads
        raise BadInput("the JSON holds a number that cannot be read") from None
    if isinstance(value, dict) and isinstance(value.get("items"), list):
        value = value["items"]
    if isinstance(value, dict) and ("title" in value or "data" in value):
        value = [value]
    if not isinstance(value, list):
        raise BadInput("the JSON holds no list of items: export CSL-JSON, BibTeX or RIS")
    return value


def add_item(read: LibraryBuilder, number: int, item: Any) -> None:
    """Add an item of CSL-JSON, or of Zotero; attachments and notes are passed over."""
    if isinstance(item, dict) and isinstance(item.get("data"), dict):
        item = item["data"]  # Zotero's API wraps it
    if not isinstance(item, dict):
        read.problem(number, str(item)[:100] if isinstance(item, str | int | float) else "", Unread.BROKEN)
        return
    fields = {str(name).lower(): value for name, value in item.items()}
    if _text(fields.get("itemtype")) in NO_PAPERS:
        return
    extra = _text(fields.get("extra")) or _text(fields.get("note"))
    read.add(
        number,
        title=without_markup(_text(fields.get("title"))),
        authors=_authors(fields.get("author") or fields.get("creators")),
        doi=_text(fields.get("doi")) or _line_of(extra, "doi:"),
        ids=[*(_text(fields.get(name)) for name in _IDS), _line_of(extra, "arxiv:")],
        notes=[_text(fields.get(name)) for name in _NOTES],
    )


def _text(value: Any) -> str:
    return str(value) if isinstance(value, str | int) else ""


def _line_of(extra: str, name: str) -> str:
    """Return what a line of Zotero's field "Extra" says, such as ``DOI: 10.1000/1``."""
    lines = (line.strip() for line in extra.splitlines())
    return next((line[len(name) :].strip() for line in lines if line.lower().startswith(name)), "")


def _authors(people: Any) -> Iterator[str]:
    """Yield names of CSL (given, family, literal) and of Zotero (firstName, lastName, name)."""
    for person in people if isinstance(people, list) else ():
        if isinstance(person, Mapping) and person.get("creatorType", "author") == "author":
            parts = ("given", "firstName", "non-dropping-particle", "family", "lastName", "suffix")
            name = " ".join(filter(None, (_text(person.get(part)) for part in parts)))
            yield name or _text(person.get("literal")) or _text(person.get("name"))
