"""What a domain's SPF, DKIM and DMARC records say, and what is wrong with them: text in, text out."""

from __future__ import annotations

import re
from collections.abc import Sequence

MOST_LOOKUPS = 10
"""RFC 7208 §4.6.4: beyond it the answer is an error."""
_LOOKUP = re.compile(r"^[+?~-]?(?:(?:include|exists):|(?:a|mx|ptr)(?:[:/]|$))|^redirect=", re.IGNORECASE)
_TAG = re.compile(r"\s*([a-z]+)\s*=\s*([^;]*)")


def spf_fault(texts: Sequence[str]) -> str:
    """Return what is wrong with a domain's SPF record; empty if nothing is."""
    found = [text for text in texts if _is_spf(text)]
    if not found:
        return "there is none"
    if len(found) > 1:
        return f"there are {len(found)}, and with more than one all count as none (RFC 7208 §3.2)"
    words = found[0].split()[1:]
    if any(word.lower() in ("+all", "all") for word in words):
        return "it ends in +all, which lets everybody send in your name"
    if not any(word.lower().endswith("all") or word.lower().startswith("redirect=") for word in words):
        return "it does not end in -all or ~all, so it forbids nothing"
    if (lookups := sum(bool(_LOOKUP.search(word)) for word in words)) > MOST_LOOKUPS:
        return f"it takes {lookups} look-ups, and {MOST_LOOKUPS} is the most (RFC 7208 §4.6.4)"
    return ""


def dmarc_policy(texts: Sequence[str]) -> str:
    """Return a DMARC record's policy: none, quarantine or reject; empty where none can be used."""
    found = [text for text in texts if text.replace(" ", "").lower().startswith("v=dmarc1")]
    if len(found) != 1:
        return ""
    policy = tags(found[0]).get("p", "").lower()
    return policy if policy in {"none", "quarantine", "reject"} else ""


def dkim_fault(texts: Sequence[str], *, public_key: str) -> str:
    """Return what is wrong with the record of a DKIM key, given the public half as base64."""
    if not texts:
        return "there is none"
    keys = [re.sub(r"\s", "", tags(text).get("p", "")) for text in texts]
    if keys == [""]:
        return "its key is empty, which revokes it"
    return "" if public_key in keys else "it holds another key than the one that signs"


def tags(record: str) -> dict[str, str]:
    """Return a record's ``name=value`` pairs."""
    return {name.lower(): value.strip() for name, value in _TAG.findall(record)}


def _is_spf(text: str) -> bool:
    return text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")
