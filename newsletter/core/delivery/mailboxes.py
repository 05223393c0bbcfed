"""Which mailbox an address leads to: many addresses lead to one, and what floods it must be counted once.

Only for counting. Two addresses of one mailbox are two readers, each of whom is written to as they asked.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Provider:
    domain: str
    aliases: tuple[str, ...]
    """Domains under which the same mailboxes are reached."""
    ignored: str = ""
    """Characters before the @ that make no difference."""


_PROVIDERS = (
    _Provider("gmail.com", ("googlemail.com",), "."),
    _Provider("proton.me", ("protonmail.com", "pm.me"), ".-_"),
    _Provider("yandex.ru", ("ya.ru", "yandex.com", "yandex.by", "yandex.kz", "yandex.ua"), ".-"),
    _Provider("icloud.com", ("me.com", "mac.com")),
)
"""Yandex takes a dot for a hyphen and the reverse; leaving both out counts a few strangers together."""
_BY_DOMAIN = {domain: each for each in _PROVIDERS for domain in (each.domain, *each.aliases)}


def mailbox_of(email_key: str) -> str:
    """Return one key for the addresses that lead to one mailbox; ``email_key`` is a folded address.

    What follows a ``+`` is a label of the owner's (RFC 5233), also at servers that take it for a name:
    counting two people together costs the second one a day, counting one twice lets strangers fill a mailbox.
    """
    local, _, domain = email_key.rpartition("@")
    local = local.replace('"', "").replace("\\", "") or local  # quotes do not make another mailbox
    base = local.partition("+")[0] or local
    provider = _BY_DOMAIN.get(domain)
    if provider is None:
        return f"{base}@{domain}"
    kept = "".join(character for character in base if character not in provider.ignored)
    return f"{kept or base}@{provider.domain}"
