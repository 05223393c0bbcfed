"""A file of a library, whatever its name: which kind it is shows in what it holds."""

from __future__ import annotations

import codecs
import re

from newsletter.adapters.library.bib import read_bib
from newsletter.adapters.library.csl import read_csl
from newsletter.adapters.library.ris import BEGINS, read_ris
from newsletter.core.taste.library import Problem, ReadLibrary, Unread, read_text
from newsletter.errors import BadInput

MAX_BYTES = 10 * 1024 * 1024
_OTHERS = (
    (
        (b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!", b"\x28\xb5\x2f\xfd"),
        "compressed",
    ),
    ((b"%PDF",), "a PDF"),
    ((b"SQLite format 3",), "a database"),
)
_BIBTEX = re.compile(r"^[^\S\n]*@[^\S\n]*\w+[^\S\n]*[{(]", re.MULTILINE)
_JSON = re.compile(r'\s*(?:\{\s*["}]|\[\s*[\[{\]])')


def read_library(data: bytes) -> ReadLibrary:
    """Read .bib, RIS, CSL-JSON or a list of ids, addresses and DOIs.

    Raises BadInput, one line, for what is none of them; nothing of it is kept then. Entries that cannot be
    read are problems.
    """
    text, is_utf8 = _decoded(data)
    if not text.strip():
        raise BadInput("there is nothing in the file")
    if _JSON.match(text):
        read = read_csl(text)
    elif BEGINS.search(text):
        read = read_ris(text)
    elif _BIBTEX.search(text):
        read = read_bib(text)
    else:
        read = read_text(text)
    if not read.entries and not read.problems:
        raise BadInput("the file describes no paper")
    problems = () if is_utf8 else (Problem(0, "the file", Unread.ENCODING),)
    return ReadLibrary(read.entries, (*problems, *read.problems))


def _decoded(data: bytes) -> tuple[str, bool]:
    """Return the text, with line breaks as ``\\n``, and whether it is in an encoding that says what it is."""
    if len(data) > MAX_BYTES:
        raise BadInput(f"the file is larger than {MAX_BYTES // 1024**2} MB: export a part of the library")
    for signs, kind in _OTHERS:
        if data.startswith(signs):
            raise BadInput(f"the file is {kind}: give the .bib, .ris or .json file itself")
    is_utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    is_known = True
    try:
        text = data.decode("utf-16" if is_utf16 else "utf-8-sig")
    except UnicodeDecodeError:
        if is_utf16:
            raise BadInput("the file begins as UTF-16 and is broken: save it as UTF-8") from None
        # Undefined in Windows-1252 are five bytes, none of them a letter in any of its relatives.
        text, is_known = data.decode("cp1252", errors="replace"), False
    if "\0" in text:
        raise BadInput("the file is not text, or in an encoding that it does not name: save it as UTF-8")
    return text.replace("\r\n", "\n").replace("\r", "\n"), is_known
