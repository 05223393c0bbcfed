"""BibTeX and BibLaTeX, read by bibtexparser: broken entries are listed, the others kept."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping

from bibtexparser.entrypoint import parse_string
from bibtexparser.library import Library
from bibtexparser.middlewares import LibraryMiddleware, default_parse_stack
from bibtexparser.middlewares.names import parse_single_name_into_parts, split_multiple_persons_names
from bibtexparser.model import Block, Entry, ParsingFailedBlock, String

from newsletter.core.arxiv.papers import mend_name
from newsletter.core.arxiv.tex import readable
from newsletter.core.taste.library import (
    MAX_AUTHORS,
    MAX_ENTRIES,
    LibraryBuilder,
    ReadLibrary,
    Source,
    Unread,
)

# It logs a warning for each broken entry; they are listed for the subscriber.
logging.getLogger("bibtexparser").setLevel(logging.ERROR)

MAX_OTHERS = 20_000
"""Blocks that are no entries: @string, @comment, @preamble."""
MAX_TEX = 300_000
"""Characters of titles and names with commands in them; pylatexenc converts some 50,000 a second."""
_BLOCK = re.compile(r"@(?:(comment|string|preamble)|\w+)[ \t]*[{(]", re.IGNORECASE)
_COSTLY = re.compile(r"[\\$]")
_BRACES_OUTSIDE_MATH = re.compile(r"(\$[^$]*\$)|[{}]")
_LONGEST_TITLE, _LONGEST_NAME, _LONGEST_NAMES = 1_000, 200, 20_000
_NOTES = (
    *("note", "howpublished", "journal", "journaltitle", "eid", "volume"),
    *("number", "pages", "extra", "annotation"),
)


def read_bib(text: str) -> ReadLibrary:
    read = LibraryBuilder(Source.BIBTEX)
    kept, tex = _cut(text), 0
    for block in parse_string(kept, parse_stack=[_KeepDuplicates(), *default_parse_stack()]).blocks:
        line = (block.start_line or 0) + 1
        if isinstance(block, Entry):
            fields = _fields(block)
            costly = (fields.get(name, "") for name in ("title", "author"))
            tex += sum(len(value) for value in costly if _COSTLY.search(value))
            if tex > MAX_TEX:
                read.problem(line, "", Unread.TOO_MUCH_TEX)
                return read.built()
            _add(read, line, fields)
        elif isinstance(block, ParsingFailedBlock) and not isinstance(block.ignore_error_block, String):
            read.problem(line, block.raw or "", Unread.BROKEN)
    if len(kept) < len(text):
        read.problem(kept.count("\n") + 1, "", Unread.TOO_MANY)
    return read.built()


def _cut(text: str) -> str:
    """Cut off what is beyond the limits, before it costs anything."""
    entries = others = 0
    for found in _BLOCK.finditer(text):
        if found[1]:
            others += 1
        else:
            entries += 1
        if entries > MAX_ENTRIES or others > MAX_OTHERS:
            return text[: found.start()]
    return text


class _KeepDuplicates(LibraryMiddleware):
    """Keeps entries whose key, or a field of theirs, occurs twice: a fault in BibTeX, but a paper here."""

    def transform(self, library: Library) -> Library:
        blocks: list[Block] = []
        for number, block in enumerate(library.blocks):
            inside = block.ignore_error_block if isinstance(block, ParsingFailedBlock) else None
            # A duplicate key around duplicate fields: one fault holds the other.
            inside = inside.ignore_error_block if isinstance(inside, ParsingFailedBlock) else inside
            kept = inside if isinstance(inside, Entry) else block
            if isinstance(kept, Entry):
                kept.key = str(number)
            blocks.append(kept)
        return Library(blocks, fail_on_duplicate_key=False)


def _fields(entry: Entry) -> dict[str, str]:
    """Return the fields by name in lower case; of two of a name the first."""
    fields = {field.key.lower(): str(field.value) for field in reversed(entry.fields)}
    limits = {"title": _LONGEST_TITLE, "author": _LONGEST_NAMES}
    return fields | {name: fields[name][:most] for name, most in limits.items() if name in fields}


def _add(read: LibraryBuilder, line: int, fields: Mapping[str, str]) -> None:
    eprint = fields.get("eprint", "").strip()
    archive = fields.get("archiveprefix") or fields.get("eprinttype") or fields.get("primaryclass") or ""
    read.add(
        line,
        title=readable(_ungrouped(fields.get("title", ""))),
        authors=_authors(fields.get("author", "")),
        doi=_bare(fields.get("doi", "")),
        # Records of before 2007 have the archive apart: eprint = {9901001}, archiveprefix = {hep-th}.
        ids=[eprint, f"{archive}/{eprint}", _bare(fields.get("url", "")), fields.get("arxiv", "")],
        notes=[_bare(fields[name]) for name in _NOTES if name in fields],
    )


def _bare(value: str) -> str:
    r"""Return an address or note without the TeX around it: ``\url{…}``, ``10.1000/a\_b``."""
    return re.sub(r"\\(?:url|href)(?![A-Za-z])|[{}]|\\(?=[_%&#$])", "", value).strip()


def _ungrouped(value: str) -> str:
    """Drop the braces of a value without commands: here they only group, elsewhere they may be text."""
    return value if "\\" in value else _BRACES_OUTSIDE_MATH.sub(lambda found: found[1] or "", value)


def _authors(value: str) -> Iterator[str]:
    for name in split_multiple_persons_names(value)[:MAX_AUTHORS]:
        ordered = parse_single_name_into_parts(name[:_LONGEST_NAME], strict=False).merge_first_name_first
        if ordered.lower() != "others":
            yield mend_name(_ungrouped(ordered))
