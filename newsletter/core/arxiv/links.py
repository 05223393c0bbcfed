"""URLs of a paper: arXiv's pages, and the code and project page that its authors name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, urlsplit

from newsletter.core.arxiv.papers import PaperRecord

_URL = re.compile(r"https?://[^\s<>\"'`|\\^{}\u00a0\u3000-\u303f\uff00-\uffef]+", re.IGNORECASE)
_HOST = re.compile(r"(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
_LONGEST = 500
_NOT_A_PROJECT = ("arxiv.org", "doi.org")
_CODE_HOSTS = (
    "github.com",
    "gitlab.com",
    "bitbucket.org",
    "codeberg.org",
    "sr.ht",
    "anonymous.4open.science",
)
_PAIRS = {")": "(", "]": "["}


def abstract_url(paper: PaperRecord) -> str:
    return f"https://arxiv.org/abs/{paper.versioned_id}"


def pdf_url(paper: PaperRecord) -> str:
    return f"https://arxiv.org/pdf/{paper.versioned_id}"


def html_url(paper: PaperRecord) -> str:
    return f"https://arxiv.org/html/{paper.versioned_id}"


def page_url(paper: PaperRecord, *, base_url: str) -> str:
    """Return the address of the paper's page in this service; it names no version."""
    return f"{base_url.rstrip('/')}/papers/{quote(paper.arxiv_id, safe='/.-')}/"


def project_url(paper: PaperRecord) -> str:
    """Return the first address in comment or abstract that is not of code, or ""; see ``urls_in``."""
    return next((url for url in _addresses(paper) if not is_of_code(url)), "")


def code_url(paper: PaperRecord) -> str:
    """Return the first address in comment or abstract at a host of code or models, or ""."""
    return next((url for url in _addresses(paper) if is_of_code(url)), "")


def is_of_code(url: str) -> bool:
    return _is_at(url, _CODE_HOSTS)


def other_urls(found: Iterable[str], *, paper: PaperRecord) -> tuple[str, ...]:
    """Return the public URLs of ``found`` that are not already shown as code or project page.

    They come from the full text and may be other people's.
    """
    shown = {_bare(url) for url in (code_url(paper), project_url(paper))}
    kept = {_bare(url): url for text in found for url in urls_in(text)}
    return tuple(url for bare, url in kept.items() if bare not in shown)


def _addresses(paper: PaperRecord) -> Iterator[str]:
    for text in (paper.comment, paper.abstract):
        yield from urls_in(text)


def urls_in(text: str) -> Iterator[str]:
    """Yield each http(s) address in ``text`` that is neither arXiv's nor a DOI, in order.

    Nothing is completed or guessed. Punctuation that ends the sentence is cut off; a closing bracket stays if
    the URL opens one. URLs longer than 500 characters, with a user name, or without a public host are
    skipped.
    """
    for found in _URL.finditer(text):
        is_short = len(found[0]) <= 2 * _LONGEST  # what ends it is taken off one by one
        if is_short and is_public_url(url := without_sentence_end(found[0])):
            yield url


def _bare(url: str) -> str:
    return url.partition("://")[2].rstrip("/").casefold()


def without_sentence_end(url: str) -> str:
    """Cut off the punctuation after an address or DOI; a closing bracket stays if one opens in it."""
    while url:
        last = url[-1]
        if last in ".,;:!?*_~’”" or (last in _PAIRS and url.count(last) > url.count(_PAIRS[last])):
            url = url[:-1]
        else:
            break
    return url


def is_public_url(url: str) -> bool:
    """Say whether it is an http(s) address of a public host that is neither arXiv's nor a DOI's."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if parts.scheme.lower() not in {"http", "https"} or parts.username is not None or len(url) > _LONGEST:
        return False
    if not host or not _HOST.fullmatch(host):
        return False
    return not _is_at(url, _NOT_A_PROJECT)


def _is_at(url: str, hosts: tuple[str, ...]) -> bool:
    host = urlsplit(url).hostname or ""
    return any(host == other or host.endswith(f".{other}") for other in hosts)
