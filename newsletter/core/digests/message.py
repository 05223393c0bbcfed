"""Fragments and personal strings → the exact bytes of a message.

A message is a byte join. Quoted-printable is line based (RFC 2045 §6.7), so the encoded forms of fragments
that end in a line break concatenate to a valid body. Only the values of placeholders are encoded for each
reader. ``pipeline/compose/render.py`` makes the fragments; ``headers.py`` writes the header lines.
"""

from __future__ import annotations

import hashlib
import re
from binascii import b2a_qp
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape

from newsletter.core.digests.headers import MessageHeaders, write_headers
from newsletter.errors import PermanentError

PLACEHOLDER_OPEN, PLACEHOLDER_CLOSE = "[[", "]]"
"""Delimiters of a placeholder in a fragment. ``literal()`` keeps data from forging one."""
CHECKSUM_LENGTH = 32
_PLACEHOLDER = re.compile(r"\[\[([^\[\]\r\n]*)\]\]")
_SECOND_BRACKET = re.compile(r"\[(?=\[)")
_EMPHASIS = re.compile("\ue002([^\ue002\ue003]*)\ue003")
"""In a reader's string: a title between private-use characters, which is italic in HTML."""


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
    def html_parts(self) -> tuple[str, ...]:
        """The HTML and the names of its placeholders in turn."""
        return _split(self.html)

    @cached_property
    def text_parts(self) -> tuple[str, ...]:
        return _split(self.text)

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


def emphasis(title: str) -> str:
    """Return a paper's title so that a reader's string shows it in italics where there are any."""
    return f"\ue002{title}\ue003"


def plain_value(value: str) -> str:
    """Return a reader's string for the text form."""
    return _EMPHASIS.sub(r"\1", value)


def html_value(value: str) -> str:
    """Return a reader's string for the HTML form: escaped, with titles in italics."""
    return _EMPHASIS.sub(r'<i lang="en">\1</i>', escape(value))


def placeholder_names(text: str) -> frozenset[str]:
    """Return the names of the placeholders in ``text``."""
    return frozenset(_PLACEHOLDER.findall(text)) if PLACEHOLDER_OPEN in text else frozenset()


def join_html(fragments: Sequence[Fragment], placeholders: Mapping[str, str] | None = None) -> str:
    """Return the whole HTML form; without ``placeholders`` it keeps them, for a provider that fills them."""
    if placeholders is None:
        return "".join(fragment.html for fragment in fragments)
    return _joined([fragment.html_parts for fragment in fragments], _Values(placeholders, html=True))


def join_text(fragments: Sequence[Fragment], placeholders: Mapping[str, str] | None = None) -> str:
    """Return the whole text form; see ``join_html``."""
    if placeholders is None:
        return "".join(fragment.text for fragment in fragments)
    return _joined([fragment.text_parts for fragment in fragments], _Values(placeholders, html=False))


def _split(form: str) -> tuple[str, ...]:
    """Return text and the names of placeholders in turn; the first and the last are text."""
    return tuple(_PLACEHOLDER.split(form))


def _joined(forms: Iterable[Sequence[str]], values: Mapping[str, str]) -> str:
    return "".join(values[part] if place % 2 else part for form in forms for place, part in enumerate(form))


class _Values(dict[str, str]):
    """What stands for each placeholder in one form of one message."""

    def __init__(self, placeholders: Mapping[str, str], *, html: bool) -> None:
        super().__init__()
        self._placeholders, self._is_html = placeholders, html

    def __missing__(self, name: str) -> str:
        filling = self._placeholders.get(name)
        if filling is None or PLACEHOLDER_OPEN in filling:
            reason = f"the placeholder {placeholder(name)} has no usable value"
            raise PermanentError(reason, reason="placeholder")
        value = self[name] = html_value(filling) if self._is_html else plain_value(filling)
        return value


# --- the bytes -------------------------------------------------------------------------------------------

Encoded = tuple[bytes | str, ...]
"""Quoted-printable bytes and the names of placeholders in turn; the first and the last are bytes.

The bytes around a placeholder hold soft line breaks (RFC 2045 §6.7): a value has lines to itself, so that it
is encoded once a message, wherever it stands, and nothing else for each reader.
"""
_SOFT_BREAK = b"=\r\n"
_LINE = 76
"""RFC 2045 §6.7: the longest line, with the = of a soft break."""


