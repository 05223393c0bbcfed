"""Read the settings file, ``.env``, whole or refuse it with one line."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import parse_stream

from newsletter.errors import ConfigurationError

REFERENCE = re.compile(r"\$\{(?P<name>[^}:]*)(?P<default>:-[^}]*)?\}")
"""What python-dotenv fills in: ``${NAME}`` and ``${NAME:-default}``."""
FOLDERS = ("NEWSLETTER_DATA_DIR", "NEWSLETTER_OUTBOX_DIR", "NEWSLETTER_SEARCH_DIR")
_RELATIVE_SQLITE = re.compile(r"sqlite:///(?=[^/:])")


def read_env_file(path: Path) -> dict[str, str]:
    """Return its settings; relative paths in it start at the file's folder.

    Raises ConfigurationError for a line that cannot be read, or a ``${NAME}`` that nothing fills in.
    """
    _refuse_unreadable(path)
    _refuse_unfilled(path)
    given = {name: value for name, value in dotenv_values(path).items() if value is not None}
    return {name: _anchored(name, value, folder=path.parent) for name, value in given.items()}


def _refuse_unreadable(path: Path) -> None:
    """Refuse a line that python-dotenv would only warn about and skip."""
    if not path.is_file():
        return
    try:
        with path.open(encoding="utf-8") as file:
            at_fault = [each.original.line for each in parse_stream(file) if each.error]
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} is not UTF-8 text: save it as UTF-8") from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}") from None
    if at_fault:
        # Not quoted in the error: the line may hold a secret.
        raise ConfigurationError(
            f"{path}, line {at_fault[0]} cannot be read: write NAME=value, with every quote closed, "
            "or put # before it"
        )


def _refuse_unfilled(path: Path) -> None:
    """Refuse unknown names: python-dotenv would fill in the empty string, and the default would apply."""
    known: Mapping[str, object] = dict(os.environ)
    for name, value in dotenv_values(path, interpolate=False).items():
        for found in REFERENCE.finditer(value or ""):
            if found["name"] not in known and not found["default"]:
                raise ConfigurationError(
                    f"{name} in {path} says {found[0]}, but {found['name']} is neither in the environment "
                    "nor set above it"
                )
        known = {**known, name: value}


def _anchored(name: str, value: str, *, folder: Path) -> str:
    if value and (name in FOLDERS or name.endswith("_FILE")):
        return str(folder / Path(value).expanduser())
    if name == "DATABASE_URL":
        return _RELATIVE_SQLITE.sub(lambda found: f"{found[0]}{folder.absolute()}/", value)
    return value
