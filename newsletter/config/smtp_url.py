"""Where to send by SMTP, as one setting: NEWSLETTER_SMTP_URL."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import parse_qsl, unquote, urlsplit

from newsletter.errors import ConfigurationError


class Tls(StrEnum):
    STARTTLS = "starttls"
    """Required: without it nothing is sent."""
    IMPLICIT = "implicit"
    OFF = "off"


_DEFAULT_PORT = {Tls.STARTTLS: 587, Tls.IMPLICIT: 465, Tls.OFF: 25}


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """Where to connect and how to log in; without a user there is no login."""

    host: str
    port: int
    tls: Tls
    user: str = ""
    password: str = field(default="", repr=False)


def parse_smtp_url(url: str) -> SmtpServer:
    """Read ``smtp://user:pass@host:587`` (STARTTLS), ``smtps://…`` or ``smtp://…?tls=off``.

    Raises ConfigurationError without quoting the URL: the password may be anywhere in it.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
        options = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise _wrong("it cannot be read (special characters in a password need percent-encoding)") from None
    if parts.scheme not in {"smtp", "smtps"}:
        raise _wrong("it does not begin with smtp:// or smtps://")
    if not parts.hostname:
        raise _wrong("it names no host")
    if port == 0 or parts.path not in {"", "/"} or parts.fragment:
        raise _wrong("host and port are not its end (special characters in a password need percent-encoding)")
    if options not in ([], [("tls", "off")]) or (options and parts.scheme == "smtps"):
        raise _wrong("the only option is ?tls=off, with smtp://")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(user) != bool(password) or not (user + password).isascii():
        raise _wrong("a user and a password go together, both in ASCII")
    tls = Tls.IMPLICIT if parts.scheme == "smtps" else Tls.OFF if options else Tls.STARTTLS
    return SmtpServer(
        host=parts.hostname, port=port or _DEFAULT_PORT[tls], tls=tls, user=user, password=password
    )


def _wrong(reason: str) -> ConfigurationError:
    allowed = "smtp://user:password@host:587, smtps://user:password@host:465 or smtp://host:25?tls=off"
    return ConfigurationError(f"NEWSLETTER_SMTP_URL: {reason}; allowed: {allowed}")
