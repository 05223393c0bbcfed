"""One answer of arXiv's API, read with the ``arxiv`` package and checked; none of its types leave.

The package's parser mends what is broken and skips what it cannot read, so a page is looked at strictly
first: HTML, an error entry, a cut or a missing entry would all come out as fewer results, and no error.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import arxiv
from arxiv import _feed
from lxml import etree

from newsletter.core.arxiv.papers import PaperRecord, author_names, is_withdrawn, mend_encoding, parse_id
from newsletter.core.arxiv.tex import readable

_ATOM = "{http://www.w3.org/2005/Atom}"
_OPENSEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"
MOST_DIGITS = 9
"""Of a count of results; all of arXiv has seven."""
_OTHER_ENCODING = re.compile(rb"\xff\xfe|\xfe\xff|<\?xml[^>]*encoding=.(?!utf-8)", re.IGNORECASE)
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_REFERENCE = re.compile("&#([0-9]+|x[0-9a-fA-F]+);")
LONGEST_NAME, LONGEST_REASON = 100, 200
"""Characters of what is said of a refused entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer of the API, parsed and found whole in itself."""

    total: int
    start: int
    asked: int
    """Results asked for; 0 where the answer does not say."""
    entries: int
    papers: tuple[PaperRecord, ...]
    refused: tuple[str, ...]
    missing: int = 0
    """Entries that it promises and does not hold, where it is kept all the same."""


class UnusableError(Exception):
    """An answer that is no whole page of results, and why, in a few words."""


class ShortError(UnusableError):
    """A page with fewer entries than it promises, but with some; ``missing``: how many fewer."""

    missing = 0


def parse(body: bytes) -> Page:
    """Read one page strictly: the package's own parser mends what is broken and skips what it cannot read."""
    root = _atom(body)
    total = _number(root, "totalResults")
    if total is None:
        raise UnusableError("it is an Atom feed, but no answer of arXiv's API (it has no totalResults)")
    entries = root.findall(f"{_ATOM}entry")
    papers: list[PaperRecord] = []
    refused: list[str] = []
    for entry in entries:
        name = entry.findtext(f"{_ATOM}id") or "an entry without id"
        if "/api/errors" in name:
            raise UnusableError(
                f"arXiv reports an error: {entry.findtext(f'{_ATOM}summary', '').strip() or name}"
            )
        try:
            papers.append(_record(_result(entry)))
        except Exception as error:  # whatever is odd about one entry costs that entry only
            refused.append(f"{name[:LONGEST_NAME]}: {str(error)[:LONGEST_REASON] or type(error).__name__}")
    return Page(
        total=total,
        start=_number(root, "startIndex") or 0,
        asked=_number(root, "itemsPerPage") or 0,
        entries=len(entries),
        papers=tuple(papers),
        refused=tuple(refused),
    )


def _number(root: etree._Element, name: str) -> int | None:
    """Return a count; a feed with one that no answer can have is not read further."""
    text = (root.findtext(f"{_OPENSEARCH}{name}") or "").strip()
    if len(text) > MOST_DIGITS:
        raise UnusableError(f"its {name} has {len(text)} characters")
    return int(text) if text.isascii() and text.isdecimal() else None


def _atom(body: bytes) -> etree._Element:
    if not body.strip():
        raise UnusableError("it is empty")
    if re.match(rb"\s*(?:<!doctype\s+html|<html)", body, re.IGNORECASE):
        raise UnusableError("it is an HTML page, not an Atom feed")
    try:
        root = etree.fromstring(_xml(body), etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        raise UnusableError(f"it is truncated or no XML: {error.msg}") from error
    if root.tag != f"{_ATOM}feed":
        raise UnusableError("it is XML, but not an Atom feed")
    return root


def _xml(body: bytes) -> bytes:
    """Put U+FFFD for what XML forbids in UTF-8: one such character in one abstract must not cost the page."""
    if _OTHER_ENCODING.match(body):
        return body
    text = _CONTROLS.sub("\ufffd", body.decode(errors="replace"))
    return _REFERENCE.sub(lambda found: found[0] if _is_allowed(found[1]) else "\ufffd", text).encode()


def _is_allowed(reference: str) -> bool:
    """Whether a character reference names a character that XML allows (XML 1.0 §2.2)."""
    digits = reference.lstrip("xX0")
    if len(digits) > 7:
        return False
    code = int(digits or "0", 16 if reference[0] in "xX" else 10)
    return (
        code in (0x9, 0xA, 0xD)
        or 0x20 <= code <= 0xD7FF
        or 0xE000 <= code <= 0xFFFD
        or 0xFFFF < code <= 0x10FFFF
    )


def check(page: Page, *, start: int | None = None, asked: int | None = None) -> None:
    """Raise UnusableError unless ``page`` has the entries it promises.

    ``start`` and ``asked`` are what was asked for; a saved page says itself which part of its query it is.
    """
    if start is not None and page.start != start:
        raise UnusableError(f"it starts at result {page.start} instead of {start}")
    left = max(page.total - page.start, 0)
    size = asked or page.asked
    promised = min(left, size) if size else left
    if page.entries == promised:
        return
    kind = ShortError if 0 < page.entries < promised else UnusableError
    error = kind(
        f"it has {page.entries} of {promised} promised entries "
        f"(totalResults {page.total}, startIndex {page.start})"
    )
    if isinstance(error, ShortError):
        error.missing = promised - page.entries
    raise error


def _result(entry: etree._Element) -> arxiv.Result:
    """Let the package read one entry: alone, so that one bad date does not cost the page."""
    feed = etree.Element(f"{_ATOM}feed")
    feed.append(entry)
    results = _feed.parse(etree.tostring(feed)).results
    if not results:
        raise ValueError("it has no id, or no date of submission")
    return results[0]


def _record(result: arxiv.Result) -> PaperRecord:
    """Raises ValueError, which says what is missing."""
    paper_id = parse_id(result.entry_id)
    title, abstract = _text(result.title), readable(mend_encoding(result.summary))
    primary = result.primary_category or next(iter(result.categories), "")
    for missing, what in ((paper_id, "id"), (title, "title"), (primary, "category")):
        if not missing:
            raise ValueError(f"it has no {what} that can be read")
    assert paper_id is not None  # noqa: S101 - seen above; for the type checker
    comment = _text(result.comment)
    return PaperRecord(
        arxiv_id=paper_id.base,
        version=paper_id.version or 1,
        title=title,
        abstract=abstract,
        authors=author_names(author.name for author in result.authors),
        primary_category=primary,
        categories=tuple(dict.fromkeys([primary, *result.categories])),
        published_at=result.published,
        updated_at=result.updated,
        comment=comment,
        journal_ref=_text(result.journal_ref),
        doi=" ".join((result.doi or "").split()),
        is_withdrawn=is_withdrawn(comment, abstract),
    )


def _text(value: str | None) -> str:
    """A field of one line."""
    return " ".join(readable(mend_encoding(value or "")).split())


def newest(papers: Sequence[PaperRecord]) -> tuple[PaperRecord, ...]:
    """One record per paper, its newest version, in the order in which each first came."""
    kept: dict[str, PaperRecord] = {}
    for paper in papers:
        if paper.arxiv_id not in kept or paper.version > kept[paper.arxiv_id].version:
            kept[paper.arxiv_id] = paper
    return tuple(kept.values())
