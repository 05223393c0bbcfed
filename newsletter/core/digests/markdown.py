"""Escape text for Markdown, and write front matter that every YAML parser reads."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$&])")
_AT_START = re.compile(r"^([-+=:]|\d+(?=[.)]))")
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


def front_matter(values: Mapping[str, str | list[str]]) -> str:
    """Return a YAML block of ``values``, empty ones left out. YAML 1.2 §1.3: JSON is YAML."""
    lines = (f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in values.items() if value)
    return "\n".join(["---", *lines, "---"])
