"""Validators of settings: text → value, or a ValueError that says what is allowed.

``newsletter.config`` owns the list of settings and their combinations.
"""

from __future__ import annotations

import re
from email.utils import parseaddr
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import BeforeValidator

from newsletter.languages import INTERFACE_LANGUAGES, normal

SLOWEST = 0.001
"""Messages a second, about one in a quarter of an hour; slower is a pause in disguise."""
SHORTEST_SECRET = 16
FEWEST_LETTERS = 5
"""Distinct characters in a secret, as in Django's check security.W009."""
_PLACEHOLDER = re.compile(
    r"(?:change|replace|put|insert|fill)[ _-]?(?:me|this|it|with|here|in)(?![a-z])"
    r"|your[ _-]?(?:own[ _-]?)?(?:secret|api|key|token|password)|placeholder|insecure"
    r"|^<.*>$|^\.{3}$|^…$|^x{3,}$|^todo$",
    re.IGNORECASE,
)
_COMMON = re.compile(
    r"secret|password|passwd|key|dummy|example|sample|test|qwerty|12345678\d*", re.IGNORECASE
)
_REPEATED = re.compile(r"(.{1,8}?)\1+")
FEWEST_OWN = 8
"""Characters of a secret beside what everybody thinks of."""
_LOCAL_DOMAINS = {"localhost", "localdomain", "local", "invalid"}
BOUNCE_TAG = 41
"""Length of ``+`` and the tag that names a delivery in its envelope's sender (VERP,
``audience/tokens.py``)."""


def _http_url(value: str) -> str:
    if _scheme(value) not in {"http", "https"} or not urlsplit(value).hostname or re.search(r"[?#\s]", value):
        raise ValueError("an address that starts with http:// or https://, without ? or #")
    return value.rstrip("/")


def _base_url(value: str) -> str:
    """No path allowed: links in mails are paths from the root."""
    parts = urlsplit(_http_url(value))
    if parts.path or parts.username is not None:
        raise ValueError(
            "an address without a path, such as https://digest.example.org: links in mails begin at /, so "
            "give the service a host name of its own and let the proxy pass all of it on"
        )
    return parts.geturl() if parts.netloc.isascii() else _with_ascii_host(parts)


def _with_ascii_host(parts: SplitResult) -> str:
    """Return the address as browsers send it in Host and Origin: bücher.example is xn--bcher-kva.example."""
    import idna  # few need it

    try:
        host = idna.encode(parts.hostname or "", uts46=True).decode("ascii")
    except idna.IDNAError:
        raise ValueError("an address whose host is a name in DNS") from None
    return parts._replace(netloc=host if parts.port is None else f"{host}:{parts.port}").geturl()


def _database_url(value: str) -> str:
    if _scheme(value) not in {"", "postgres", "postgresql", "sqlite"} or (value and not _scheme(value)):
        raise ValueError("postgresql://user:password@host:5432/name (or sqlite:////path/to/file.sqlite3)")
    return value


def _redis_url(value: str) -> str:
    if value and _scheme(value) not in {"redis", "rediss", "unix"}:
        raise ValueError("redis://host:6379/0, rediss://… or unix:///path/to/socket")
    return value


def _scheme(value: str) -> str:
    """Return an address's scheme, or "" where it cannot be read."""
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - looking at it is what refuses a wrong one
    except ValueError:
        return ""
    return parts.scheme


def _keys(value: str) -> str:
    keys = [key.strip() for key in value.split(",")]
    if value and not all(keys):
        raise ValueError("one key, or several separated by commas, newest first, none of them empty")
    # Older keys only verify old signatures: a weak one is retired by listing a new one before it.
    if value and is_weak(keys[0]):
        raise ValueError(
            f"long, random and no placeholder, {SHORTEST_SECRET} characters at least (make one with: openssl "
            "rand -hex 32; put it in front of one that is in use, with a comma between them)"
        )
    return value


def is_placeholder(value: str) -> bool:
    """Say if it is a placeholder of an example file."""
    return bool(_PLACEHOLDER.search(value.strip()))


