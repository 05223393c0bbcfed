"""Which paper of arXiv an entry in a list of references names."""

from __future__ import annotations

import re
from collections.abc import Iterable

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
