"""Escape text for Markdown, and write front matter that every YAML parser reads."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TypeAlias

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$&])")
_AT_START = re.compile(r"^([-+=:]|\d+(?=[.)]))")
_UNPRINTABLE = re.compile(
    "[^\t\n\r\u0020-\u007e\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u2028\u2029\ufeff]"
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")


def as_text(text: str) -> str:
    """Return ``text`` on one line so that it is read as written: no markup, no HTML, no list by accident."""
    line = _CONTROL.sub(" ", text).strip()
    escaped = _SPECIAL.sub(r"\\\1", line)
    start = _AT_START.match(escaped)
    if start is None:
        return escaped
    end = start.end()
    return f"{escaped[:end]}\\{escaped[end:]}" if start[0].isdigit() else f"\\{escaped}"


FrontMatterValue: TypeAlias = "str | bool | list[str]"


def front_matter(values: Mapping[str, FrontMatterValue]) -> str:
    """Return a YAML block of ``values``, empty ones left out. YAML 1.2 §1.3: JSON is YAML."""
    lines = (f"{name}: {_as_json(value)}" for name, value in values.items() if value not in ("", []))
    return "\n".join(["---", *lines, "---"])


def _as_json(value: FrontMatterValue) -> str:
    """Return JSON on one line without characters that YAML 1.2 §5.1 allows only escaped, or not at all."""
    if isinstance(value, list):
        return f"[{', '.join(map(_as_json, value))}]"
    if isinstance(value, bool):
        return json.dumps(value)
    return json.dumps(_UNPRINTABLE.sub(" ", value), ensure_ascii=False)
