"""Fragments and personal strings → the exact bytes of a message.

A message is a byte join. Quoted-printable is line based (RFC 2045 §6.7), so the encoded forms of fragments
that end in a line break concatenate to a valid body. Only lines with a placeholder are encoded for each
reader. ``pipeline/compose/render.py`` makes the fragments; ``headers.py`` writes the header lines.
"""

from __future__ import annotations

import hashlib
import re
from binascii import b2a_qp
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from itertools import groupby

from newsletter.core.digests.headers import MessageHeaders, write_headers
from newsletter.errors import PermanentError

PLACEHOLDER_OPEN, PLACEHOLDER_CLOSE = "[[", "]]"
"""Delimiters of a placeholder in a fragment. ``literal()`` keeps data from forging one."""
CHECKSUM_LENGTH = 32
_PLACEHOLDER = re.compile(r"\[\[([^\[\]\r\n]*)\]\]")
_SECOND_BRACKET = re.compile(r"\[(?=\[)")


@dataclass(frozen=True)
class Fragment:
    """A rendered part of a mail, as HTML and text. Fragments are joined; nothing is rendered again.

    ``html`` and ``text`` end in a line break (so that their quoted-printable forms concatenate) and may
    hold placeholders: ``[[preferences_url]]`` is filled for each reader.
    """

    html: str
    text: str

    @cached_property
    def checksum(self) -> str:
        """128 bits of SHA-256 over both forms, hexadecimal: the fragment's address."""
        return hashlib.sha256(f"{self.html}\0{self.text}".encode()).hexdigest()[:CHECKSUM_LENGTH]

    @cached_property
    def html_bytes(self) -> int:
        return len(self.html.encode())

    @cached_property
    def placeholders(self) -> frozenset[str]:
        """The names of the placeholders in either form."""
        return placeholder_names(self.html) | placeholder_names(self.text)

    @cached_property
    def encoded(self) -> EncodedFragment:
        """Both forms as quoted-printable, lines of at most 76 characters, CRLF; kept as long as the fragment.

        Raises PermanentError (``reason="piece"``) for a form that does not end in a line break, and for text
        that has no UTF-8 form.
        """
        return EncodedFragment(html=_encoded(self.html), text=_encoded(self.text))


def placeholder(name: str) -> str:
    """Return the placeholder for the personal string ``name``."""
    return f"{PLACEHOLDER_OPEN}{name}{PLACEHOLDER_CLOSE}"


def literal(data: str) -> str:
    """Return ``data`` so that nothing in it looks like a placeholder (a zero-width space splits ``[[``)."""
    return _SECOND_BRACKET.sub("[\u200b", data)


def placeholder_names(text: str) -> frozenset[str]:
    """Return the names of the placeholders in ``text``."""
    return frozenset(_PLACEHOLDER.findall(text)) if PLACEHOLDER_OPEN in text else frozenset()


def fill(text: str, placeholders: Mapping[str, str], *, html: bool) -> str:
    """Fill the placeholders of ``text`` with the reader's strings, HTML-escaped in the HTML form.

    Raises PermanentError (``reason="placeholder"``) for one without a value, and for a value that looks like
    a placeholder itself: nothing is sent with a hole.
    """
    if PLACEHOLDER_OPEN not in text:
        return text

    def value(found: re.Match[str]) -> str:
        filling = placeholders.get(found[1])
        if filling is None or PLACEHOLDER_OPEN in filling:
            raise PermanentError(f"the placeholder {found[0]} has no usable value", reason="placeholder")
        return escape(filling) if html else filling

    return _PLACEHOLDER.sub(value, text)


def join_html(fragments: Sequence[Fragment], placeholders: Mapping[str, str] | None = None) -> str:
    """Return the whole HTML form; without ``placeholders`` it keeps them, for a provider that fills them."""
    joined = "".join(fragment.html for fragment in fragments)
    return joined if placeholders is None else fill(joined, placeholders, html=True)


def join_text(fragments: Sequence[Fragment], placeholders: Mapping[str, str] | None = None) -> str:
    """Return the whole text form; see ``join_html``."""
    joined = "".join(fragment.text for fragment in fragments)
    return joined if placeholders is None else fill(joined, placeholders, html=False)


Encoded = bytes | tuple[bytes | str, ...]
"""Quoted-printable bytes; with placeholders, such bytes alternating with the lines that hold them, as
text."""


@dataclass(frozen=True, slots=True)
class EncodedFragment:
    """A fragment ready to be joined."""

    html: Encoded
    text: Encoded


def _encoded(form: str) -> Encoded:
    segments = tuple(_segments(form))
    shared = [segment for segment in segments if isinstance(segment, bytes)]
    return b"".join(shared) if len(shared) == len(segments) else segments


def _segments(form: str) -> Iterator[bytes | str]:
    if form and form[-1] not in "\r\n":
        raise PermanentError(f"a fragment does not end in a line break: …{form[-40:]!r}", reason="fragment")
    lines = form.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:-1]
    for is_personal, run in groupby(lines, key=lambda line: _PLACEHOLDER.search(line) is not None):
        together = "\n".join(run) + "\n"
        yield together if is_personal else _quoted_printable(together)


def _quoted_printable(lines: str) -> bytes:
    try:
        return b2a_qp(lines.replace("\n", "\r\n").encode(), istext=True)
    except UnicodeEncodeError as error:
        raise PermanentError(f"half a character in {error.object[:40]!r}…", reason="fragment") from error


def compose(
    headers: MessageHeaders, fragments: Sequence[Fragment], *, placeholders: Mapping[str, str]
) -> bytes:
    """Return the bytes of one message: multipart/alternative, text first, CRLF throughout.

    The same input gives the same bytes. Raises BadInput (see ``write_headers``) and PermanentError (see
    ``fill`` and ``Fragment.encoded``).
    """
    boundary = _boundary(headers.message_id)
    text = [_wire(fragment.encoded.text, placeholders, html=False) for fragment in fragments]
    html = [_wire(fragment.encoded.html, placeholders, html=True) for fragment in fragments]
    head = b'Content-Type: multipart/alternative;\r\n boundary="%b"\r\n' % boundary
    text_head, html_head, end = _part_head(boundary, b"plain"), _part_head(boundary, b"html"), _end(boundary)
    return b"".join([write_headers(headers), head, text_head, *text, html_head, *html, end])


def _wire(form: Encoded, placeholders: Mapping[str, str], *, html: bool) -> bytes:
    if isinstance(form, bytes):
        return form
    return b"".join(
        part
        if isinstance(part, bytes)
        else _quoted_printable(_one_line_break(fill(part, placeholders, html=html)))
        for part in form
    )


def _one_line_break(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _boundary(message_id: str) -> bytes:
    """Return a boundary that cannot occur: quoted-printable never has ``=_`` (RFC 2045 §6.7)."""
    return b"=_" + hashlib.sha256(message_id.encode()).hexdigest()[:32].encode("ascii")


def _part_head(boundary: bytes, subtype: bytes) -> bytes:
    return (
        b"\r\n--%b\r\nContent-Type: text/%b; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" % (boundary, subtype)
    )


def _end(boundary: bytes) -> bytes:
    return b"\r\n--%b--\r\n" % boundary
