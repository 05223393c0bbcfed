"""Write settings into a ``.env``: what is there stays, the file is whole at every moment, and ours alone."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from newsletter.config.private_files import write_whole
from newsletter.errors import ConfigurationError

KEPT = ".before-init"
"""What the name of the copy of an earlier file ends with."""
_BARE = re.compile(r"[A-Za-z0-9_@%+=:,./?&!*~^-]*")
_UNREADABLE = "# This line could not be read, and is kept by newsletter init:"


def write_env(path: Path, values: Mapping[str, str]) -> Path | None:
    """Put ``values`` into the file, mode 0600; return the copy that was kept of an earlier one.

    A line that sets one of the names is replaced where it stands, others stay as they are, and one that
    cannot be read becomes a comment. Raises ConfigurationError for a value that no line can hold.
    """
    path = path.resolve()  # a link stays a link
    before = _text_of(path)
    after = merged(before, values)
    _make_sure(after, values)
    copy = None
    if before.strip() and before != after:
        copy = path.with_name(f"{path.name}{KEPT}")
        _replace(copy, before)
    _replace(path, after)
    return copy


def merged(text: str, values: Mapping[str, str]) -> str:
    """Return the text of a ``.env`` with these values in it."""
    left, lines = dict(values), list[str]()
    for binding in parse_stream(io.StringIO(text)):
        original = binding.original.string
        if binding.error:
            lines.append(f"{_UNREADABLE}\n{_commented(original)}")
        elif binding.key in values:
            # The last line of a name counts: one is enough.
            if binding.key in left:
                lines.append(_line(binding.key, left.pop(binding.key)))
        else:
            lines.append(original if original.endswith("\n") or not original else f"{original}\n")
    lines += [_line(name, value) for name, value in left.items()]
    return "".join(lines)


def _line(name: str, value: str) -> str:
    if _BARE.fullmatch(value):
        return f"{name}={value}\n"
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"{name}='{escaped}'\n"


def _commented(text: str) -> str:
    return "".join(f"# {line}\n" for line in text.rstrip("\n").split("\n"))


def _make_sure(text: str, values: Mapping[str, str]) -> None:
    """Read the text as the service will: what cannot be read back must not be written."""
    for name, value in values.items():
        if "\n" in value or "\r" in value or "${" in value:
            raise ConfigurationError(
                f"{name} cannot stand in .env: put it into a file, and name that: {name}_FILE"
            )
    found = dotenv_values(stream=io.StringIO(text))
    for name, value in values.items():
        if (found.get(name) or "") != value:
            raise ConfigurationError(f"{name} cannot be written to .env: give it as {name}_FILE")


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8") if path.exists() else ""
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} is not UTF-8 text: save it as UTF-8") from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from None


def _replace(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, text.encode())
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be written: {error.strerror}") from error
