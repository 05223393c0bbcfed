"""A message as bytes on the wire: every rule of form, checked line by line without any parser."""

from __future__ import annotations

import base64
import re

HARD, LINE, ENCODED_LINE, ENCODED_WORD = 998, 78, 76, 75
"""RFC 5322 §2.1.1, RFC 2045 §6.7, RFC 2047 §2: characters, without the line break."""
ONCE = ("From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type")
_WORD = re.compile(r"=\?utf-8\?b\?([A-Za-z0-9+/=]+)\?=")
_QUOTED = re.compile(rb"(?:[!-<>-~ \t]|=[0-9A-F]{2})*=?")
_MESSAGE_ID = re.compile(r"<[^\s<>@]+@[^\s<>@]+>")


def faults(message: bytes) -> list[str]:
    """Return what is wrong with a message's form; nothing, for one that may go to anybody."""
    head, _, body = message.partition(b"\r\n\r\n")
    fields = head_fields(message)
    return [
        *_line_faults(message),
        *(f"{name} does not stand there once" for name in ONCE if [n for n, _ in fields].count(name) != 1),
        *(fault for name, value in fields for fault in _field_faults(name, value)),
        *_body_faults(head, body),
    ]


def head_fields(message: bytes) -> list[tuple[str, str]]:
    """Return the header fields as they stand, each with its folding."""
    head = message.partition(b"\r\n\r\n")[0].decode()
    fields = re.split(r"\r\n(?![ \t])", head)
    return [(name, value.removeprefix(" ")) for name, _, value in (field.partition(":") for field in fields)]


def _line_faults(message: bytes) -> list[str]:
    bare = message.replace(b"\r\n", b"")
    lines = message.split(b"\r\n")
    return [
        *(["a line break that is not CRLF"] if b"\r" in bare or b"\n" in bare else []),
        *(["a NUL"] if b"\0" in message else []),
        *(["no line break at the end"] if lines[-1] else []),
        *(f"a line of {len(line)} bytes" for line in lines if len(line) > HARD),
    ]


def _field_faults(name: str, value: str) -> list[str]:
    lines = f"{name}: {value}".split("\r\n")
    # What has no space to break at may be longer; the name stays beside its first word.
    long = [line for line in lines if len(line) > LINE and " " in line.strip().removeprefix(f"{name}: ")]
    words = re.findall(r"=\?\S*\?=", value)
    return [
        *(f"{name}: a line of {len(line)} characters" for line in long),
        *(f"{name}: a line of nothing but white space" for line in lines if not line.strip()),
        *([f"{name}: not ASCII"] if not value.isascii() and name != "To" else []),
        *([f"{name}: an encoded word"] if "=?" in value and name not in {"From", "Subject"} else []),
        *(f"{name}: {word} is no whole encoded word" for word in words if not _is_whole(word)),
        *([f"{name}: no id"] if name == "Message-ID" and not _MESSAGE_ID.fullmatch(value) else []),
    ]


def _is_whole(word: str) -> bool:
    """Whether an encoded word is short enough and splits no character (RFC 2047 §5)."""
    found = _WORD.fullmatch(word)
    if found is None or len(word) > ENCODED_WORD:
        return False
    try:
        base64.b64decode(found[1], validate=True).decode()
    except ValueError:
        return False
    return True


def _body_faults(head: bytes, body: bytes) -> list[str]:
    boundary = re.search(rb'multipart/alternative;\s+boundary="([^"]{1,70})"', head)
    if boundary is None:
        return ["no multipart/alternative"]
    first, *parts = (b"\r\n" + body).split(b"\r\n--" + boundary[1])
    if len(parts) != 3 or parts[2] != b"--\r\n" or first.strip():
        return [f"{len(parts) - 1} parts, and {parts[-1]!r} at the end"]
    return [
        fault
        for part, subtype in zip(parts, (b"plain", b"html"), strict=False)
        for fault in _part_faults(part, subtype)
    ]


def _part_faults(part: bytes, subtype: bytes) -> list[str]:
    head, _, content = part.partition(b"\r\n\r\n")
    expected = (
        b"Content-Type: text/%b; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable" % subtype
    )
    lines = content.split(b"\r\n")
    return [
        *([f"a part that is not {expected!r}"] if head.strip() != expected else []),
        *(f"an encoded line of {len(line)}: {line[:40]!r}" for line in lines if len(line) > ENCODED_LINE),
        *(f"not quoted-printable: {line!r}" for line in lines if not _QUOTED.fullmatch(line)),
        *(f"white space at the end: {line!r}" for line in lines if line.endswith((b" ", b"\t"))),
    ]
