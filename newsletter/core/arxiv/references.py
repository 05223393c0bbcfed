"""Which paper of arXiv an entry in a list of references names, and its DOI."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

from newsletter.core.arxiv.links import without_sentence_end
from newsletter.core.arxiv.papers import parse_id

_NAMED = re.compile(
    r"(?:arxiv\s*(?:preprint\s*)?(?:e-prints?,?\s*)?:?\s*(?:arxiv:\s*|abs/)?|arxiv\.org/(?:abs|pdf|html)/|\babs/"
    r"|10\.48550/arxiv\.|\[)"
    r"(\d{4}\.\d{4,5}|[a-z]+(?:-[a-z]+)?(?:\.[A-Z]{2})?/\d{7})(?![\d/])",
    re.I,
)


def cited_id(text: str, links: Iterable[str]) -> str:
    """Return the id without version, from a link if there is one, else from the words; else an empty one."""
    for link in links:
        if found := parse_id(link):
            return found.base
    if (named := _NAMED.search(text)) and (found := parse_id(named[1])):
        return found.base
    return ""


ARXIV_DOI = "10.48550/arxiv."
"""How the DOIs begin that arXiv itself gives out, in lower case."""
_DOI = re.compile(r"(?:doi:\s*)?(10\.\d{4,9}/\S+)", re.IGNORECASE)
_DOI_HOSTS = {"doi.org", "dx.doi.org", "www.doi.org"}
_LONGEST = 500


def find_doi(*texts: str) -> str | None:
    """Return the first DOI, in lower case (DOI Handbook §2.4), of texts that are one or its address."""
    for text in texts:
        bare = text.strip()[:_LONGEST]
        if "://" in bare or bare.lower().startswith(("doi.org/", "dx.doi.org/")):
            bare = _doi_of_address(bare)
        if found := _DOI.fullmatch(bare):
            return without_sentence_end(found[1]).lower()
    return None


def _doi_of_address(address: str) -> str:
    try:
        parts = urlsplit(address if "://" in address else f"https://{address}")
        return unquote(parts.path[1:]) if parts.hostname in _DOI_HOSTS else ""
    except ValueError:
        return ""