def is_local_domain(domain: str) -> bool:
    """Say if a domain means nothing beyond this machine or its network (RFC 6761, RFC 5321 §2.3.5)."""
    if ":" in domain:
        return domain.strip("[]") == "::1"
    labels = domain.strip("[]").lower().rstrip(".").split(".")
    return len(labels) == 1 or labels[-1] in _LOCAL_DOMAINS or labels[0] == "127"


def is_weak(secret: str) -> bool:
    """Say if a secret could be guessed, or was never put in the place of the example."""
    return (
        len(secret) < SHORTEST_SECRET
        or len(set(secret)) < FEWEST_LETTERS
        or len(_COMMON.sub("", secret)) < FEWEST_OWN
        or _REPEATED.fullmatch(secret) is not None
        or is_placeholder(secret)
    )


def _secret(value: str) -> str:
    if is_placeholder(value):
        raise ValueError("the real one, not a placeholder")
    return value


def _token(value: str) -> str:
    if value and (is_weak(value) or not value.isascii() or not value.isprintable() or " " in value):
        raise ValueError(
            f"long and random, {SHORTEST_SECRET} letters and digits at least (make one with: openssl "
            "rand -hex 32)"
        )
    return value


def _address(value: str) -> str:
    if value and not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", value):
        raise ValueError("a bare address such as editor@example.org")
    return value


def _bounce_address(value: str) -> str:
    """A tag of 41 characters is appended to the local part, which may have 64 (RFC 5321 §4.5.3.1.1)."""
    if value == "off":
        return value
    local = _address(value).partition("@")[0]
    if not value.isascii() or len(local) > 64 - BOUNCE_TAG:
        raise ValueError(
            f"off, or an address in ASCII with at most {64 - BOUNCE_TAG} characters before the @"
        )
    return value


def _sender(value: str) -> str:
    name, address = parseaddr(value)
    is_one = address.partition("@")[2] and address.count("@") == 1 and "@" not in name and value.isprintable()
    # The address alone, or at the end in angle brackets: what else there is would leave as another sender.
    if not (is_one and (value.strip() == address or value.strip().endswith(f"<{address}>"))):
        raise ValueError("one address such as 'arXiv digest <digest@example.org>', no @ in the name")
    return value


def _domain_rates(value: object) -> object:
    if not isinstance(value, str):
        return value
    rates = {}
    for item in filter(None, value.split(",")):
        domain, equals, rate = item.strip().partition("=")
        if not (re.fullmatch(r"[\w-]+(\.[\w-]+)*", domain) and equals and rate):
            raise ValueError("pairs such as gmail.com=5,outlook.com=3 (messages a second)")
        rates[domain.lower()] = _rate(rate)
    return rates


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not SLOWEST <= rate < float("inf"):
        raise ValueError(f"pairs such as gmail.com=5,outlook.com=3 (messages a second, {SLOWEST} or more)")
    return rate


def _languages(value: object) -> object:
    if not isinstance(value, str):
        return value
    from django.conf.locale import LANG_INFO  # not needed to say what --help says

    codes = [normal(code) for code in value.split(",") if code.strip()]
    if unknown := [code for code in codes if "name_local" not in LANG_INFO.get(code, {})]:
        raise ValueError(f"language codes such as fr,de,pt-br ({unknown[0]!r} is none)")
    return tuple(dict.fromkeys(code for code in codes if code not in INTERFACE_LANGUAGES))


def _lowercase(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


BaseUrl = Annotated[str, BeforeValidator(_base_url)]
Secret = Annotated[str, BeforeValidator(_secret)]
Token = Annotated[str, BeforeValidator(_token)]
HttpUrl = Annotated[str, BeforeValidator(_http_url)]
DatabaseUrl = Annotated[str, BeforeValidator(_database_url)]
RedisUrl = Annotated[str, BeforeValidator(_redis_url)]
Keys = Annotated[str, BeforeValidator(_keys)]
Address = Annotated[str, BeforeValidator(_address)]
BounceAddress = Annotated[str, BeforeValidator(_bounce_address)]
Sender = Annotated[str, BeforeValidator(_sender)]
ReplyTo = Annotated[str, BeforeValidator(lambda value: _sender(value) if value else value)]
DomainRates = Annotated[dict[str, float], BeforeValidator(_domain_rates)]
Languages = Annotated[tuple[str, ...], BeforeValidator(_languages)]
IN_ANY_CASE = BeforeValidator(_lowercase)
