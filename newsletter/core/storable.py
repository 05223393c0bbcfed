"""Which text a database stores. PostgreSQL refuses NUL and lone surrogates; SQLite takes NUL.

Input from outside is checked or cleaned before it is saved, so that both behave alike.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_REFUSED = re.compile("[\0\ud800-\udfff]")


def is_storable(text: str) -> bool:
    return not _REFUSED.search(text)


def storable(text: str) -> str:
    """Return ``text`` with U+FFFD in place of what no database takes."""
    return _REFUSED.sub("\ufffd", text)


def storable_value(value: Any) -> Any:
    """Return a JSON value with each of its texts ``storable``."""
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        return {storable_value(key): storable_value(each) for key, each in value.items()}
    return [storable_value(each) for each in value] if isinstance(value, list | tuple) else value


def fault_of(value: object) -> str:
    """Say what in a JSON value cannot be stored; empty where all of it can."""
    if isinstance(value, str):
        return "" if is_storable(value) else "it holds NUL or half a character"
    if isinstance(value, Mapping):
        return fault_of([*value.keys(), *value.values()])
    if isinstance(value, list | tuple):
        return next((fault for each in value if (fault := fault_of(each))), "")
    return ""