@dataclass(frozen=True, slots=True)
class EncodedFragment:
    """A fragment ready to be joined."""

    html: Encoded
    text: Encoded


def _encoded(form: str) -> Encoded:
    if form and form[-1] not in "\r\n":
        raise PermanentError(f"a fragment does not end in a line break: …{form[-40:]!r}", reason="fragment")
    parts = _split(_with_lf(form))
    last = len(parts) - 1
    return tuple(
        part
        if place % 2
        else (_SOFT_BREAK if place else b"") + _quoted_printable(part, is_broken=place < last)
        for place, part in enumerate(parts)
    )


def _with_lf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _quoted_printable(text: str, *, is_broken: bool = False) -> bytes:
    """Encode text that begins on a line of its own; if it ``is_broken`` off in a line, break that softly.

    No line of it begins with a dot, which SMTP would have to double (RFC 5321 §4.5.2).
    """
    ends_a_line = text.endswith("\n")
    crlf = (text if ends_a_line else f"{text}\n").replace("\n", "\r\n")  # b2a_qp takes its line break from it
    try:
        lines = b2a_qp(crlf.encode(), istext=True)
    except UnicodeEncodeError as error:
        raise PermanentError(f"half a character in {error.object[:40]!r}…", reason="fragment") from error
    if b"\n." in lines or lines.startswith(b"."):
        lines = b"\r\n".join(map(_without_dot, lines.split(b"\r\n")))
    if ends_a_line:
        return lines
    lines = lines[:-2]
    return _softly_broken(lines) if is_broken and text else lines


def _without_dot(line: bytes) -> bytes:
    if not line.startswith(b"."):
        return line
    line = b"=2E" + line[1:]
    if len(line) <= _LINE:
        return line
    cut = line.rfind(b"=", 0, 70) if b"=" in line[67:70] else 70
    return line[:cut] + _SOFT_BREAK + _without_dot(line[cut:])


def _softly_broken(lines: bytes) -> bytes:
    """Break the last line softly, once more where it has no room for the =."""
    if len(lines) - lines.rfind(b"\n") > _LINE:
        cut = len(lines) - (3 if lines[-3:-2] == b"=" else 1)
        lines = lines[:cut] + _SOFT_BREAK + _without_dot(lines[cut:])
    return lines + _SOFT_BREAK


class _EncodedValues(dict[str, bytes]):
    """The same for the encoded forms."""

    def __init__(self, placeholders: Mapping[str, str], *, html: bool) -> None:
        super().__init__()
        self._values = _Values(placeholders, html=html)

    def __missing__(self, name: str) -> bytes:
        # The bytes that follow begin with the soft break.
        lines = _quoted_printable(_with_lf(self._values[name]), is_broken=True)
        value = self[name] = lines.removesuffix(_SOFT_BREAK)
        return value


def compose(
    headers: MessageHeaders, fragments: Sequence[Fragment], *, placeholders: Mapping[str, str]
) -> bytes:
    """Return the bytes of one message: multipart/alternative, text first, CRLF, no line begins with a dot.

    The same input gives the same bytes. Raises BadInput (see ``write_headers``) and PermanentError (see
    ``fill`` and ``Fragment.encoded``).
    """
    boundary = _boundary(headers.message_id)
    text = _wire([fragment.encoded.text for fragment in fragments], placeholders, html=False)
    html = _wire([fragment.encoded.html for fragment in fragments], placeholders, html=True)
    head = b'Content-Type: multipart/alternative;\r\n boundary="%b"\r\n' % boundary
    text_head, html_head, end = _part_head(boundary, b"plain"), _part_head(boundary, b"html"), _end(boundary)
    return b"".join([write_headers(headers), head, text_head, *text, html_head, *html, end])


def _wire(forms: Iterable[Encoded], placeholders: Mapping[str, str], *, html: bool) -> list[bytes]:
    values = _EncodedValues(placeholders, html=html)
    return [values[part] if isinstance(part, str) else part for form in forms for part in form]


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
