"""ORCID iDs: their form and checksum (ISO 7064, MOD 11-2; ORCID, "Structure of the ORCID Identifier")."""

from __future__ import annotations

import re

_ID = re.compile(r"(?:(?:https?://)?(?:www\.)?orcid\.org/)?(\d{4})-?(\d{4})-?(\d{4})-?(\d{3}[\dXx])/?")


def parse_orcid(text: str) -> str | None:
    """Return the iD with hyphens, of an iD or its address; None for any other text or a wrong checksum."""
    if not (text.isascii() and (found := _ID.fullmatch(text.strip()))):
        return None
    digits = "".join(found.groups()).upper()
    total = 0
    for digit in digits[:-1]:
        total = (total + int(digit)) * 2
    check = (12 - total % 11) % 11
    return "-".join(found.groups()).upper() if digits[-1] == ("X" if check == 10 else str(check)) else None
