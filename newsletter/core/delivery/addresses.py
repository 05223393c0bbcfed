"""E-mail addresses as people and programs write them, and which mailbox each leads to.

In a cell with a name, as a link, several at once: only what surrounds an address is removed. The caller
validates it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import unquote

_NAMED = re.compile(r"[^<>]*<([^<>]*)>[\s.,;]*")
"""``Ada Lovelace <ada@example.org>`` (RFC 5322 §3.4)."""
_PART = re.compile(r'(?:"[^"]*"|<[^<>]*>|[^;,|\r\n\t"<])+|["<]')
"""Text between separators; a separator in quotes or angle brackets does not count."""
_QUOTES = ('""', "''", "“”", "‘’")
_JOINERS = "\u200c\u200d"
"""Some scripts need them within a word; next to ASCII they are copying residue."""


def clean_address(text: str) -> str:
    """Return the address in ``text`` without name, ``mailto:``, quotes, final dot and hidden characters."""
    text = _without_hidden(unicodedata.normalize("NFC", text)).strip()
    if named := _NAMED.fullmatch(text):
        text = named[1].strip()
    if text[:7].lower() == "mailto:":  # RFC 6068
        text = unquote(text[7:].partition("?")[0])
    return _without_quotes(text.rstrip(" .,;")).strip().rstrip(".")


def addresses_in(cell: str) -> list[str]:
    """Return each address of a cell that may hold several, cleaned; invalid ones too."""
    found = list[str]()
    for part in _PART.findall(_without_quotes(cell.strip())):
        words = part.split()
        is_list = "<" not in part and len(words) > 1 and all("@" in word for word in words)
        found += [clean_address(each) for each in (words if is_list else [part])]
    return [address for address in found if address.strip("\"'<>")]


def _without_hidden(text: str) -> str:
    """Drop invisible characters: zero-width spaces, byte order and direction marks, soft hyphens."""
    text = "".join(each for each in text if unicodedata.category(each) != "Cf" or each in _JOINERS)
    bare = text.translate(dict.fromkeys(map(ord, _JOINERS)))
    return bare if bare.isascii() else text


def _without_quotes(text: str) -> str:
    """Remove a pair of quotes around the whole; ``"a b"@example.org`` keeps its own."""
    is_quoted = len(text) > 1 and text[0] + text[-1] in _QUOTES
    return text[1:-1] if is_quoted and not set(text[1:-1]) & set('"“”') else text


# --- mailboxes -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Provider:
    domain: str
    aliases: tuple[str, ...]
    """Domains with the same mailboxes."""
    ignored: str = ""
    """Ignored characters of the local part."""


_PROVIDERS = (
    _Provider("gmail.com", ("googlemail.com",), "."),
    _Provider("proton.me", ("protonmail.com", "pm.me"), ".-_"),
    _Provider("yandex.ru", ("ya.ru", "yandex.com", "yandex.by", "yandex.kz", "yandex.ua"), ".-"),
    _Provider("icloud.com", ("me.com", "mac.com")),
)
"""Yandex treats dot and hyphen as equal; ignoring both counts a few different mailboxes together."""
_BY_DOMAIN = {domain: each for each in _PROVIDERS for domain in (each.domain, *each.aliases)}


def mailbox_of(email_key: str) -> str:
    """Return one key for the addresses that lead to one mailbox; ``email_key`` is a normalized address.

    For quotas only, which count all aliases together. Two addresses of one mailbox are two readers.

    What follows a ``+`` is ignored (RFC 5233), also for servers where it is part of the name: counting two
    people together delays the second by a day, counting one twice lets strangers flood a mailbox.
    """
    local, _, domain = email_key.rpartition("@")
    local = local.replace('"', "").replace("\\", "") or local  # quotes do not make another mailbox
    base = local.partition("+")[0] or local
    provider = _BY_DOMAIN.get(domain)
    if provider is None:
        return f"{base}@{domain}"
    kept = "".join(character for character in base if character not in provider.ignored)
    return f"{kept or base}@{provider.domain}"
