"""Which mailbox an address leads to, so that quotas count all its aliases together.

For quotas only. Two addresses of one mailbox are two readers.
"""

from __future__ import annotations

from dataclasses import dataclass


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
